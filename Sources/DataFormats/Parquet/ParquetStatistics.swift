import Columnar
import Streaming

/// What the footer says of the values of one column in one group of rows: the smallest and the largest, in their storage
/// and in the order of what they mean, and how many are missing. Programs may leave out any of it.
struct ParquetStatistics {
  private var minimum: Buffer<UInt8>?
  private var maximum: Buffer<UInt8>?
  private var missing: Int?

  init() {}

  /// The older fields 1 and 2, whose order is not defined for all types, are not read.
  ///
  /// - Throws: `badData` where the bytes are no statistics.
  init(_ thrift: inout ThriftReader) throws(ImmerseError) {
    try thrift.fields { (field, value) throws(ImmerseError) in
      switch field {
      case 3: missing = try value.integer()
      case 5: maximum = try value.binary()
      case 6: minimum = try value.binary()
      default: break
      }
    }
  }

  /// The bounds of the values as they are delivered; nil where the statistics do not say, or not of this type.
  func bounds(of column: ParquetColumn, rows: Int) -> ValueBounds? {
    if missing == rows { return ValueBounds(.none, mayBeMissing: true) }
    guard let minimum, let maximum else { return nil }
    let mayBeMissing = column.isOptional && missing != 0
    if column.type == .text, column.storage == .bytes {
      let (first, last) = (minimum.array, maximum.array)
      if last.lexicographicallyPrecedes(first) { return nil }
      return ValueBounds(.texts(from: first, to: last), mayBeMissing: mayBeMissing)
    }
    guard let low = number(minimum, column), let high = number(maximum, column), low <= high else { return nil }
    // No statistics count NaN, which is missing too.
    let isFloat = if case .float = column.type { true } else { false }
    return ValueBounds(.numbers(low...high), mayBeMissing: mayBeMissing || isFloat)
  }

  /// A value as a number, nil where it is none or of another width than its type.
  private func number(_ bytes: Buffer<UInt8>, _ column: ParquetColumn) -> Double? {
    let bits = bytes.array.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch (column.type, column.storage, bytes.count) {
    case (.bool, .bool, 1): return bits == 0 ? 0 : 1
    case (.integer(_, isSigned: true), .int32, 4): return Double(Int32(truncatingIfNeeded: bits))
    case (.integer(_, isSigned: false), .int32, 4): return Double(UInt32(truncatingIfNeeded: bits))
    case (.integer(_, isSigned: true), .int64, 8): return Double(Int64(bitPattern: bits))
    case (.integer(_, isSigned: false), .int64, 8): return Double(bits)
    case (.float(bits: 32), .float, 4): return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case (.float(bits: 64), .double, 8): return Double(bitPattern: bits)
    default: return nil
    }
  }
}
