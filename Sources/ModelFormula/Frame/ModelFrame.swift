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
    /// An orthonormal polynomial of the expression; nil until a pass has found its coefficients.
    case polynomial(Expression, PolynomialCoefficients?)
    case centred(Expression, Centre)
  }

  /// The random part's effects over one group.
  public struct RandomDesign: Sendable {
    public let term: RandomTerm
    /// Positions in the frame's columns.
    public let columns: [Int]
  }

  public let formula: Formula
  /// What messages call the variables: the response, the covariates, the grouping columns, the further
  /// numbers.
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
  ///   - statistics: what a pass before has found for terms that depend on all rows.
  /// - Throws: `badData` where a category has fewer than two levels or a column does not hold what its use needs.
  public init(
    _ formula: Formula, furtherNumbers: [String] = [], furtherGroups: [String] = [], profile: Profile,
    statistics: TermStatistics = TermStatistics()
  ) throws(ImmerseError) {
    var names: [String] = []
    var origins: [Origin] = []
    func add(_ name: String, _ origin: Origin) -> Int {
      names.append(name)
      origins.append(origin)
      return names.count - 1
    }
    let response = add(formula.response.label, try Origin(response: formula, in: profile))
    var columnsOf: [Variable: VariableColumns] = [:]
    for variable in formula.covariates {
      let own = try Origin.all(variable, in: profile, statistics)
      if case .category(let name, let levels) = own[0], levels.count < 2 { throw .tooFewLevels(name) }
      let positions = own.enumerated().map { index, origin in
        let suffix = own.count > 1 || variable.isPolynomial ? "\(index + 1)" : ""
        return (suffix: suffix, variable: add(variable.label + suffix, origin))
      }
      if case .category(_, let levels) = own[0] {
        columnsOf[variable] = .category(variable: positions[0].variable, levels: levels.names, variable.contrast)
      } else {
        columnsOf[variable] = .numbers(positions)
      }
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
    func designColumns(of terms: Terms) -> [DesignColumn] { terms.designColumns { columnsOf[$0] ?? .numbers([]) } }
    fixed = positions(of: designColumns(of: formula.fixed))
    random = formula.random.map { RandomDesign(term: $0, columns: positions(of: designColumns(of: $0.effects))) }
    self.response =
      positions(
        of: [
          DesignColumn(
            name: formula.response.label, term: formula.response.label,
            parts: [.init(variable: response, coding: .number)])
        ])[0]
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

extension ModelFrame {
  /// The levels of a categorical variable, by its position in the variables; nil for a number.
  public func levels(of variable: Int) -> Levels? {
    if case .category(_, let levels) = origins[variable] { levels } else { nil }
  }
}

extension ImmerseError {
  fileprivate static func tooFewLevels(_ name: String) -> ImmerseError {
    ImmerseError(
      .badData, "is a category with fewer than two levels", variable: name, remedy: "leave it out of the formula")
  }
}
