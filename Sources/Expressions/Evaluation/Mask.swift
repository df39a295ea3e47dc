public import Columnar

/// True, false or missing for each row.
///
/// A code has two bits: the first says that the row is known to be true, the second that it is known to be false. So
/// Kleene's three-valued logic is bitwise logic on whole buffers.
public struct Mask: Sendable {
  /// One code for each row: `isTrue`, `isFalse`, or 0 for missing.
  public let codes: Buffer<UInt8>

  public static let isTrue: UInt8 = 1
  public static let isFalse: UInt8 = 2

  public init(codes: Buffer<UInt8>) { self.codes = codes }

  public var count: Int { codes.count }

  /// The row's value, nil where it is missing.
  public subscript(row: Int) -> Bool? {
    codes[row] == 0 ? nil : codes[row] == Mask.isTrue
  }

  /// How many rows are true. O(count).
  public var trueCount: Int {
    codes.withUnsafeBufferPointer { codes in
      var total = 0
      for code in codes { total += Int(code & Mask.isTrue) }
      return total
    }
  }

  /// The positions of the rows that are true. O(count).
  public var trueRows: Buffer<Int32> {
    Buffer(count: trueCount) { rows in
      codes.withUnsafeBufferPointer { codes in
        var next = 0
        for row in 0..<codes.count where codes[row] == Mask.isTrue {
          rows[next] = Int32(truncatingIfNeeded: row)
          next += 1
        }
      }
    }
  }

  // MARK: Logic

  static func code(_ condition: Bool) -> UInt8 { condition ? isTrue : isFalse }

  static func constant(_ code: UInt8, count: Int) -> Mask {
    Mask(codes: Buffer(count: count) { $0.initialize(repeating: code) })
  }

  static prefix func ! (a: Mask) -> Mask {
    Mask(codes: a.codes.mapped { ($0 >> 1) | (($0 & isTrue) << 1) })
  }

  static func & (a: Mask, b: Mask) -> Mask {
    Mask(codes: a.codes.combined(with: b.codes) { ($0 & $1 & isTrue) | (($0 | $1) & isFalse) })
  }

  static func | (a: Mask, b: Mask) -> Mask {
    Mask(codes: a.codes.combined(with: b.codes) { (($0 | $1) & isTrue) | ($0 & $1 & isFalse) })
  }
}
