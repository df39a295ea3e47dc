import Columnar

/// The type of an Arrow column's values.
enum ArrowType: Equatable {
  case null
  case integer(bits: Int, isSigned: Bool)
  case float(bits: Int)
  case bool
  case utf8
  /// UTF-8 with 64-bit offsets.
  case largeUtf8
  /// UTF-8 with short texts in place and long ones in further buffers.
  case utf8View
  case time(ArrowTime, bits: Int)
  /// 128 bits, a whole number of units of a power of ten.
  case decimal(scale: Int)
  /// A flat type whose layout is known but whose values have no counterpart here.
  case other(String, buffers: Int)

  /// The types by their number in Arrow's Schema.fbs.
  ///
  /// - Throws: `badData` for a nested or unknown type.
  init(_ number: UInt8, _ table: FlatTable?, of name: String) throws(ImmerseError) {
    switch number {
    case 1: self = .null
    case 2:
      self = .integer(
        bits: Int(try table?.integer(0, default: Int32(0)) ?? 0), isSigned: try table?.bool(1) ?? false)
    case 3: self = .float(bits: 16 << Int(min(2, try table?.integer(0, default: UInt16(0)) ?? 0)))
    case 4: self = .other("binary", buffers: 3)
    case 5: self = .utf8
    case 6: self = .bool
    case 7:
      let (bits, scale) = (
        try table?.integer(2, default: Int32(128)), Int(try table?.integer(1, default: Int32(0)) ?? 0)
      )
      self = bits == 128 && (-30...60).contains(scale) ? .decimal(scale: scale) : .other("decimal", buffers: 2)
    case 8:
      let isDays = try table?.integer(0, default: Int16(1)) == 0
      self = .time(isDays ? .date : .timestamp(perSecond: 1000, isUTC: false), bits: isDays ? 32 : 64)
    case 9:
      let bits = Int(try table?.integer(1, default: Int32(32)) ?? 32)
      self = .time(.time(perSecond: try Self.unit(table, default: 1)), bits: bits == 64 ? 64 : 32)
    case 10:
      let zone = try table?.string(1) ?? ""
      self = .time(.timestamp(perSecond: try Self.unit(table, default: 0), isUTC: !zone.isEmpty), bits: 64)
    case 11: self = .other("interval", buffers: 2)
    case 15: self = .other("fixed-size binary", buffers: 2)
    case 18: self = .integer(bits: 64, isSigned: true)
    case 19: self = .other("large binary", buffers: 3)
    case 20: self = .largeUtf8
    case 23: self = .other(Self.binaryView, buffers: 2)
    case 24: self = .utf8View
    default:
      let nested: [UInt8: String] = [
        12: "list", 13: "struct", 14: "union", 16: "fixed-size list", 17: "map", 21: "large list",
        22: "run-end encoded", 25: "list view", 26: "large list view",
      ]
      throw ImmerseError(
        .badData, "the column is nested (Arrow type \(nested[number] ?? "\(number)"))", variable: name,
        remedy: "flatten it, or write the file without it")
    }
  }

  private static let binaryView = "binary view"

  /// The parts of a second that a type counts.
  private static func unit(_ table: FlatTable?, default absent: Int16) throws(ImmerseError) -> Int64 {
    let unit = Int(try table?.integer(0, default: absent) ?? absent)
    guard ArrowTime.units.indices.contains(unit) else { throw .damagedArrow }
    return ArrowTime.units[unit]
  }

  /// Buffers in a record batch; views have a variable number of further ones.
  var bufferCount: Int {
    switch self {
    case .null: 0
    case .utf8, .largeUtf8: 3
    case .other(_, let buffers): buffers
    default: 2
    }
  }

  var isTime: Bool { if case .time = self { true } else { false } }

  var isView: Bool { self == .utf8View || self == .other(Self.binaryView, buffers: 2) }

  /// The type in which values are delivered, or nil where they are not read.
  var dataType: DataType? {
    switch self {
    case .null: .float64
    case .integer(bits: 64, let isSigned): isSigned ? .int64 : .uint64
    case .integer(bits: 32, let isSigned): isSigned ? .int32 : .uint32
    case .integer(bits: 16, let isSigned): isSigned ? .int16 : .uint16
    case .integer(bits: 8, let isSigned): isSigned ? .int8 : .uint8
    case .integer, .other: nil
    case .float(bits: 64): .float64
    case .float: .float32
    case .bool: .bool
    case .decimal: .float64
    case .utf8, .largeUtf8, .utf8View, .time: .text
    }
  }
}

/// A column of an Arrow file.
struct ArrowField {
  let name: String
  /// The type of the values; of those in the dictionary, where there is one.
  let type: ArrowType
  /// The number of the dictionary, the type of the codes into it and whether its order means something, where the
  /// values are coded.
  let dictionary: (id: Int64, codes: ArrowType, isOrdered: Bool)?

  /// The metadata of the column.
  let properties: [(key: String, text: String)]
  /// The position of the column's first buffer in a record batch, those of views beyond their fixed ones not counted.
  let firstBuffer: Int
  /// How many columns of views stand before.
  let viewsBefore: Int

  /// - Throws: `badData` where the message is damaged or the column nested.
  init(_ table: FlatTable, after last: ArrowField?) throws(ImmerseError) {
    firstBuffer = last.map { $0.firstBuffer + $0.bufferCount } ?? 0
    viewsBefore = last.map { $0.viewsBefore + ($0.isView ? 1 : 0) } ?? 0
    name = try table.string(0) ?? ""
    var properties: [(key: String, text: String)] = []
    for entry in try table.tables(6) { properties.append((try entry.string(0) ?? "", try entry.string(1) ?? "")) }
    self.properties = properties
    type = try ArrowType(try table.integer(2, default: 0), try table.table(3), of: name)
    guard let encoding = try table.table(4) else {
      dictionary = nil
      return
    }
    var codes = ArrowType.integer(bits: 32, isSigned: true)
    if let table = try encoding.table(1) { codes = try ArrowType(2, table, of: name) }
    dictionary = (try encoding.integer(0, default: 0), codes, try encoding.bool(2))
  }

  /// The values of a dictionary, as a column of their own.
  init(values type: ArrowType) {
    name = ""
    properties = []
    self.type = type
    dictionary = nil
    (firstBuffer, viewsBefore) = (0, 0)
  }

  private var bufferCount: Int { dictionary == nil ? type.bufferCount : 2 }
  var isView: Bool { dictionary == nil && type.isView }

  /// - Throws: `badData` where the values have no counterpart here.
  func dataType() throws(ImmerseError) -> DataType {
    let values = type.dataType
    if dictionary == nil, let values { return values }
    if dictionary != nil, values == .text, !type.isTime { return .category }
    throw ImmerseError(
      .badData, "holds \(dictionary == nil ? "" : "coded ")values of an Arrow type that is not read (\(type))",
      variable: name, remedy: "write it as a number or a text")
  }
}

extension ArrowType: CustomStringConvertible {
  var description: String {
    switch self {
    case .null: "null"
    case .integer(let bits, let isSigned): "\(isSigned ? "" : "u")int\(bits)"
    case .float(let bits): "float\(bits)"
    case .bool: "bool"
    case .utf8, .largeUtf8, .utf8View: "utf8"
    case .time: "time"
    case .decimal: "decimal"
    case .other(let name, _): name
    }
  }
}
