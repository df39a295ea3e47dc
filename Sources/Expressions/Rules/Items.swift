import Columnar
import Streaming

// Rules for questionnaire items and scores, each of which stands for an expression.

/// Turns a scale round: `min + max - value`. A value outside the scale is an error.
public struct Reverse: Sendable, Equatable {
  public var column: String
  public var min: Double
  public var max: Double

  public init(_ column: String, min: Double, max: Double) {
    self.column = column
    self.min = min
    self.max = max
  }
}

extension Reverse: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case column, min, max
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    column = try fields.decode(String.self, forKey: .column)
    min = try fields.decode(Double.self, forKey: .min)
    max = try fields.decode(Double.self, forKey: .max)
  }
}

extension Reverse {
  var expression: Expression {
    get throws(ImmerseError) {
      guard min < max else { throw ImmerseError(.usage, "min is not below max", variable: column) }
      return Expression(.reversed(.column(column), minimum: min, maximum: max), of: [column], source: "reverse")
    }
  }
}

/// The mean of the values that a row has in several columns.
public struct RowMean: Sendable, Equatable {
  public var columns: [String]
  /// Those of the columns whose scale is turned round first; they need `min` and `max`.
  public var reversed: [String]
  public var min: Double?
  public var max: Double?
  /// A row with fewer values is missing; without it every value must be present.
  public var minCount: Int?

  public init(
    _ columns: [String], reversed: [String] = [], min: Double? = nil, max: Double? = nil, minCount: Int? = nil
  ) {
    self.columns = columns
    self.reversed = reversed
    self.min = min
    self.max = max
    self.minCount = minCount
  }
}

extension RowMean: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case columns, reversed, min, max
    case minCount = "min_count"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    columns = try fields.decode([String].self, forKey: .columns)
    reversed = try fields.decodeIfPresent([String].self, forKey: .reversed) ?? []
    min = try fields.decodeIfPresent(Double.self, forKey: .min)
    max = try fields.decodeIfPresent(Double.self, forKey: .max)
    minCount = try fields.decodeIfPresent(Int.self, forKey: .minCount)
  }
}

extension RowMean {
  var expression: Expression {
    get throws(ImmerseError) {
      if columns.isEmpty { throw ImmerseError(.usage, "row_mean names no columns") }
      if let twice = columns.enumerated().first(where: { columns[..<$0].contains($1) }) {
        throw ImmerseError(.usage, "row_mean names it twice", variable: twice.element)
      }
      if let stray = reversed.first(where: { !columns.contains($0) }) {
        throw ImmerseError(
          .usage, "row_mean reverses a column that it does not average", variable: stray,
          remedy: Spelling.nearest(to: stray, in: columns).map { "did you mean \"\($0)\"?" } ?? "add it to columns")
      }
      let minimum = minCount ?? columns.count
      guard (1...columns.count).contains(minimum) else {
        throw ImmerseError(.usage, "min_count is not between 1 and the \(columns.count) columns of row_mean")
      }
      var items: [Numeric] = []
      for column in columns {
        if reversed.contains(column) {
          guard let min, let max, min < max else {
            throw ImmerseError(
              .usage, "row_mean reverses a column without knowing its scale", variable: column,
              remedy: "give min below max")
          }
          items.append(.reversed(.column(column), minimum: min, maximum: max))
        } else {
          items.append(.column(column))
        }
      }
      return Expression(.row(.mean, items, minimum: minimum), of: columns, source: "row_mean")
    }
  }
}

/// 1 where the value is at least the cut-off, else 0; its mean is the share of rows that reach it.
public struct AtLeast: Sendable, Equatable {
  public var column: String
  public var cutOff: Double

  public init(_ column: String, cutOff: Double) {
    self.column = column
    self.cutOff = cutOff
  }
}

extension AtLeast: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case column
    case cutOff = "cut_off"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    column = try fields.decode(String.self, forKey: .column)
    cutOff = try fields.decode(Double.self, forKey: .cutOff)
  }
}

extension AtLeast {
  var expression: Expression {
    Expression(
      .indicator(.compare(.greaterOrEqual, .column(column), .constant(cutOff))), of: [column], source: "at_least")
  }
}
