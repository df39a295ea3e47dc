public import Columnar
public import Streaming

/// A rule that computes one value for each row from the row's columns.
///
/// ```swift
/// let expression = try Expression(parsing: "country in ('BE', 'DE') and age >= 11 and escs is not missing")
/// let mask = try expression.evaluateMask(batch)
/// ```
///
/// Numbers are computed with `+ - * / % ^`, `abs sqrt log log2 log10 exp round floor ceiling`, `min` and `max` of
/// several values, `if(condition, a, b)`, `row_mean(a, b, c; min = 2)`, `row_sum` and `reverse(x, 1, 5)`. Values are
/// compared with `== != < <= > >=` (or `=`, `<>`), `in (...)`, `between ... and ...` and `is missing`, conditions joined
/// with `and or not` (or `& | !`). Text stands in single or double quotes, an unusual column name in back-quotes; a
/// quote within is doubled. Operators bind as they do in R, `%` as tightly as `*`.
///
/// A column compared with text is read as a category, by its text as it stands in the file and in byte order; a column
/// compared or computed with numbers is read as a number, and so is one that only stands by itself or in a branch of
/// `if`, where it has not been compared with text before; `text(x)` reads it as text. Two columns compared with each other are equal where both
/// hold the same number or the same text.
///
/// What is computed from a missing value is missing, and so is a comparison with one; `and` and `or` follow Kleene's
/// logic, as in R. A result that is not a finite number, as of `log(0)` or `x / 0`, is missing. `round` takes halves to
/// the even neighbour, `%` has the divisor's sign.
public struct Expression: Sendable {
  /// The type of the values.
  public enum Kind: Sendable {
    case number, condition, text
  }

  /// The text it was parsed from.
  public let source: String
  /// The columns it reads, each once, in the order of first mention.
  public let columnRequests: [ColumnRequest]
  let root: Operand

  /// - Throws: `usage` that names the character, what was expected there and what was found. O(length).
  public init(parsing source: String) throws(ImmerseError) {
    self.source = source
    (root, columnRequests) = try Parser.parse(source)
  }

  /// An expression that a rule stands for; `source` is what messages call it.
  init(_ number: Numeric, of columns: [String], source: String) {
    self.source = source
    root = .number(number)
    columnRequests = columns.map(ColumnRequest.number)
  }

  /// An expression that is part of another text.
  init(_ root: Operand, _ columnRequests: [ColumnRequest], source: String) {
    self.source = source
    self.root = root
    self.columnRequests = columnRequests
  }

  public var kind: Kind {
    switch root {
    case .number, .column, .missing: .number
    case .truth: .condition
    case .text: .text
    }
  }

  /// The value of each row, NaN where it is missing; a condition counts 1 or 0.
  ///
  /// - Throws: `usage` where the expression is text, `badData` where a column is absent or holds text.
  public func evaluateNumbers(_ batch: Batch) throws(ImmerseError) -> Buffer<Double> {
    try numeric.evaluate(batch).buffer(count: batch.rowCount)
  }

  /// Whether the condition holds for each row; a number counts as true where it is not 0.
  ///
  /// - Throws: `usage` where the expression is text, `badData` where a column is absent or holds text.
  public func evaluateMask(_ batch: Batch) throws(ImmerseError) -> Mask {
    try logical.evaluate(batch)
  }

  /// The value of each row as a column: a category where the expression is text, else Float64.
  ///
  /// - Throws: `badData` where a column is absent or holds text where numbers are needed.
  public func evaluateColumn(_ batch: Batch) throws(ImmerseError) -> Column {
    guard case .text(let text) = root else { return Column(.float64(try evaluateNumbers(batch))) }
    let categories = try text.evaluate(batch)
    return Column(.category(categories.codes, categories.levels))
  }

  /// What the condition may be for rows of which only the bounds of their values are known.
  func outcomes(knowing bounds: KnownBounds) -> Outcomes {
    if case .truth(let condition) = root { condition.outcomes(knowing: bounds) } else { .any }
  }

  private var numeric: Numeric {
    get throws(ImmerseError) {
      switch root {
      case .number(let number): return number
      case .truth(let condition): return .indicator(condition)
      case .column(let name): return .column(name)
      case .missing: return .constant(.nan)
      case .text: throw .expression(source, at: 1, "this is text where a number is needed")
      }
    }
  }

  private var logical: Logical {
    get throws(ImmerseError) {
      if case .truth(let condition) = root { return condition }
      if case .text = root { throw .expression(source, at: 1, "this is text where a condition is needed") }
      return .nonzero(try numeric)
    }
  }
}
