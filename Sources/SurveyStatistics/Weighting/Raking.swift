import Columnar
import Streaming

/// Iterative proportional fitting (Deming and Stephan 1940) on the cells of a cross-classification.
///
/// Each sweep multiplies, margin by margin, the cells of every category by target over current total. The rows are
/// not touched: a row's factor is its cell's.
struct Raking {
  private let request: RakeRequest
  private let classes: CellKeys
  private let keys: [UInt64]
  private let rows: [Int]
  private let start: [Double]
  private let constraints: [Constraint]

  /// One margin and the cells it adds up.
  private struct Constraint {
    let margin: Margin
    let cells: [Int]

    func total(_ weights: [Double]) -> Double { cells.reduce(0) { $0 + weights[$1] } }
  }

  init(_ request: RakeRequest, _ classes: CellKeys, _ partial: CellsFit.Partial) throws(ImmerseError) {
    self.request = request
    self.classes = classes
    // Sorted, so that the factors do not depend on the order of the rows.
    let order = partial.cells.keys.indices.sorted { partial.cells.keys[$0] < partial.cells.keys[$1] }
    keys = order.map { partial.cells.keys[$0] }
    rows = order.map { partial.rows[$0] }
    start = order.map { partial.weights[$0] }
    constraints = try Raking.constraints(request, classes, keys)
    try checkTotals()
  }

  func model() throws(ImmerseError) -> RakeModel {
    var weights = start
    var sweeps = 0
    var worst = misfit(weights)
    while worst.error > request.tolerance && sweeps < request.sweeps {
      for constraint in constraints {
        let current = constraint.total(weights)
        if current == 0 { continue }
        let factor = constraint.margin.total / current
        for cell in constraint.cells { weights[cell] *= factor }
      }
      sweeps += 1
      worst = misfit(weights)
    }
    guard worst.error <= request.tolerance else {
      let margin = constraints[worst.constraint].margin
      throw ImmerseError(
        .badData,
        "no weights were found that meet all margins: after \(sweeps) sweeps the total of \(margin.name) is still off "
          + "by a relative \(worst.error)", variable: margin.variable,
        remedy: "its rows may be empty in a combination the other margins need; merge categories or drop a margin")
    }
    return RakeModel(
      request: request, classes: classes, cells: KeyIndex(keys),
      factors: zip(weights, start).map { $1 > 0 ? $0 / $1 : 0 }, margins: constraints.map(\.cells),
      summary: summary(weights, sweeps, worst.error))
  }

  private func misfit(_ weights: [Double]) -> (error: Double, constraint: Int) {
    var worst = (error: 0.0, constraint: 0)
    for (index, constraint) in constraints.enumerated() {
      let target = constraint.margin.total
      let error = (constraint.total(weights) - target).magnitude / max(target, .leastNormalMagnitude)
      // Written so that NaN counts as the worst.
      if !(error <= worst.error) { worst = (error, index) }
    }
    return worst
  }

  // MARK: Checks

  private static func constraints(
    _ request: RakeRequest, _ classes: CellKeys, _ keys: [UInt64]
  ) throws(ImmerseError) -> [Constraint] {
    let codes = keys.map { classes.levels.codes(ofCombination: $0) }
    var covered: [String: Set<Int>] = [:]
    var constraints: [Constraint] = []
    for margin in request.margins {
      var named = Array(zip(margin.columns, margin.categories))
      if let by = request.by { named.append((by, margin.domain ?? "")) }
      var wanted: [(column: Int, code: Int)] = []
      for (name, category) in named {
        guard let column = classes.columns.firstIndex(of: name), let code = classes.levels[column].code(of: category)
        else { throw emptyMargin(margin, variable: name, category: category) }
        wanted.append((column, Int(code)))
      }
      let cells = codes.indices.filter { cell in wanted.allSatisfy { codes[cell][$0.column] == $0.code } }
      guard !cells.isEmpty else { throw emptyMargin(margin, variable: margin.variable, category: margin.category) }
      covered[margin.variable, default: []].formUnion(cells)
      constraints.append(Constraint(margin: margin, cells: cells))
    }
    for (variable, cells) in covered.sorted(by: { $0.key < $1.key }) where cells.count < keys.count {
      throw ImmerseError(
        .badData, "the data have categories for which the margins give no total", variable: variable,
        remedy: "give every category a total, in every domain")
    }
    return constraints
  }

  private static func emptyMargin(_ margin: Margin, variable: String, category: String) -> ImmerseError {
    ImmerseError(
      .badData,
      "no row\(margin.domain.map { $0 == category ? "" : " of \($0)" } ?? "") has the category \"\(category)\" that the "
        + "margins give a total for", variable: variable,
      remedy: "correct the margins, or merge the category with another")
  }

  /// The margins of one domain must add up to one population, and have rows that weigh something.
  private func checkTotals() throws(ImmerseError) {
    for (domain, margins) in Dictionary(grouping: request.margins, by: { $0.domain ?? "" }).sorted(by: {
      $0.key < $1.key
    }) {
      let totals = Dictionary(grouping: margins, by: \.variable).mapValues { $0.reduce(0) { $0 + $1.total } }
        .sorted { $0.key < $1.key }
      for other in totals.dropFirst()
      where (other.value - totals[0].value).magnitude > 1e-6 * max(other.value, totals[0].value) {
        throw ImmerseError(
          .badData,
          "its totals add up to \(NumberText.shortest(other.value)), those of \"\(totals[0].key)\" to "
            + "\(NumberText.shortest(totals[0].value))\(domain.isEmpty ? "" : " in \(domain)")",
          variable: other.key, remedy: "margins must describe one population")
      }
    }
    for constraint in constraints where constraint.margin.total > 0 && constraint.total(start) == 0 {
      throw ImmerseError(
        .badData, "all rows of the category \(constraint.margin.name) have weight zero",
        variable: constraint.margin.variable, remedy: "give them a weight, or merge the category with another")
    }
  }

  private func summary(_ weights: [Double], _ sweeps: Int, _ error: Double) -> RakeSummary {
    let factors = zip(weights, start).filter { $0.1 > 0 }.map { $0 / $1 }
    return RakeSummary(
      count: rows.reduce(0, +), sweeps: sweeps, largestRelativeError: error,
      sumBefore: start.reduce(0, +), sumAfter: weights.reduce(0, +),
      smallestFactor: factors.min() ?? 1, largestFactor: factors.max() ?? 1,
      margins: constraints.map {
        RakeSummary.Row(margin: $0.margin, before: $0.total(start), after: $0.total(weights))
      })
  }
}
