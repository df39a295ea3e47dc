/// What a source knows of a column's values in some rows without reading them.
public struct ValueBounds: Sendable, Hashable {
  /// Between what the values lie that are present; they need not reach the bounds.
  public enum Values: Sendable, Hashable {
    /// No row has a value.
    case none
    case numbers(ClosedRange<Double>)
    /// Texts in the order of their bytes; the bounds may be cut short, and need not be UTF-8.
    case texts(from: [UInt8], to: [UInt8])
  }

  public var values: Values
  public var mayBeMissing: Bool

  public init(_ values: Values, mayBeMissing: Bool) {
    self.values = values
    self.mayBeMissing = mayBeMissing
  }

  /// What holds of both runs of rows taken together; nil where one holds text and the other numbers.
  public func union(_ other: ValueBounds) -> ValueBounds? {
    let missing = mayBeMissing || other.mayBeMissing
    switch (values, other.values) {
    case (.none, let values), (let values, .none): return ValueBounds(values, mayBeMissing: missing)
    case (.numbers(let a), .numbers(let b)):
      let whole = min(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound)
      return ValueBounds(.numbers(whole), mayBeMissing: missing)
    case (.texts(let from, let to), .texts(let otherFrom, let otherTo)):
      let first = from.lexicographicallyPrecedes(otherFrom) ? from : otherFrom
      let last = to.lexicographicallyPrecedes(otherTo) ? otherTo : to
      return ValueBounds(.texts(from: first, to: last), mayBeMissing: missing)
    default: return nil
    }
  }
}

/// What a source knows of the values of some of its columns, by column, in some rows; nil of a column it would have to
/// read.
public typealias KnownBounds = (_ column: String) -> ValueBounds?
