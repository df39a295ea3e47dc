import Columnar

/// The unit in which a column of decimals counts, a power of ten.
struct DecimalUnit {
  private let power: Double
  private let isFraction: Bool

  /// - Parameter scale: Digits after the point; negative ones are zeros before it.
  init(scale: Int) {
    power = (0..<abs(scale)).reduce(1.0) { power, _ in power * 10 }
    isFraction = scale >= 0
  }

  /// The number that 128 bits count; the nearest Float64 where they need no more than 53 of them and the power is exact.
  func number(high: Int64, low: UInt64) -> Double {
    // Small ones fit into 64 bits and are exact.
    let value =
      high == Int64(bitPattern: low) >> 63 ? Double(Int64(bitPattern: low)) : Double(high) * 0x1p64 + Double(low)
    return isFraction ? value / power : value * power
  }

  /// The number that up to sixteen bytes count, the highest first.
  func number(_ bytes: UnsafeBufferPointer<UInt8>) -> Double {
    var (high, low): (Int64, UInt64) = (bytes.first.map { $0 >= 0x80 } == true ? -1 : 0, 0)
    if high < 0 { low = .max }
    for byte in bytes {
      high = high << 8 | Int64(low >> 56)
      low = low << 8 | UInt64(byte)
    }
    return number(high: high, low: low)
  }
}
