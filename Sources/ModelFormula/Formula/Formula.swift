public import Columnar
import Expressions
public import Streaming

/// A model in the notation of Wilkinson and Rogers (1973) with the random terms of lme4, as
/// `math ~ escs * migrant + I(age^2) + (1 + migrant | school) + (1 | region)`.
///
/// Fixed terms join with `+ - * / : ^` and parentheses; `1` and `0` (or `- 1`) keep and remove the intercept. A term is
///
/// - a column, `I(...)` around any expression, or one of the expression language's functions;
/// - a category: `factor(column, levels = c("b", "a"))`, `relevel(column, ref = "b")`, or `C(column, sum)` with the
///   contrasts `treatment`, `sum` or `helmert`;
/// - `poly(x, 2)`, orthogonal polynomials over the rows, or `poly(x, 2, raw = TRUE)`, powers;
/// - `gmc(x)`, x centred at its mean; `cwc(x, group)`, x centred within the groups; `group_mean(x, group)`, the group's
///   mean; each with `weights = w` for weighted means.
///
/// `offset(x)` enters with a coefficient of 1. Random terms are `(effects | group)`, with `||` for terms that are
/// independent of each other, and `diag(effects | group)` where the columns of one category shall be so too; a group is a
/// column, `a:b`, or `a/b` for `a` and `b` within `a`.
public struct Formula: Sendable, Equatable {
  /// The text it was parsed from.
  public let source: String
  public private(set) var response: Variable
  public let fixed: Terms
  public let random: [RandomTerm]
  /// Known parts of the response, each with a coefficient of 1.
  public let offsets: [Variable]

  /// - Throws: `usage` that names the character, what was expected there and what was found. O(length), and the number
  ///   of terms where `*` and `^` multiply them.
  public init(parsing source: String) throws(ImmerseError) {
    var parser = try FormulaParser(source)
    self.source = source
    (response, fixed, random, offsets) = try parser.formula()
  }
}

/// A main effect of one variable, or the interaction of several.
public struct Term: Sendable, Equatable {
  public let variables: [Variable]

  public var label: String { variables.map(\.label).joined(separator: ":") }
}

/// The terms of the fixed part, or of one random term, by ascending order of interaction.
public struct Terms: Sendable, Equatable {
  public let hasIntercept: Bool
  public let terms: [Term]

  /// Sorts terms by their number of variables, and the variables of a term by first appearance, as R does.
  init(hasIntercept: Bool, terms: [Term]) {
    var order: [Variable: Int] = [:]
    for variable in terms.flatMap(\.variables) where order[variable] == nil { order[variable] = order.count }
    self.hasIntercept = hasIntercept
    let ordered = terms.map { term in
      Term(variables: term.variables.sorted { order[$0, default: 0] < order[$1, default: 0] })
    }
    self.terms = ordered.enumerated().sorted { a, b in
      let (x, y) = (a.element.variables.count, b.element.variables.count)
      return x == y ? a.offset < b.offset : x < y
    }.map(\.element)
  }
}

/// Effects that vary over the groups of a factor, correlated with each other unless `isDiagonal`.
public struct RandomTerm: Sendable, Equatable {
  public let effects: Terms
  public let isDiagonal: Bool
  /// The columns whose combinations are the groups.
  public let group: [String]

  /// The group as lme4 prints it: `school`, `class:school`.
  public var groupLabel: String { group.joined(separator: ":") }
}

extension Formula {
  /// The columns the formula reads: the response as numbers, groups as categories, covariates as what they are.
  public var columnRequests: [ColumnRequest] {
    get throws(ImmerseError) {
      var requests = try response.requests
      if case .column(let name) = response { requests = [.number(name)] }
      for offset in offsets { requests += try Expression(parsing: offset.expressionText).columnRequests }
      for variable in covariates { requests += try variable.requests }
      requests += random.flatMap(\.group).map { .category($0) }
      return requests.merged
    }
  }

  /// The same formula for another column of the response.
  public func responding(with column: String) -> Formula {
    var formula = self
    formula.response = .column(column)
    return formula
  }

  /// The labels of terms whose columns depend on all rows, such as `cwc(x, g)`; each once.
  public var termsOfAllRows: [String] { covariates.filter(\.dependsOnAllRows).map(\.label) }

  /// The columns the response is computed from.
  public var responseColumns: [String] {
    get throws(ImmerseError) { try response.requests.map(\.name) }
  }

  /// The variables of all terms, each once, in the order of first mention.
  var covariates: [Variable] {
    var seen: Set<Variable> = []
    return ([fixed] + random.map(\.effects)).flatMap(\.terms).flatMap(\.variables).filter { seen.insert($0).inserted }
  }
}
