import Columnar
import Streaming

/// Iterative proportional fitting (Deming and Stephan 1940) on the cells of a cross-classification.
///
/// Each sweep multiplies, variable by variable, the cells of every category by target over current total. The rows are
/// not touched: a row's factor is its cell's. With one variable the first sweep is post-stratification.
struct Raking {
  private let request: RakeRequest
  private let name: String
  private let partial: CellsPartial
  private let auxiliaries: Auxiliaries
  private let start: [Double]
  /// By margin, the cells it adds up.
  private let cells: [[Int]]

  init(_ request: RakeRequest, name: String, _ partial: CellsPartial) throws(ImmerseError) {
    self.request = request
    self.name = name
    self.partial = partial
    start = partial.weights
    auxiliaries = try Auxiliaries(
      request.margins, by: request.by, numbers: [], classes: partial.plan.classes, keys: partial.cells.keys)
    cells = auxiliaries.cellsByTerm
    try Consistency.check(
      request.margins, isExact: request.margins.map { _ in true }, auxiliaries,
      startingTotals: auxiliaries.totals(start, perCell: 1))
  }

  func model() throws(ImmerseError) -> CalibrationModel {
    var weights = start
    var sweeps = 0
    var error = misfit(weights)
    while error > request.tolerance && sweeps < request.sweeps {
      for (term, cells) in cells.enumerated() {
        let current = total(cells, weights)
        if current == 0 { continue }
        let factor = request.margins[term].total / current
        for cell in cells { weights[cell] *= factor }
      }
      sweeps += 1
      error = misfit(weights)
    }
    guard error <= request.tolerance else { throw try certificate().error }
    let factors = zip(weights, start).map { $1 > 0 ? $0 / $1 : 0 }
    let used = zip(factors, start).filter { $0.1 > 0 }.map(\.0)
    return CalibrationModel(
      name: name, output: request.output, plan: partial.plan, cells: partial.cells, auxiliaries: auxiliaries,
      factors: .byCell(factors), ridges: [], covariance: request.margins.covariance,
      summary: CalibrationSummary(
        count: partial.rows.reduce(0, +), iterations: sweeps, largestRelativeError: error,
        sumBefore: start.reduce(0, +), sumAfter: weights.reduce(0, +), smallestFactor: used.min(),
        largestFactor: used.max(),
        margins: request.margins.indices.map {
          .init(margin: request.margins[$0], before: total(cells[$0], start), after: total(cells[$0], weights))
        }))
  }

  private func total(_ cells: [Int], _ weights: [Double]) -> Double { cells.reduce(0) { $0 + weights[$1] } }

  private func misfit(_ weights: [Double]) -> Double {
    var worst = 0.0
    for (term, cells) in cells.enumerated() {
      let target = request.margins[term].total
      let error = (total(cells, weights) - target).magnitude / max(target, .leastNormalMagnitude)
      // Written so that NaN counts as the worst.
      if !(error <= worst) { worst = error }
    }
    return worst
  }

  /// What sweeps cannot reach is a problem of the raking distance.
  private func certificate() throws(ImmerseError) -> Certificate {
    let bounds = UnitBounds(CalibrationRequest(margins: request.margins, method: .raking), numbers: [])
    var problem = CalibrationProblem(targets: request.margins.map(\.total), function: bounds.function)
    for (cell, weight) in start.enumerated() where weight > 0 {
      problem.add(
        weight: weight, lower: 0, upper: .infinity,
        auxiliaries.entries(ofCell: cell).lazy.map { (term: $0.term, value: 1.0) })
    }
    return try Certificate(problem, request.margins, bounds: bounds)
  }
}
