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
    var batch = Moments()
    var sum = 0.0
    for value in values where value == value {
      sum += value
      batch.count += 1
      batch.minimum = min(batch.minimum, value)
      batch.maximum = max(batch.maximum, value)
    }
    guard batch.count > 0 else { return }
    let mean = sum / Double(batch.count)
    var (rest, squares) = (0.0, 0.0)
    for value in values where value == value {
      rest += value - mean
      squares += (value - mean) * (value - mean)
    }
    // The deviations would add up to 0 from the exact mean; what they add up to corrects the rounding of the sum.
    batch.mean = mean + rest / Double(batch.count)
    batch.squares = squares - rest * rest / Double(batch.count)
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
