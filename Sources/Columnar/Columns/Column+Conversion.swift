extension Column {
  /// The same values as another type, each held exactly: numbers in another width, anything as text or categories.
  ///
  /// - Throws: `badData` where a value does not fit.
  public func converted(to type: DataType, named name: String) throws(ImmerseError) -> Column {
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
    let names = categories.levels.names
    let bytes = categories.codes.array.reduce(0) { $0 + ($1 < 0 ? 0 : names[Int($1)].utf8.count) }
    if bytes > Int(Int32.max) {
      throw ImmerseError(.badData, "the rows of a column hold more than 2 GB of text", remedy: "leave the column out")
    }
    return Column(categories.codes.array.map { $0 < 0 ? nil : names[Int($0)] })
  }

  private func exact<T: ExactNumber>(_ values: (Buffer<T>) -> Values) -> Column? {
    guard let numbers else { return nil }
    var isExact = true
    let converted = Buffer<T>(count: count) { target in
      for row in 0..<count {
        let value = numbers[row].isNaN ? T.zero : T(exactly: numbers[row])
        if value == nil { isExact = false }
        target.initializeElement(at: row, to: value ?? .zero)
      }
    }
    return isExact ? Column(values(converted), validity: Bitmap(validity: count) { !numbers[$0].isNaN }) : nil
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
  public func joined(with other: DataType) -> DataType {
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
