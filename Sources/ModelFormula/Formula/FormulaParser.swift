import Columnar
import Expressions

/// Reads a formula by recursive descent and multiplies its terms out as it goes.
///
/// From loose to tight, as in R: `+ -`; `* /`; `:`; `^`.
struct FormulaParser {
  /// What a part of a formula stands for. `intercept` is nil where the part does not speak of it.
  struct Sum {
    var intercept: Bool?
    private(set) var terms: [Term] = []
    var random: [RandomTerm] = []
    var offsets: [Variable] = []
    /// The variables of each term.
    private var known: Set<Set<Variable>> = []

    init(intercept: Bool? = nil, terms: [Term] = [], random: [RandomTerm] = [], offsets: [Variable] = []) {
      self.intercept = intercept
      self.random = random
      self.offsets = offsets
      insert(terms)
    }

    /// Whether it is made of terms alone.
    var isOfTerms: Bool { intercept == nil && random.isEmpty && offsets.isEmpty }

    mutating func insert(_ new: [Term]) {
      for term in new where known.insert(Set(term.variables)).inserted { terms.append(term) }
    }

    mutating func remove(_ old: [Term]) {
      known.subtract(old.map { Set($0.variables) })
      terms.removeAll { !known.contains(Set($0.variables)) }
    }
  }

  /// Parentheses inside one another; bounds the recursion.
  private static let depthLimit = 100
  private static let termLimit = 1_000

  private let source: String
  private let tokens: [FormulaToken]
  private var index = 0
  private var depth = 0

  init(_ source: String) throws(ImmerseError) {
    self.source = source
    tokens = try FormulaLexer.tokens(of: source)
  }

  mutating func formula() throws(ImmerseError) -> (Variable, Terms, [RandomTerm], [Variable]) {
    let responsePosition = token.position
    let left = try atom()
    guard left.isOfTerms, left.terms.count == 1, left.terms[0].variables.count == 1,
      case let response = left.terms[0].variables[0]
    else { throw mistake(at: responsePosition, "the response is one column, or an expression such as log(y)") }
    switch response {
    case .column, .expression: break
    case .category(let category):
      throw mistake(at: responsePosition, "the response \(category.column) of this model is a number, not a category")
    case .polynomial, .centred:
      throw mistake(at: responsePosition, "the response is one column, or an expression such as log(y)")
    }
    guard take("~") else { throw unexpected("~ after the response") }
    let right = try sum()
    guard token.kind == .end else { throw unexpected("an operator or the end") }
    if right.terms.contains(where: { $0.variables.contains(response) }) {
      throw mistake(at: responsePosition, "the response \(response.label) stands on both sides")
    }
    return (response, Terms(hasIntercept: right.intercept ?? true, terms: right.terms), right.random, right.offsets)
  }

  // MARK: Tokens

  private var token: FormulaToken { tokens[index] }

  private mutating func take(_ sign: String) -> Bool {
    guard token.kind == .sign(sign) else { return false }
    index += 1
    return true
  }

  func mistake(at position: Int, _ problem: String, remedy: String? = nil) -> ImmerseError {
    .formula(source, at: position, problem, remedy: remedy)
  }

  private func unexpected(_ wanted: String) -> ImmerseError {
    mistake(at: token.position, "expected \(wanted), found \(token.spelling)")
  }

  // MARK: Levels of precedence

