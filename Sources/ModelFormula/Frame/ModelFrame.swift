public import Columnar
import Expressions
public import Streaming

/// A formula made concrete for one dataset: which columns the design has, and how each is computed from a row.
///
/// Columns that several parts of the model share, as a covariate with a random slope does, stand here once.
public struct ModelFrame: Sendable {
  /// Where a variable's value comes from.
  enum Origin: Sendable {
    case number(String)
    case category(String, Levels)
    case expression(Expression)
  }

  /// The random part's effects over one group.
  public struct RandomDesign: Sendable {
    public let term: RandomTerm
    /// Positions in the frame's columns.
    public let columns: [Int]
  }

  public let formula: Formula
  /// What messages call the variables: the response, the covariates, the grouping columns, the further numbers.
  public let variableNames: [String]
  /// The distinct columns of response, fixed and random part.
  public let columns: [DesignColumn]
  /// The response's position in the columns.
  public let response: Int
  /// The positions of the fixed part's columns, in R's order.
  public let fixed: [Int]
  public let random: [RandomDesign]
  /// The distinct grouping columns, with their position in the variables and their levels.
  public let groups: [(name: String, variable: Int, levels: Levels)]
  /// The positions in the variables of the further numbers.
  public let furtherNumbers: [Int]
  public let columnRequests: [ColumnRequest]
  let origins: [Origin]
  let profile: Profile

  /// - Parameters:
  ///   - furtherNumbers: numeric columns that must be complete too, such as weights.
  ///   - furtherGroups: columns whose combinations are told apart too, such as clusters of a sample.
  /// - Throws: `badData` where a category has fewer than two levels or a column does not hold what its use needs.
  public init(
    _ formula: Formula, furtherNumbers: [String] = [], furtherGroups: [String] = [], profile: Profile
  ) throws(ImmerseError) {
    var names: [String] = []
    var origins: [Origin] = []
    func add(_ name: String, _ origin: Origin) -> Int {
      names.append(name)
      origins.append(origin)
      return names.count - 1
    }
    let response = add(formula.response.label, try Origin(formula.response, in: profile))
    if case .category(let name, _) = origins[response] { throw .textResponse(name) }
    var position: [Variable: Int] = [:]
    for variable in formula.covariates {
      let origin = try Origin(variable, in: profile)
      if case .category(let name, let levels) = origin, levels.count < 2 { throw .tooFewLevels(name) }
      position[variable] = add(variable.label, origin)
    }
    var groups: [(name: String, variable: Int, levels: Levels)] = []
    for name in formula.random.flatMap(\.group) + furtherGroups where !groups.contains(where: { $0.name == name }) {
      guard let levels = profile.levels[name] else { throw .missingColumn(name, among: Array(profile.levels.keys)) }
      groups.append((name, add(name, .category(name, levels)), levels))
    }
    self.furtherNumbers = furtherNumbers.map { add($0, .number($0)) }

    var columns: [DesignColumn] = []
    func positions(of new: [DesignColumn]) -> [Int] {
      new.map { column in
        if let known = columns.firstIndex(of: column) { return known }
        columns.append(column)
        return columns.count - 1
      }
    }
    func designColumns(of terms: Terms) -> [DesignColumn] {
      terms.designColumns {
        position[$0] ?? 0
      } levels: { variable in
        guard let index = position[variable], case .category(_, let levels) = origins[index] else { return nil }
        return levels.names
      }
    }
    fixed = positions(of: designColumns(of: formula.fixed))
    random = formula.random.map { RandomDesign(term: $0, columns: positions(of: designColumns(of: $0.effects))) }
    self.response =
      positions(
        of: [DesignColumn(name: formula.response.label, parts: [.init(variable: response, level: nil)])])[0]
    columnRequests =
      (try formula.columnRequests + furtherNumbers.map { .number($0) } + furtherGroups.map { .category($0) }).merged
    variableNames = names
    self.formula = formula
    self.columns = columns
    self.groups = groups
    self.origins = origins
    self.profile = profile
  }
}

extension ModelFrame.Origin {
  /// A column is a number where every value is one, also where another part of the formula or another analysis of the
  /// same data asked for it as a category; unless its levels were declared as categories.
  init(_ variable: Variable, in profile: Profile) throws(ImmerseError) {
    switch variable {
    case .expression(let text, _): self = .expression(try Expression(parsing: text))
    case .factor(let name), .column(let name):
      let isFactor = variable == .factor(name)
      if !isFactor && profile.numbers[name] != nil {
        self = .number(name)
        return
      }
      guard let levels = profile.levels[name] else {
        throw .missingColumn(name, among: Array(profile.levels.keys) + Array(profile.numbers.keys))
      }
      let isNumber = !isFactor && !levels.isDeclared && levels.numbers != nil
      self = isNumber ? .number(name) : .category(name, levels)
    }
  }
}

extension Variable {
  var requests: [ColumnRequest] {
    get throws(ImmerseError) {
      switch self {
      case .column(let name): [.automatic(name)]
      case .factor(let name): [.category(name)]
      case .expression(let text, _): try Expression(parsing: text).columnRequests
      }
    }
  }
}

extension ImmerseError {
  fileprivate static func textResponse(_ name: String) -> ImmerseError {
    ImmerseError(
      .badData, "holds text where the response must be numbers", variable: name, remedy: "recode it to numbers")
  }

  fileprivate static func tooFewLevels(_ name: String) -> ImmerseError {
    ImmerseError(
      .badData, "is a category with fewer than two levels", variable: name, remedy: "leave it out of the formula")
  }
}
