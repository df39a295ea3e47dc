import Columnar

/// A type into which cells are read as numbers.
protocol CSVNumber: BitwiseCopyable, Sendable {
  /// What stands for an empty cell.
  static var missing: Self { get }

  init(digit: UInt8)

  /// nil where the type does not hold the number.
  init?(_ short: ShortDecimal, tens: UnsafeBufferPointer<Double>)

  /// nil where the type does not hold the number, which is written in `text`.
  init?(_ number: DecimalText, _ text: UnsafeBufferPointer<UInt8>, decimal: UInt8)

  static func column(_ memory: ColumnMemory<Self>) -> Column
}

extension CSVNumber {
  /// Reads cells from row `first` on; returns the first row whose cell is no such number, or the number of rows.
  @specialized(where Self == Double)
  @specialized(where Self == Int64)
  static func read(
    _ cells: CSVCells, from first: Int, decimal: UInt8, quote: UInt8, into target: UnsafeMutablePointer<Self>
  ) -> Int {
    let marks = UInt64(decimal) &* 0x0101_0101_0101_0101
    return DecimalText.tens.withUnsafeBufferPointer { tens in
      for row in first..<cells.count {
        let (start, count) = cells[row]
        let digit = start[0] &- UInt8(ascii: "0")
        if count == 1, digit < 10 {
          target[row] = Self(digit: digit)
        } else if count == 0 {
          target[row] = missing
        } else if let short = ShortDecimal(start, count, marks: marks), let value = Self(short, tens: tens) {
          target[row] = value
        } else if let value = any(start, count, decimal: decimal, quote: quote) {
          target[row] = value
        } else {
          return row
        }
      }
      return cells.count
    }
  }

  /// Any number, with quotes and spaces around it; missing where there is nothing between quotes.
  private static func any(_ start: UnsafePointer<UInt8>, _ count: Int, decimal: UInt8, quote: UInt8) -> Self? {
    let content = insideQuotes((start, count), quote)
    if content.count == 0 { return missing }
    var text = UnsafeBufferPointer(start: content.start, count: content.count)
    guard let first = text.firstIndex(where: { $0 != UInt8(ascii: " ") }),
      let last = text.lastIndex(where: { $0 != UInt8(ascii: " ") })
    else { return nil }
    text = UnsafeBufferPointer(rebasing: text[first...last])
    guard let number = DecimalText(text, decimal: decimal) else { return nil }
    return Self(number, text, decimal: decimal)
  }
}

extension Double: CSVNumber {
  static var missing: Double { .nan }

  @inline(__always) init(digit: UInt8) { self = Double(Int32(digit)) }

  @inline(__always) init?(_ short: ShortDecimal, tens: UnsafeBufferPointer<Double>) {
    let magnitude = Double(Int64(bitPattern: short.digits)) / tens[short.decimals]
    self = Double(bitPattern: magnitude.bitPattern | UInt64(truncatingIfNeeded: short.sign) &<< 63)
  }

  init?(_ number: DecimalText, _ text: UnsafeBufferPointer<UInt8>, decimal: UInt8) {
    if let double = number.double {
      self = double
      return
    }
    let pointed = text.map { $0 == decimal ? UInt8(ascii: ".") : $0 }
    guard let double = Double(String(decoding: pointed, as: UTF8.self)), double.isFinite else { return nil }
    self = double
  }

  static func column(_ memory: ColumnMemory<Double>) -> Column { Column(.float64(memory.buffer)) }
}

extension Int64: CSVNumber {
  static var missing: Int64 { .min }

  @inline(__always) init(digit: UInt8) { self = Int64(digit) }

  @inline(__always) init?(_ short: ShortDecimal, tens: UnsafeBufferPointer<Double>) {
    if short.hasMark { return nil }
    let magnitude = Int64(bitPattern: short.digits)
    self = short.sign == 0 ? magnitude : -magnitude
  }

  init?(_ number: DecimalText, _ text: UnsafeBufferPointer<UInt8>, decimal: UInt8) {
    guard let integer = number.integer, integer != Self.missing else { return nil }
    self = integer
  }

  static func column(_ memory: ColumnMemory<Int64>) -> Column {
    Column(.int64(memory.buffer), validity: Bitmap(validity: memory.count) { memory.base[$0] != missing })
  }
}

/// A number of one to eight digits with at most one decimal mark and a minus: nearly all that data hold. Eight bytes
/// are handled in one register.
struct ShortDecimal {
  let digits: UInt64
  let decimals: Int
  let hasMark: Bool
  /// One for a negative number.
  let sign: Int

  /// nil for any other text; `marks` is the decimal mark in each of eight bytes. Reads up to nine bytes.
  @inline(__always) init?(_ start: UnsafePointer<UInt8>, _ count: Int, marks: UInt64) {
    sign = start[0] == UInt8(ascii: "-") ? 1 : 0
    var length = count &- sign
    guard UInt(bitPattern: length &- 1) < 8 else { return nil }
    let word = UInt64(littleEndian: UnsafeRawPointer(start + sign).loadUnaligned(as: UInt64.self))
    // The text ends in the highest byte; the bytes below it are zero.
    var text = word &<< UInt64(truncatingIfNeeded: 64 &- 8 &* length)
    let differences = text ^ marks
    let found =
      ~((differences & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7f7f_7f7f_7f7f_7f7f | differences) & 0x8080_8080_8080_8080
    hasMark = found != 0
    if hasMark {
      guard found & (found &- 1) == 0, length > 1 else { return nil }
      let bit = found &>> 7
      let before = bit &- 1
      let after = ~(before | bit &* 0xff)
      text = text & after | (text & before) &<< 8
      length &-= 1
    }
    decimals = hasMark ? found.leadingZeroBitCount &>> 3 : 0
    let zeros: UInt64 = 0x3030_3030_3030_3030
    let values = (text | (zeros &>> UInt64(truncatingIfNeeded: 8 &* length &- 8)) &>> 8) ^ zeros
    // A byte above nine, or below '0' before the subtraction, reaches its highest bit.
    guard ((values &+ 0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080 == 0 else { return nil }
    // Neighbours are joined three times: digits to pairs, pairs to fours, fours to all eight.
    let pairs = values &* 10 &+ values &>> 8
    digits =
      ((pairs & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
        &+ (pairs &>> 16 & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001) &>> 32
  }
}
