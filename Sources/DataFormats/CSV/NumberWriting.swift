import Columnar

extension TextBuilder {
  /// Appends the number as `NumberText.shortest` writes it: the shortest text that reads back as the same number,
  /// whole numbers without a fraction, NaN as nothing.
  mutating func append(_ value: Double) {
    if value.isNaN { return appendEmpty() }
    let magnitude = value.magnitude
    if magnitude < 1e15 {
      let whole = UInt64(magnitude)
      if Double(whole) == magnitude { return append(whole, isNegative: value < 0, decimals: 0) }
      if magnitude >= 1e-4, appendFraction(magnitude, isNegative: value < 0) { return }
    }
    append(NumberText.shortest(value))
  }

  mutating func append(integer value: Int64) {
    append(value.magnitude, isNegative: value < 0, decimals: 0)
  }

  /// Appends a number of few decimals. With no more than fifteen digits the shortest decimal that reads back is the
  /// only one of its length, so the first that divides to the number is it. False where there is none.
  private mutating func appendFraction(_ magnitude: Double, isNegative: Bool) -> Bool {
    var power = 1.0
    for decimals in 1...8 {
      power *= 10
      let scaled = magnitude * power
      if scaled >= 1e15 { return false }
      let digits = UInt64(scaled + 0.5)
      if Double(digits) / power == magnitude {
        append(digits, isNegative: isNegative, decimals: decimals)
        return true
      }
    }
    return false
  }

  /// Appends `digits / 10^decimals`.
  private mutating func append(_ digits: UInt64, isNegative: Bool, decimals: Int) {
    append(upTo: 24) { target in
      let mark = decimals == 0 ? 0 : 1
      let count = max(Self.digitCount(digits), decimals + 1) + mark + (isNegative ? 1 : 0)
      var rest = digits
      var position = count
      if decimals > 0 {
        for _ in 0..<decimals { Self.writeDigit(&rest, &position, target) }
        position -= 1
        target[position] = UInt8(ascii: ".")
      }
      repeat { Self.writeDigit(&rest, &position, target) } while rest > 0
      if isNegative { target[0] = UInt8(ascii: "-") }
      return count
    }
  }

  @inline(__always)
  private static func writeDigit(_ rest: inout UInt64, _ position: inout Int, _ target: UnsafeMutablePointer<UInt8>) {
    position -= 1
    target[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
    rest /= 10
  }

  private static func digitCount(_ value: UInt64) -> Int {
    var count = 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      count += 1
    }
    return count
  }
}
