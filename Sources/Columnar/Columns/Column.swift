/// The values of one variable, in an Arrow layout, with a bitmap of the rows that have a value.
///
/// A number that is NaN counts as missing wherever the project computes, whether or not the bitmap says so.
public struct Column: Sendable {
  public enum Values: Sendable {
    case float64(Buffer<Double>)
    case float32(Buffer<Float>)
    case int64(Buffer<Int64>)
    case int32(Buffer<Int32>)
    case int16(Buffer<Int16>)
    case int8(Buffer<Int8>)
    case uint64(Buffer<UInt64>)
    case uint32(Buffer<UInt32>)
    case uint16(Buffer<UInt16>)
    case uint8(Buffer<UInt8>)
    case bool(Bitmap)
    case text(TextBuffer)
    /// Codes into the levels; a negative code is a missing value.
    case category(Buffer<Int32>, Levels)
  }

  public let values: Values
  /// Set where the row has a value; nil where every row has one.
  public let validity: Bitmap?
  public let count: Int

  public init(_ values: Values, validity: Bitmap? = nil) {
    self.values = values
    self.validity = validity
    count = values.count
    precondition(validity == nil || validity?.count == count, "validity of another length than the values")
  }

  /// A numeric column; NaN is missing.
  public init(_ numbers: [Double]) {
    self.init(.float64(Buffer(numbers)))
  }

  /// A text column; nil is missing.
  public init(_ strings: [String?]) {
    let validity =
      strings.contains(nil) ? Bitmap(count: strings.count) { strings[$0] != nil } : nil
    self.init(.text(TextBuffer(strings.map { $0 ?? "" })), validity: validity)
  }

  public var type: DataType { values.type }

  /// A part of the rows, sharing the memory. O(1).
  public func slice(_ range: Range<Int>) -> Column {
    Column(values.slice(range), validity: validity?.slice(range))
  }
}

extension Column.Values {
  var type: DataType {
    switch self {
    case .float64: .float64
    case .float32: .float32
    case .int64: .int64
    case .int32: .int32
    case .int16: .int16
    case .int8: .int8
    case .uint64: .uint64
    case .uint32: .uint32
    case .uint16: .uint16
    case .uint8: .uint8
    case .bool: .bool
    case .text: .text
    case .category: .category
    }
  }

  var count: Int {
    switch self {
    case .float64(let b): b.count
    case .float32(let b): b.count
    case .int64(let b): b.count
    case .int32(let b): b.count
    case .int16(let b): b.count
    case .int8(let b): b.count
    case .uint64(let b): b.count
    case .uint32(let b): b.count
    case .uint16(let b): b.count
    case .uint8(let b): b.count
    case .bool(let b): b.count
    case .text(let b): b.count
    case .category(let codes, _): codes.count
    }
  }

  func slice(_ range: Range<Int>) -> Self {
    switch self {
    case .float64(let b): .float64(b.slice(range))
    case .float32(let b): .float32(b.slice(range))
    case .int64(let b): .int64(b.slice(range))
    case .int32(let b): .int32(b.slice(range))
    case .int16(let b): .int16(b.slice(range))
    case .int8(let b): .int8(b.slice(range))
    case .uint64(let b): .uint64(b.slice(range))
    case .uint32(let b): .uint32(b.slice(range))
    case .uint16(let b): .uint16(b.slice(range))
    case .uint8(let b): .uint8(b.slice(range))
    case .bool(let b): .bool(b.slice(range))
    case .text(let b): .text(b.slice(range))
    case .category(let codes, let levels): .category(codes.slice(range), levels)
    }
  }
}
