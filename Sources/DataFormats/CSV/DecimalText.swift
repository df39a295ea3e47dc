/// A number as it is written: sign, up to 19 significant digits and a power of ten.
struct DecimalText {
  var mantissa: UInt64 = 0
  var exponent = 0
  var isNegative = false
  /// Whether there are more digits than the mantissa holds.
  var isTruncated = false
  /// Whether neither a decimal mark nor an exponent is written.
  var isInteger = true

  /// Reads a whole text, without spaces around it: sign, digits with an optional decimal mark, exponent; nil for
  /// anything else, names of infinities and hexadecimals included. O(count).
  init?(_ text: UnsafeBufferPointer<UInt8>, decimal: UInt8) {
    guard var p = text.baseAddress else { return nil }
    let end = p + text.count
    if p < end, p.pointee == UInt8(ascii: "-") || p.pointee == UInt8(ascii: "+") {
      isNegative = p.pointee == UInt8(ascii: "-")
      p += 1
    }
    var digits = 0
    var significant = 0
    var afterMark = 0
    while p < end {
      let digit = p.pointee &- UInt8(ascii: "0")
      if digit < 10 {
        digits += 1
        if !isInteger { afterMark += 1 }
        if significant < 19 {
          mantissa = mantissa &* 10 &+ UInt64(digit)
          if mantissa != 0 { significant += 1 }
        } else {
          isTruncated = true
        }
      } else if p.pointee == decimal, isInteger {
        isInteger = false
      } else {
        break
      }
      p += 1
    }
    if digits == 0 { return nil }
    exponent = -afterMark
    if p == end { return }
    guard p.pointee | 0x20 == UInt8(ascii: "e") else { return nil }
    isInteger = false
    guard let written = Self.exponent(p + 1, end) else { return nil }
    exponent += written
  }

  /// A signed whole number, held within ±100,000.
  private static func exponent(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int? {
    var p = start
    let isNegative = p < end && p.pointee == UInt8(ascii: "-")
    if p < end, isNegative || p.pointee == UInt8(ascii: "+") { p += 1 }
    guard p < end else { return nil }
    var value = 0
    while p < end {
      let digit = p.pointee &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = min(value * 10 + Int(digit), 100_000)
      p += 1
    }
    return isNegative ? -value : value
  }

  /// The whole number, where it is one that Int64 holds.
  var integer: Int64? {
    guard isInteger, !isTruncated else { return nil }
    if isNegative { return mantissa <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- mantissa) : nil }
    return Int64(exactly: mantissa)
  }

  /// The nearest Float64, where whole-number arithmetic decides it: up to 19 digits and powers of ten to 27.
  var double: Double? {
    if isTruncated { return nil }
    let magnitude: Double
    if mantissa == 0 {
      magnitude = 0
    } else if mantissa <= 1 << 53, (-22...22).contains(exponent) {
      // Both factors are exact, so the one operation rounds once (Clinger 1990).
      let power = Self.tens[abs(exponent)]
      magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    } else if (-27...27).contains(exponent) {
      magnitude = exponent < 0 ? Self.quotient(mantissa, -exponent) : Self.product(mantissa, exponent)
    } else {
      return nil
    }
    return isNegative ? -magnitude : magnitude
  }

  /// `mantissa / 10^power`: a quotient of 63 or 64 bits whose lowest bit also stands for the remainder rounds as the
  /// exact one does.
  private static func quotient(_ mantissa: UInt64, _ power: Int) -> Double {
    let five = fives[power]
    let divisor = five << five.leadingZeroBitCount
    let dividend = mantissa << mantissa.leadingZeroBitCount
    let (quotient, remainder) = divisor.dividingFullWidth((dividend >> 1, dividend << 63))
    let scale = five.leadingZeroBitCount - mantissa.leadingZeroBitCount - 63 - power
    return Double(quotient | (remainder == 0 ? 0 : 1)) * powerOfTwo(scale)
  }

  private static func product(_ mantissa: UInt64, _ power: Int) -> Double {
    let (high, low) = mantissa.multipliedFullWidth(by: fives[power])
    if high == 0 { return Double(low) * powerOfTwo(power) }
    let shift = high.leadingZeroBitCount
    let top = shift == 0 ? high : high << shift | low >> (64 - shift)
    return Double(top | (low << shift == 0 ? 0 : 1)) * powerOfTwo(power + 64 - shift)
  }

  private static func powerOfTwo(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(1023 + exponent) << 52)
  }

  /// 10^0 to 10^22, all exact.
  static let tens: [Double] = (0...22).reduce(into: [1.0]) { powers, _ in powers.append((powers.last ?? 1) * 10) }
  /// 5^0 to 5^27, the last below 2^63.
  private static let fives: [UInt64] = (0..<27).reduce(into: [1]) { powers, _ in powers.append((powers.last ?? 1) * 5) }
}
