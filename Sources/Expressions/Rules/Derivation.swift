public import Columnar
public import Streaming

/// One entry of a study's `derive:` list: the name of a new column and the rule that computes it.
///
/// ```yaml
/// derive:
///   - name: migrant
///     compute: birth_country != country
///   - name: sex
///     recode: {column: gender, values: {1: boy, 2: girl, 9: missing}}
///   - name: stage
///     cut: {column: age, breaks: [6, 11, 14, 18], labels: [primary, lower, upper], closed: right}
///   - name: q3_reversed
///     reverse: {column: q3, min: 1, max: 5}
///   - name: belonging
///     row_mean: {columns: [q1, q2, q3], reversed: [q3], min: 1, max: 5, min_count: 2}
///   - name: proficient
///     at_least: {column: score, cut_off: 420}
/// ```
///
/// A rule that bears the name of an existing column replaces it.
public struct Derivation: Sendable, Equatable {
  public var name: String
  public var rule: Rule

  public enum Rule: Sendable, Equatable {
    /// An expression; a condition gives 1 and 0.
    case compute(String)
    case recode(Recode)
    case cut(Cut)
    case reverse(Reverse)
    case rowMean(RowMean)
    case atLeast(AtLeast)
  }

  public init(_ name: String, _ rule: Rule) {
    self.name = name
    self.rule = rule
  }
}

extension Derivation {
  /// The rule as a transform of batches of `source`.
  ///
  /// - Throws: `badData` where the rule reads a column that does not exist; `usage` where the rule contradicts itself
  ///   or the types of its columns.
  public func transform(of source: any Source) throws(ImmerseError) -> any Transform {
    do throws(ImmerseError) {
      if name.isEmpty { throw ImmerseError(.usage, "a derived column needs a name") }
      switch rule {
      case .compute(let text): return ComputeTransform(name, try Expression(parsing: text))
      case .recode(let rule): return try rule.transform(to: name, of: source)
      case .cut(let rule): return try CutTransform(rule, to: name)
      case .reverse(let rule): return ComputeTransform(name, try rule.expression)
      case .rowMean(let rule): return ComputeTransform(name, try rule.expression)
      case .atLeast(let rule): return ComputeTransform(name, rule.expression)
      }
    } catch {
      var named = error
      named.problem = "derived column \"\(name)\": \(error.problem)"
      throw named
    }
  }
}

extension Source {
  /// This source with derived columns; a rule may read the columns of the rules before it.
  ///
  /// - Throws: as `Derivation.transform(of:)`.
  public func deriving(_ rules: [Derivation]) throws(ImmerseError) -> any Source {
    var source: any Source = self
    for rule in rules { source = try source.applying(try rule.transform(of: source)) }
    return source
  }
}

/// Adds the values of an expression as a column.
public struct ComputeTransform: Transform {
  public let name: String
  public let expression: Expression

  public init(_ name: String, _ expression: Expression) {
    self.name = name
    self.expression = expression
  }

  public var inputs: [ColumnRequest] { expression.columnRequests }
  public var outputs: [Field] { [Field(name, expression.kind == .text ? .category : .float64)] }

  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    var extended = batch
    extended.set(name, try expression.evaluateColumn(batch))
    return extended
  }
}
