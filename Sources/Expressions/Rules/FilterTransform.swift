public import Columnar
public import Streaming

/// Keeps the rows for which a condition is true; rows for which it is false or missing are dropped.
///
/// The profile of a dataset made from the filtered source counts the dropped rows.
public struct FilterTransform: Transform {
  public let condition: Expression

  /// - Throws: `usage` where the expression is text.
  public init(_ condition: Expression) throws(ImmerseError) {
    if condition.kind == .text {
      throw .expression(condition.source, at: 1, "this is text where a condition is needed")
    }
    self.condition = condition
  }

  public var inputs: [ColumnRequest] { condition.columnRequests }
  public var outputs: [Field] { [] }
  public var filtersRows: Bool { true }

  /// Whether the bounds of the rows' values let the condition be true for none of them.
  public func dropsAll(of rows: Range<Int>, knowing bounds: KnownBounds) -> Bool {
    !condition.outcomes(knowing: bounds).contains(.isTrue)
  }

  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let mask = try condition.evaluateMask(batch)
    return mask.trueCount == batch.rowCount ? batch : batch.gathering(mask.trueRows)
  }
}
