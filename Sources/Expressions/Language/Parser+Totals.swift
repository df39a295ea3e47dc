import Columnar
import Streaming

extension Parser {
  /// The tree of a function of totals, in which the columns are the positions of the totals, and what each total adds up.
  static func parseTotals(_ source: String) throws(ImmerseError) -> (tree: Numeric, totals: [Expression]) {
    var parser = try Parser(source)
    parser.totals = []
    let tree = try parser.number(try parser.expression(.or))
    guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
    return (tree, parser.totals ?? [])
  }

  /// `total(x)` or `mean(x)`; the current token is the name, the next one the parenthesis.
  mutating func total(_ name: String) throws(ImmerseError) -> Part {
    let position = token.position
    advance()
    advance()
    var known = totals ?? []
    // Within, columns mean rows again.
    totals = nil
    requests = []
    let value = try settled(try expression(.or))
    try expect(.close, "an operator or )")
    func add(_ total: Expression) -> Numeric {
      known.append(total)
      return .column(String(known.count - 1))
    }
    let sum = add(Expression(value, settledRequests, source: source))
    let tree =
      name == "total" ? sum : .chain(sum, [(.divide, add(Expression(.number(.constant(1)), [], source: "1")))])
    totals = known
    return Part(value: .number(tree), position: position)
  }

  /// A column that stands outside of a total.
  func columnOutsideTotal(_ name: String) -> ImmerseError {
    mistake(
      at: token.position, "the column \(name) stands outside of a total",
      remedy: "write total(\(name)) or mean(\(name)); conditions and choices stand inside of one")
  }
}
