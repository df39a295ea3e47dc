import Columnar

/// How the values of a Parquet column are stored.
enum ParquetStorage: Equatable {
  case bool, int32, int64, int96, float, double
  /// Texts of any length.
  case bytes
  case fixedBytes(Int)

  /// - Throws: `badData` where there is no such type.
  init(_ number: Int, width: Int) throws(ImmerseError) {
    switch number {
    case 0: self = .bool
    case 1: self = .int32
    case 2: self = .int64
    case 3: self = .int96
    case 4: self = .float
    case 5: self = .double
    case 6: self = .bytes
    case 7 where width > 0: self = .fixedBytes(width)
    default: throw .damagedParquet
    }
  }
}

/// What the values of a Parquet column mean.
enum ParquetType: Equatable {
  case bool
  case integer(bits: Int, isSigned: Bool)
  case float(bits: Int)
  case text
  case time(ArrowTime)
  /// Nanoseconds of a day and the Julian day.
  case instant96
  /// A whole number of units of a power of ten.
  case decimal(scale: Int)
  /// Nothing but missing values.
  case null
  /// What is not read, in words: a column of columns, or a type.
  case nested(String)
  case other(String)

  /// The type in which values are delivered, or nil where they are not read.
  var dataType: DataType? {
    switch self {
    case .bool: .bool
    case .integer(bits: 8, let isSigned): isSigned ? .int8 : .uint8
    case .integer(bits: 16, let isSigned): isSigned ? .int16 : .uint16
    case .integer(bits: 32, let isSigned): isSigned ? .int32 : .uint32
    case .integer(_, let isSigned): isSigned ? .int64 : .uint64
    case .float(bits: 64), .decimal, .null: .float64
    case .float: .float32
    case .text, .time, .instant96: .text
    case .nested, .other: nil
    }
  }
}

/// What a schema says of a column beside its storage, in either of the two ways that Parquet has.
enum ParquetAnnotation: Equatable {
  case none, text, date, null, half
  case time(perSecond: Int64)
  case timestamp(perSecond: Int64, isUTC: Bool)
  case integer(bits: Int, isSigned: Bool)
  case decimal
  case other(String)

  /// The older, numbered annotations.
  init(converted number: Int) {
    switch number {
    case 0, 4, 19: self = .text
    case 5: self = .decimal
    case 6: self = .date
    case 7: self = .time(perSecond: 1000)
    case 8: self = .time(perSecond: 1_000_000)
    case 9: self = .timestamp(perSecond: 1000, isUTC: true)
    case 10: self = .timestamp(perSecond: 1_000_000, isUTC: true)
    case 11...14: self = .integer(bits: 8 << (number - 11), isSigned: false)
    case 15...18: self = .integer(bits: 8 << (number - 15), isSigned: true)
    case 20: self = .other("BSON")
    case 21: self = .other("interval")
    default: self = .none
    }
  }

  /// Reads the newer annotation, a union of structs.
  init(_ thrift: inout ThriftReader, scale: inout Int) throws(ImmerseError) {
    var annotation = Self.none
    var digits = scale
    try thrift.fields { (kind, value) throws(ImmerseError) in
      switch kind {
      case 1, 4, 12: annotation = .text
      case 5:
        annotation = .decimal
        try value.fields { (field, value) throws(ImmerseError) in
          if field == 1 { digits = try value.integer() }
        }
      case 6: annotation = .date
      case 7, 8:
        var (isUTC, perSecond) = (false, Int64(1000))
        try value.fields { (field, value) throws(ImmerseError) in
          if field == 1 { isUTC = try value.bool() }
          if field == 2 {
            try value.fields { (unit, _) throws(ImmerseError) in
              guard (1...3).contains(unit) else { throw .damagedParquet }
              perSecond = ArrowTime.units[unit]
            }
          }
        }
        annotation = kind == 7 ? .time(perSecond: perSecond) : .timestamp(perSecond: perSecond, isUTC: isUTC)
      case 10:
        var (bits, isSigned) = (32, true)
        try value.fields { (field, value) throws(ImmerseError) in
          if field == 1 { bits = try value.integer() }
          if field == 2 { isSigned = try value.bool() }
        }
        guard [8, 16, 32, 64].contains(bits) else { throw .damagedParquet }
        annotation = .integer(bits: bits, isSigned: isSigned)
      case 11: annotation = .null
      case 13: annotation = .other("BSON")
      case 14: annotation = .other("UUID")
      case 15: annotation = .half
      case 16: annotation = .other("variant")
      case 17, 18: annotation = .other("geography")
      default: break
      }
    }
    (self, scale) = (annotation, digits)
  }

  /// What values of some storage mean; an annotation that does not suit the storage says nothing.
  func type(of storage: ParquetStorage, scale: Int) -> ParquetType {
    switch (self, storage) {
    case (.null, _): .null
    case (.other(let name), _): .other(name)
    case (.decimal, .int32), (.decimal, .int64), (.decimal, .bytes), (.decimal, .fixedBytes(1...32)):
      (-76...76).contains(scale) ? .decimal(scale: scale) : .other("decimal")
    case (.date, .int32): .time(.date)
    case (.time(let unit), .int32), (.time(let unit), .int64): .time(.time(perSecond: unit))
    case (.timestamp(let unit, let isUTC), .int64): .time(.timestamp(perSecond: unit, isUTC: isUTC))
    case (.integer(let bits, let isSigned), .int32): .integer(bits: min(bits, 32), isSigned: isSigned)
    case (.integer(_, let isSigned), .int64): .integer(bits: 64, isSigned: isSigned)
    case (.half, .fixedBytes(2)): .float(bits: 16)
    case (_, .bool): .bool
    case (_, .int32): .integer(bits: 32, isSigned: true)
    case (_, .int64): .integer(bits: 64, isSigned: true)
    case (_, .int96): .instant96
    case (_, .float): .float(bits: 32)
    case (_, .double): .float(bits: 64)
    case (_, .bytes): .text
    case (_, .fixedBytes): .other("fixed-size binary")
    }
  }
}
