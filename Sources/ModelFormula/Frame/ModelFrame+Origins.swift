import Columnar
import Expressions
import Streaming

extension ModelFrame.Origin {
  /// The response less the formula's offsets.
  init(response formula: Formula, in profile: Profile) throws(ImmerseError) {
    let own = try ModelFrame.Origin(formula.response, in: profile)
    if case .category(let name, _) = own { throw .textResponse(name) }
    if formula.offsets.isEmpty {
      self = own
    } else {
      let terms = ([formula.response] + formula.offsets).map { "(\($0.expressionText))" }
      self = .expression(try Expression(parsing: terms.joined(separator: " - ")))
    }
  }

  /// Where the columns of a variable come from: one for each degree of a polynomial, else a single one.
  static func all(
    _ variable: Variable, in profile: Profile, _ statistics: TermStatistics
  ) throws(ImmerseError) -> [ModelFrame.Origin] {
    guard case .polynomial(let polynomial) = variable else { return [try .init(variable, in: profile, statistics)] }
    let argument = try Expression(parsing: polynomial.argument)
    let coefficients = statistics.polynomials[variable]
    var origins: [ModelFrame.Origin] = []
    for degree in 1...polynomial.degree {
      origins.append(
        polynomial.isRaw
          ? .expression(try Expression(parsing: "(\(polynomial.argument))^\(degree)"))
          : .polynomial(argument, coefficients?[degree - 1]))
    }
    return origins
  }

  /// A column is a number where every value is one, also where another part of the formula or another analysis of the
  /// same data asked for it as a category; unless its levels were declared as categories.
  private init(
    _ variable: Variable, in profile: Profile, _ statistics: TermStatistics = TermStatistics()
  ) throws(ImmerseError) {
    switch variable {
    case .expression(let text, _): self = .expression(try Expression(parsing: text))
    case .polynomial(let polynomial): self = .expression(try Expression(parsing: polynomial.argument))
    case .centred(let centring):
      let levels = try centring.group.map { name throws(ImmerseError) in try profile.levels(of: name) }
      self = .centred(
        try Expression(parsing: centring.argument),
        Centre(centring, levels: levels, means: statistics.means[variable]))
    case .category(let category):
      self = .category(category.column, try category.ordered(try profile.levels(of: category.column)))
    case .column(let name):
      if profile.numbers[name] != nil {
        self = .number(name)
        return
      }
      let levels = try profile.levels(of: name)
      self = !levels.isDeclared && levels.numbers != nil ? .number(name) : .category(name, levels)
    }
  }
}

extension Profile {
  func levels(of name: String) throws(ImmerseError) -> Levels {
    guard let found = levels[name] else {
      throw .missingColumn(name, among: Array(levels.keys) + Array(numbers.keys))
    }
    return found
  }
}

extension Category {
  /// The levels of the data in the order asked for; rows of a level that is not listed count as missing.
  fileprivate func ordered(_ found: Levels) throws(ImmerseError) -> Levels {
    var names = levels ?? found.names
    for name in levels ?? [] where found.code(of: name) == nil { throw .unknownLevel(name, of: column) }
    if let reference {
      guard let index = names.firstIndex(of: reference) else { throw .unknownLevel(reference, of: column) }
      names.insert(names.remove(at: index), at: 0)
    }
    return names == found.names ? found : Levels(names, isDeclared: true)
  }
}

extension Variable {
  var requests: [ColumnRequest] {
    get throws(ImmerseError) {
      switch self {
      case .column(let name): [.automatic(name)]
      case .category(let category): [.category(category.column)]
      case .expression(let text, _): try Expression(parsing: text).columnRequests
      case .polynomial(let polynomial): try Expression(parsing: polynomial.argument).columnRequests
      case .centred(let centring):
        try Expression(parsing: centring.argument).columnRequests
          + [centring.group].compactMap { $0.map { .category($0) } }
          + [centring.weights].compactMap { $0.map { .number($0) } }
      }
    }
  }

  var isPolynomial: Bool { if case .polynomial = self { true } else { false } }

  var contrast: Contrast { if case .category(let category) = self { category.contrast } else { .treatment } }
}

extension ImmerseError {
  fileprivate static func textResponse(_ name: String) -> ImmerseError {
    ImmerseError(
      .badData, "holds text where the response must be numbers", variable: name, remedy: "recode it to numbers")
  }

  fileprivate static func unknownLevel(_ level: String, of column: String) -> ImmerseError {
    ImmerseError(
      .badData, "has no level \"\(level)\" in the data", variable: column,
      remedy: "list levels as they stand in the data")
  }
}
