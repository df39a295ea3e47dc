import Columnar
import LinearAlgebra
import Streaming

/// Calibrates the cells and patterns of a pass, every domain by itself.
struct Calibration {
  private let request: CalibrationRequest
  private let name: String
  private let partial: CellsPartial
  private let auxiliaries: Auxiliaries

  init(_ request: CalibrationRequest, name: String, _ partial: CellsPartial) throws(ImmerseError) {
    self.request = request
    self.name = name
    let auxiliaries = try Auxiliaries(
      request.margins, by: request.by, numbers: partial.plan.numbers, classes: partial.plan.classes,
      keys: partial.cells.keys)
    try Consistency.check(
      request.margins, auxiliaries,
      startingTotals: auxiliaries.totals(partial.products, perCell: partial.productsPerCell))
    let clusters = try request.cluster.map { _ throws(ImmerseError) in try Integration(partial, auxiliaries) }
    self.partial = clusters?.partial ?? partial
    self.auxiliaries = clusters?.auxiliaries ?? auxiliaries
  }

  func model() throws(ImmerseError) -> CalibrationModel {
    let before = auxiliaries.totals(partial.products, perCell: partial.productsPerCell)
    let isClosed = request.function.isLinear && request.weightBounds == nil
    var eta = request.margins.map { _ in 0.0 }
    var after = eta
    var (iterations, error) = (0, 0.0)
    let gram = auxiliaries.gram(partial.products, numbers: partial.plan.numbers.count)
    for domain in auxiliaries.domainNames.indices {
      let terms = request.margins.indices.filter { auxiliaries.domainOfTerm[$0] == domain }
      if terms.isEmpty { continue }
      let solution = try isClosed ? solveOnce(terms, gram, before) : iterate(domain, terms)
      for (local, term) in terms.enumerated() {
        eta[term] = solution.eta[local]
        after[term] = solution.reached[local]
      }
      iterations = max(iterations, solution.iterations)
      error = max(error, solution.relativeError)
    }
    let factors = CalibratedFactors(
      function: request.function, weightBounds: request.weightBounds, eta: eta, auxiliaries,
      numbers: partial.plan.numbers.count)
    return CalibrationModel(
      name: name, output: request.output, plan: partial.plan, cells: partial.cells, auxiliaries: auxiliaries,
      factors: .calibrated(factors),
      summary: summary(factors, before: before, after: after, iterations: iterations, error: error))
  }

  private func summary(
    _ factors: CalibratedFactors, before: [Double], after: [Double], iterations: Int, error: Double
  ) -> CalibrationSummary {
    var sum = 0.0
    var range: [Double] = []
    if partial.plan.collectsPatterns || partial.plan.numbers.isEmpty {
      forEachUnit { cell, values, weight, count in
        let g = factors.factor(cell: cell, weight: weight / count) { values[values.startIndex + $0] }
        sum += weight * g
        range = [min(range.first ?? g, g), max(range.last ?? g, g)]
      }
    } else {
      for cell in partial.rows.indices { sum += factors.sum(cell: cell, partial.products, partial.productsPerCell) }
    }
    return CalibrationSummary(
      count: partial.rows.reduce(0, +), iterations: iterations, largestRelativeError: error,
      sumBefore: partial.weights.reduce(0, +), sumAfter: sum, smallestFactor: range.first, largestFactor: range.last,
      margins: request.margins.indices.map {
        .init(margin: request.margins[$0], before: before[$0], after: after[$0])
      })
  }

  /// The linear case: η = (Σ d x x')⁻¹ (t − Σ d x), and once more for what rounding left.
  private func solveOnce(
    _ terms: [Int], _ gram: Matrix, _ before: [Double]
  ) throws(ImmerseError) -> CalibrationProblem.Solution {
    let own = gram.submatrix(rows: terms, columns: terms)
    let scale = own.diagonal.map { $0 > 0 ? $0.squareRoot() : 1 }
    var eta = terms.map { _ in 0.0 }
    var reached = terms.map { before[$0] }
    var error = Double.infinity
    for _ in 0..<3 where error > request.tolerance {
      let missed = zip(terms, reached).map { request.margins[$0].total - $1 }
      eta = zip(eta, try CalibrationProblem.solve(own, missed, scale: scale)).map(+)
      error = 0
      for (local, term) in terms.enumerated() {
        reached[local] = eta.indices.reduce(before[term]) { $0 + own[local, $1] * eta[$1] }
        let target = request.margins[term].total
        let size = target == 0 ? scale[local] : target.magnitude
        let relative = (reached[local] - target).magnitude / max(size, .leastNormalMagnitude)
        if !(relative <= error) { error = relative }
      }
    }
    guard error <= Consistency.acceptable else {
      throw Certificate(
        margins: terms.map { request.margins[$0] }, reached: reached, bounds: nil, function: request.function
      ).error
    }
    return .init(eta: eta, reached: reached, iterations: 1, relativeError: error)
  }

  private func iterate(_ domain: Int, _ terms: [Int]) throws(ImmerseError) -> CalibrationProblem.Solution {
    let problem = problem(domain, terms)
    let solution = try problem.solve(tolerance: request.tolerance, iterations: request.iterations)
    if solution.relativeError <= Consistency.acceptable { return solution }
    throw try Certificate(problem, terms.map { request.margins[$0] }, bounds: request.weightBounds).error
  }

  private func problem(_ domain: Int, _ terms: [Int]) -> CalibrationProblem {
    var local = [Int](repeating: 0, count: request.margins.count)
    for (index, term) in terms.enumerated() { local[term] = index }
    var problem = CalibrationProblem(targets: terms.map { request.margins[$0].total }, function: request.function)
    forEachUnit { cell, values, weight, count in
      guard auxiliaries.domainOfCell[cell] == domain else { return }
      let (lower, upper) = CalibratedFactors.bounds(request.function, request.weightBounds, weight: weight / count)
      problem.add(
        weight: weight, lower: lower, upper: upper,
        auxiliaries.entries(ofCell: cell).lazy.map { entry -> (term: Int, value: Double) in
          let value = entry.value == 0 ? 1 : values[values.startIndex + entry.value - 1]
          return (term: local[entry.term], value: entry.coefficient * value)
        })
    }
    return problem
  }

  /// Every pattern, or every cell where patterns tell no more, that weighs something: its cell, numbers, Σ d and rows.
  private func forEachUnit(_ body: (Int, ArraySlice<Double>, Double, Double) -> Void) {
    if partial.plan.collectsPatterns {
      let patterns = partial.patterns
      for pattern in 0..<patterns.count where patterns.weights[pattern] > 0 {
        body(patterns.cells[pattern], patterns.values(of: pattern), patterns.weights[pattern], patterns.counts[pattern])
      }
    } else {
      for (cell, weight) in partial.weights.enumerated() where weight > 0 {
        body(cell, [], weight, Double(partial.rows[cell]))
      }
    }
  }
}
