import Columnar

/// Count, mean, sum of squared deviations and range of the values seen; NaN is skipped.
///
/// Batches are centred on their own mean and merged by the formula of Chan, Golub and LeVeque (1983), so a large
/// offset costs no digits.
public struct Moments: Sendable {
  public private(set) var count = 0
  public private(set) var mean = 0.0
  public private(set) var squares = 0.0
  public private(set) var minimum = Double.infinity
  public private(set) var maximum = -Double.infinity

  public init() {}

  /// With the divisor n − 1; NaN for fewer than two values.
  public var standardDeviation: Double {
    count > 1 ? (squares / Double(count - 1)).squareRoot() : .nan
  }

  public mutating func absorb(_ values: UnsafeBufferPointer<Double>) {
    let sums = Sums(values)
    guard sums.count > 0 else { return }
    let mean = sums.sum / Double(sums.count)
    let (rest, squares) = Self.deviations(values, from: mean)
    // The deviations would add up to 0 from the exact mean; what they add up to corrects the rounding of the sum.
    var batch = Moments()
    batch.count = sums.count
    batch.minimum = sums.minimum
    batch.maximum = sums.maximum
    batch.mean = mean + rest / Double(sums.count)
    batch.squares = squares - rest * rest / Double(sums.count)
    merge(batch)
  }

  public mutating func merge(_ other: Moments) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let total = Double(count + other.count)
    let shift = other.mean - mean
    squares += other.squares + shift * shift * Double(count) * Double(other.count) / total
    mean += shift * Double(other.count) / total
    count += other.count
    minimum = min(minimum, other.minimum)
    maximum = max(maximum, other.maximum)
  }
}

extension Moments {
  func write(to blob: inout BlobWriter) {
    blob.write(count)
    for value in [mean, squares, minimum, maximum] { blob.write(value) }
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    count = try blob.integer()
    mean = try blob.double()
    squares = try blob.double()
    minimum = try blob.double()
    maximum = try blob.double()
  }
}

/// Eight rows at a time; a lane that holds NaN adds nothing.
extension Moments {
  private typealias Lanes = SIMD8<Double>

  private struct Sums {
    var count = 0
    var sum = 0.0
    var minimum = Double.infinity
    var maximum = -Double.infinity

    init(_ values: UnsafeBufferPointer<Double>) {
      var (counts, sums) = (Lanes.zero, Lanes.zero)
      var (low, high) = (Lanes(repeating: .infinity), Lanes(repeating: -.infinity))
      let ones = Lanes(repeating: 1)
      Moments.forEachBlock(values) { block in
        let absent = block .!= block
        counts += ones.replacing(with: 0, where: absent)
        sums += block.replacing(with: 0, where: absent)
        low.replace(with: block, where: block .< low)
        high.replace(with: block, where: block .> high)
      }
      count = Int(counts.sum())
      sum = sums.sum()
      minimum = low.min()
      maximum = high.max()
    }
  }

  /// Sums of the deviations from a mean and of their squares.
  private static func deviations(
    _ values: UnsafeBufferPointer<Double>, from mean: Double
  ) -> (sum: Double, squares: Double) {
    var (sums, squares) = (Lanes.zero, Lanes.zero)
    let means = Lanes(repeating: mean)
    forEachBlock(values) { block in
      let deviations = (block - means).replacing(with: 0, where: block .!= block)
      sums += deviations
      squares += deviations * deviations
    }
    return (sums.sum(), squares.sum())
  }

  /// All values in blocks of eight, the last filled up with NaN.
  @inline(__always)
  private static func forEachBlock(_ values: UnsafeBufferPointer<Double>, _ body: (Lanes) -> Void) {
    guard let base = values.baseAddress else { return }
    let bytes = UnsafeRawPointer(base)
    let whole = values.count & ~7
    for row in stride(from: 0, to: whole, by: 8) {
      body(bytes.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self))
    }
    if whole < values.count {
      var last = Lanes(repeating: .nan)
      for row in whole..<values.count { last[row - whole] = values[row] }
      body(last)
    }
  }
}
