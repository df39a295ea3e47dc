import Columnar

/// Skewness and excess kurtosis of a sample, both of type 2: as SAS, SPSS and COINr print them.
///
/// Source: Joanes and Gill (1998), The Statistician 47, 183-189, G1 and G2.
public struct Shape: Codable, Sendable, Equatable {
  /// Nil for fewer than three values or no spread.
  public let skewness: Double?
  /// Nil for fewer than four values or no spread.
  public let kurtosis: Double?

  enum CodingKeys: String, CodingKey { case skewness, kurtosis }

  /// The shape of the values that are not missing. Two passes.
  public init(_ values: some Sequence<Double>) {
    self.init(Buffer(values.filter { $0 == $0 }))
  }

  init(_ values: Buffer<Double>) {
    self = values.withUnsafeBufferPointer { values in
      var (count, sum, least, greatest) = (0, 0.0, Double.infinity, -Double.infinity)
      for value in values where value == value {
        count += 1
        sum += value
        least = min(least, value)
        greatest = max(greatest, value)
      }
      // The sum of equal values need not be a multiple of them to the last bit.
      guard least < greatest else { return Shape(PowerSums(), n: Double(count)) }
      let mean = sum / Double(count)
      // In units of the range, so that no fourth power overflows or vanishes.
      let range = greatest - least
      var sums = PowerSums()
      for value in values where value == value { sums.add((value - mean) / range, times: 1) }
      return Shape(sums, n: Double(count))
    }
  }

  /// From sums of powers of deviations from any centre; the nearer it is to the mean, the fewer digits are lost.
  init(_ sums: PowerSums, n: Double) {
    let (s2, s3, s4) = sums.aboutMean(n)
    guard n >= 3, s2 > 0 else {
      skewness = nil
      kurtosis = nil
      return
    }
    let g1 = n.squareRoot() * s3 / (s2 * s2.squareRoot())
    skewness = g1 * (n * (n - 1)).squareRoot() / (n - 2)
    guard n >= 4 else {
      kurtosis = nil
      return
    }
    let g2 = n * s4 / (s2 * s2) - 3
    kurtosis = ((n + 1) * g2 + 6) * (n - 1) / ((n - 2) * (n - 3))
  }

  /// Whether the distribution is acceptable: |skewness| or kurtosis below its limit. Undefined shapes pass.
  func passes(skewness skewnessLimit: Double, kurtosis kurtosisLimit: Double) -> Bool {
    guard let skewness, let kurtosis else { return true }
    return skewness.magnitude < skewnessLimit || kurtosis < kurtosisLimit
  }
}

/// Sums of the first four powers of deviations.
struct PowerSums {
  private var p1 = 0.0
  private var p2 = 0.0
  private var p3 = 0.0
  private var p4 = 0.0

  @inline(__always) mutating func add(_ deviation: Double, times count: Double) {
    let square = deviation * deviation
    p1 += count * deviation
    p2 += count * square
    p3 += count * square * deviation
    p4 += count * square * square
  }

  static func + (a: PowerSums, b: PowerSums) -> PowerSums {
    var sum = a
    sum.p1 += b.p1
    sum.p2 += b.p2
    sum.p3 += b.p3
    sum.p4 += b.p4
    return sum
  }

  /// The sums of the second to fourth powers about the mean of n values.
  func aboutMean(_ n: Double) -> (s2: Double, s3: Double, s4: Double) {
    let m = p1 / n
    let s2 = p2 - m * p1
    let s3 = p3 - 3 * m * p2 + 2 * m * m * p1
    let s4 = p4 - 4 * m * p3 + 6 * m * m * p2 - 3 * m * m * m * p1
    return (s2, s3, s4)
  }
}

/// The shapes that sorted values take as their ends are drawn in, each at a cost that does not depend on their number.
///
/// Sums of powers are cumulated from the median outwards, so that an outlier enters them last and leaves no rounding
/// behind when it is drawn in. The median lies within a standard deviation of the mean. O(n) to make.
struct ClampedShapes {
  private let sorted: [Double]
  private let middle: Int
  private let centre: Double
  private let range: Double
  /// Of the values between the middle and each place, one more than there are values on that side.
  private let below: [PowerSums]
  private let above: [PowerSums]

  init(sorted: [Double]) {
    self.sorted = sorted
    middle = sorted.count / 2
    let centre = sorted.isEmpty ? 0 : sorted[middle]
    let range = (sorted.last ?? 0) - (sorted.first ?? 0)
    self.centre = centre
    self.range = range
    func cumulated(_ values: some Sequence<Double>) -> [PowerSums] {
      values.reduce(into: [PowerSums()]) { sums, value in
        var sum = sums[sums.count - 1]
        sum.add((value - centre) / range, times: 1)
        sums.append(sum)
      }
    }
    below = cumulated(sorted[..<middle].reversed())
    above = cumulated(sorted[middle...])
  }

  /// The shape with the values before `low` and from `high` on replaced by the nearest value kept.
  func shape(low: Int, high: Int) -> Shape {
    guard low < high, sorted[low] < sorted[high - 1] else { return Shape(PowerSums(), n: Double(sorted.count)) }
    // What is kept may lie on one side of the middle only.
    var sums = PowerSums()
    if low < middle && high > middle {
      sums = below[middle - low] + above[high - middle]
    } else {
      for place in low..<high { sums.add((sorted[place] - centre) / range, times: 1) }
    }
    sums.add((sorted[low] - centre) / range, times: Double(low))
    sums.add((sorted[high - 1] - centre) / range, times: Double(sorted.count - high))
    return Shape(sums, n: Double(sorted.count))
  }
}
