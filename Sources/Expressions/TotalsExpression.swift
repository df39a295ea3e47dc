public import Columnar
public import Streaming

/// A function of weighted totals, such as `log(total(a) / total(b))`.
///
/// `total(x)` is Σ w x of an expression of the row, `mean(x)` stands for `total(x) / total(1)`. Totals are combined by
/// `+ - * / ^`, `abs`, `sqrt`, `log`, `log2`, `log10` and `exp`, whose derivatives are known; a column stands inside of a
/// total only.
public struct TotalsExpression: Sendable, Hashable {
  /// A step of the function; a run of operators is one node, so that trees are only as deep as the parentheses.
  package indirect enum Node: Sendable {
    case constant(Double)
    /// By position in the totals.
    case total(Int)
    case negated(Node)
    case chain(Node, [(Arithmetic, Node)])
    case call(MathFunction, Node)
  }

  /// The text it was parsed from.
  public let source: String
  /// What is added up of each row.
  public let totals: [Expression]
  package let root: Node

  /// - Throws: `usage` that names the character, what was expected there and what was found. O(length).
  public init(parsing source: String) throws(ImmerseError) {
    self.source = source
    let (tree, totals) = try Parser.parseTotals(source)
    self.totals = totals
    root = try Node(tree, in: source)
    if totals.isEmpty {
      throw .expression(source, at: 1, "it has no total", remedy: "write total(x) or mean(x) of a column or condition")
    }
  }

  public var columnRequests: [ColumnRequest] { totals.flatMap(\.columnRequests).merged }

  public static func == (a: TotalsExpression, b: TotalsExpression) -> Bool { a.source == b.source }

  public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

extension TotalsExpression.Node {
  /// - Throws: `usage` for a function without a derivative.
  fileprivate init(_ tree: Numeric, in source: String) throws(ImmerseError) {
    func refusal(_ name: String) -> ImmerseError {
      .expression(
        source, at: 1, "\(name) of totals has no derivative everywhere",
        remedy: "combine totals by + - * / ^, abs, sqrt, log, log2, log10 and exp")
    }
    switch tree {
    case .constant(let value): self = .constant(value)
    case .negated(let inner): self = .negated(try Self(inner, in: source))
    case .chain(let first, let rest):
      if rest.contains(where: { $0.0 == .modulo }) { throw refusal("%") }
      let operations = try rest.map { step throws(ImmerseError) in (step.0, try Self(step.1, in: source)) }
      self = .chain(try Self(first, in: source), operations)
    case .call(let function, let inner):
      if [.round, .floor, .ceiling].contains(function) { throw refusal(function.rawValue) }
      self = .call(function, try Self(inner, in: source))
    case .extreme(let extreme, _): throw refusal(extreme.rawValue)
    case .row(let summary, _, _): throw refusal(summary.rawValue)
    case .choice: throw refusal("if")
    case .reversed: throw refusal("reverse")
    case .indicator: throw refusal("a condition")
    case .column(let name):
      // The parser lets no other columns stand here.
      guard let position = Int(name) else { throw refusal("the column \(name)") }
      self = .total(position)
    }
  }
}
