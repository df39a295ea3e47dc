/// The type of a column's values.
public enum DataType: String, Sendable, Hashable, CaseIterable {
  case float64, float32
  case int64, int32, int16, int8
  case uint64, uint32, uint16, uint8
  case bool
  case text
  /// Text from a fixed list of levels, stored as codes into it.
  case category

  public var isNumeric: Bool {
    self != .text && self != .category
  }
}

/// A column's name and type.
public struct Field: Sendable, Hashable {
  public var name: String
  public var type: DataType

  public init(_ name: String, _ type: DataType) {
    self.name = name
    self.type = type
  }
}
