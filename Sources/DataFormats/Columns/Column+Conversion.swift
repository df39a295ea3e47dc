import Columnar

extension Column {
  /// The same values as another type, each held exactly: numbers in another width, anything as text or categories.
  ///
  /// - Throws: `badData` where a value does not fit.
  func converted(to type: DataType, named name: String) throws(ImmerseError) -> Column {
    if type == self.type { return self }
    guard let converted = try converted(to: type) else {
      throw ImmerseError(.badData, "holds values that are no \(type.rawValue)", variable: name)
    }
    return converted
  }

  /// nil where a value does not fit.
  private func converted(to type: DataType) throws(ImmerseError) -> Column? {
    switch type {
    case .category:
      let categories = categories
      return Column(.category(categories.codes, categories.levels))
    case .text: return try asText()
    case .float64: return numbers.map { Column(.float64($0)) }
    case .float32: return exact(Values.float32)
    case .int64: return exact(Values.int64)
    case .int32: return exact(Values.int32)
    case .int16: return exact(Values.int16)
    case .int8: return exact(Values.int8)
    case .uint64: return exact(Values.uint64)
    case .uint32: return exact(Values.uint32)
    case .uint16: return exact(Values.uint16)
    case .uint8: return exact(Values.uint8)
    case .bool:
      guard let bytes = exact(Values.uint8), case .uint8(let flags) = bytes.values,
        flags.array.allSatisfy({ $0 <= 1 })
      else { return nil }
      return Column(.bool(Bitmap(count: count) { flags[$0] == 1 }), validity: bytes.validity)
    }
  }

  private func asText() throws(ImmerseError) -> Column {
    let categories = categories
    var builder = TextBuilder(rows: count)
    for row in 0..<count {
      let code = Int(categories.codes[row])
      if code < 0 { builder.appendEmpty() } else { builder.append(categories.levels[code]) }
    }
    return Column(
      .text(try builder.finish()), validity: Bitmap(validity: count) { categories.codes[$0] >= 0 })
  }

  private func exact<T: ExactNumber>(_ values: (Buffer<T>) -> Values) -> Column? {
    guard let numbers else { return nil }
    let memory = ColumnMemory<T>(count: count)
    for row in 0..<count {
      guard let value = numbers[row].isNaN ? T.zero : T(exactly: numbers[row]) else { return nil }
      memory.base[row] = value
    }
    return Column(values(memory.buffer), validity: Bitmap(validity: count) { !numbers[$0].isNaN })
  }
}

/// Numbers that tell whether they hold a Float64 exactly.
private protocol ExactNumber: Numeric, BitwiseCopyable, Sendable {
  init?(exactly value: Double)
}

extension Float: ExactNumber {}
extension Int64: ExactNumber {}
extension Int32: ExactNumber {}
extension Int16: ExactNumber {}
extension Int8: ExactNumber {}
extension UInt64: ExactNumber {}
extension UInt32: ExactNumber {}
extension UInt16: ExactNumber {}
extension UInt8: ExactNumber {}

extension DataType {
  /// The narrowest type to which columns of both types can be converted: of two number types the one that holds
  /// both, text where one of them is no number.
  func joined(with other: DataType) -> DataType {
    if self == other { return self }
    if !isNumeric || !other.isNumeric { return .text }
    return isSmallInteger && other.isSmallInteger ? .int64 : .float64
  }

  /// Whether Int64 holds every value.
  private var isSmallInteger: Bool {
    switch self {
    case .int64, .int32, .int16, .int8, .uint32, .uint16, .uint8: true
    default: false
    }
  }
}