  private mutating func sum() throws(ImmerseError) -> Sum {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw mistake(at: token.position, "too many parentheses inside one another") }
    var total = Sum()
    var removes = take("-")
    if !removes { _ = take("+") }
    while true {
      let position = token.position
      let part = try product()
      if removes {
        guard part.random.isEmpty else { throw mistake(at: position, "a random term cannot be taken away") }
        guard part.offsets.isEmpty else { throw mistake(at: position, "an offset cannot be taken away") }
        if let intercept = part.intercept { total.intercept = !intercept }
        total.remove(part.terms)
      } else {
        total.intercept = part.intercept ?? total.intercept
        total.insert(part.terms)
        total.random += part.random
        total.offsets += part.offsets
      }
      if take("+") {
        removes = false
      } else if take("-") {
        removes = true
      } else {
        return total
      }
    }
  }

  private mutating func product() throws(ImmerseError) -> Sum {
    var left = try interaction()
    while true {
      let position = token.position
      if take("*") {
        let right = try interaction()
        let crossed = try crossing(left, right, at: position)
        left.insert(right.terms)
        left.insert(crossed)
      } else if take("/") {
        // a/b is a and b within all of a.
        let right = try interaction()
        let all = Sum(terms: [Term(variables: left.terms.flatMap(\.variables))])
        left.insert(try crossing(all, right, at: position))
      } else {
        return left
      }
    }
  }

  private mutating func interaction() throws(ImmerseError) -> Sum {
    var left = try power()
    while case let position = token.position, take(":") {
      left = Sum(terms: try crossing(left, try power(), at: position))
    }
    return left
  }

  private mutating func power() throws(ImmerseError) -> Sum {
    var base = try atom()
    while case let position = token.position, take("^") {
      guard case .integer(let exponent) = token.kind, (1...16).contains(exponent) else {
        throw mistake(
          at: position, "^ in a formula multiplies terms out and takes a small whole number",
          remedy: "write I(x^2) for a power")
      }
      index += 1
      let factor = base
      for _ in 1..<exponent { base.insert(try crossing(base, factor, at: position)) }
    }
    return base
  }

  /// Every term of one with every term of the other.
  private func crossing(_ left: Sum, _ right: Sum, at position: Int) throws(ImmerseError) -> [Term] {
    for part in [left, right] where !part.isOfTerms || part.terms.isEmpty {
      throw mistake(at: position, "only columns can interact", remedy: "separate random terms and 1 with +")
    }
    var result = Sum()
    for a in left.terms {
      for b in right.terms {
        result.insert([Term(variables: a.variables + b.variables.filter { !a.variables.contains($0) })])
      }
      guard result.terms.count <= Self.termLimit else { throw mistake(at: position, "this gives too many terms") }
    }
    return result.terms
  }

  private mutating func atom() throws(ImmerseError) -> Sum {
    let start = token
    switch start.kind {
    case .name(let name):
      index += 1
      return Sum(terms: [Term(variables: [.column(name)])])
    case .call(let name, let arguments):
      index += 1
      switch name {
      case "offset": return Sum(offsets: [try offset(arguments, at: start.position)])
      case "diag": return Sum(random: try diagonalTerms(arguments, at: start.position))
      default: return Sum(terms: [Term(variables: [try call(name, arguments, at: start.position)])])
      }
    case .integer(let value):
      guard value <= 1 else { throw mistake(at: start.position, "\(value) is neither a column nor 0 or 1") }
      index += 1
      return Sum(intercept: value == 1)
    case .sign("("):
      index += 1
      let inner = try sum()
      if case let bar = token, take("|") || take("||") {
        let random = try randomTerms(inner, isCorrelated: bar.kind == .sign("|"), at: start.position)
        guard take(")") else { throw unexpected(")") }
        return Sum(random: random)
      }
      guard take(")") else { throw unexpected(") or |") }
      return inner
    default: throw unexpected("a term")
    }
  }

  /// `diag(effects | group)`: every column of the effects is independent of the others.
  private func diagonalTerms(_ text: String, at position: Int) throws(ImmerseError) -> [RandomTerm] {
    guard !text.contains("diag(") else { throw mistake(at: position, "diag( ) within diag( )") }
    var inner = try FormulaParser("(\(text))")
    let terms = try inner.atom().random
    guard !terms.isEmpty, inner.token.kind == .end else {
      throw mistake(at: position, "diag( ) takes effects | group")
    }
    return terms.map { RandomTerm(effects: $0.effects, isDiagonal: true, group: $0.group) }
  }

  /// The effects of `( | )` over its groups, one term for each group of a nesting `a/b`.
  private mutating func randomTerms(
    _ effects: Sum, isCorrelated: Bool, at position: Int
  ) throws(ImmerseError) -> [RandomTerm] {
    guard effects.random.isEmpty else { throw mistake(at: position, "a random term within a random term") }
    guard effects.offsets.isEmpty else { throw mistake(at: position, "an offset does not vary over groups") }
    let hasIntercept = effects.intercept ?? true
    guard hasIntercept || !effects.terms.isEmpty else { throw mistake(at: position, "this random term has no effects") }
    var parts = [Terms(hasIntercept: hasIntercept, terms: effects.terms)]
    if !isCorrelated {
      parts = (hasIntercept ? [Terms(hasIntercept: true, terms: [])] : [])
      parts += effects.terms.map { Terms(hasIntercept: false, terms: [$0]) }
    }
    var group = try groupColumns()
    var groups = [group]
    while take("/") {
      // Nested groups are named from the inside out, as lme4 names them.
      group = try groupColumns() + group
      groups.append(group)
    }
    return groups.flatMap { group in parts.map { RandomTerm(effects: $0, isDiagonal: false, group: group) } }
  }

  private mutating func groupColumns() throws(ImmerseError) -> [String] {
    var columns: [String] = []
    repeat {
      guard case .name(let name) = token.kind else { throw unexpected("the name of a grouping column") }
      if !columns.contains(name) { columns.append(name) }
      index += 1
    } while take(":")
    return columns
  }
}
