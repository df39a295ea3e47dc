import Columnar
import LinearAlgebra
import Streaming

/// Calibrates the cells and patterns of a pass, every domain by itself.
struct Calibration {
  private let request: CalibrationRequest
  private let name: String
  private let partial: CellsPartial
  private let auxiliaries: Auxiliaries
  private let bounds: UnitBounds
  private let ridges: [Double]

  init(_ request: CalibrationRequest, name: String, _ partial: CellsPartial) throws(ImmerseError) {
    self.request = request
    self.name = name
    bounds = UnitBounds(request, numbers: partial.plan.numbers)
    ridges = request.ridges
    let auxiliaries = try Auxiliaries(
      request.margins, by: request.by, numbers: partial.plan.numbers, classes: partial.plan.classes,
      keys: partial.cells.keys)
    try Consistency.check(
      request.margins, isExact: ridges.map { $0 == 0 }, auxiliaries,
      startingTotals: auxiliaries.totals(partial.products, perCell: partial.productsPerCell))
    let clusters = try request.cluster.map { _ throws(ImmerseError) in try Integration(partial, auxiliaries) }
    self.partial = clusters?.partial ?? partial
    self.auxiliaries = clusters?.auxiliaries ?? auxiliaries
  }

  func model() throws(ImmerseError) -> CalibrationModel {
    let before = auxiliaries.totals(partial.products, perCell: partial.productsPerCell)
    let isClosed = request.function.isLinear && !request.boundsRows
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
    let factors = CalibratedFactors(bounds, eta: eta, auxiliaries, numbers: partial.plan.numbers.count)
    return CalibrationModel(
      name: name, output: request.output, plan: partial.plan, cells: partial.cells, auxiliaries: auxiliaries,
      factors: .calibrated(factors), ridges: ridges,
      covariance: request.covariance.isEmpty ? request.margins.covariance : request.covariance,
      summary: try summary(factors, before: before, after: after, iterations: iterations, error: error))
  }

  private func summary(
    _ factors: CalibratedFactors, before: [Double], after: [Double], iterations: Int, error: Double
  ) throws(ImmerseError) -> CalibrationSummary {
    var sum = 0.0
    var range: [Double] = []
    if partial.plan.collectsPatterns || partial.plan.numbers.isEmpty {
      try forEachUnit { (cell, values, weight, count) throws(ImmerseError) in
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
      }, missable: ridges.count { $0 > 0 })
  }

  /// The linear case: η = (Σ d x x')⁻¹ (t − Σ d x), and once more for what rounding left.
  private func solveOnce(
    _ terms: [Int], _ gram: Matrix, _ before: [Double]
  ) throws(ImmerseError) -> CalibrationProblem.Solution {
    let own = gram.submatrix(rows: terms, columns: terms)
    let ridge = terms.map { ridges[$0] }
    let scale = own.diagonal.map { $0 > 0 ? $0.squareRoot() : 1 }
    var eta = terms.map { _ in 0.0 }
    var reached = terms.map { before[$0] }
    var error = Double.infinity
    for _ in 0..<3 where error > request.tolerance {
      let missed = terms.indices.map { request.margins[terms[$0]].total - reached[$0] - ridge[$0] * eta[$0] }
      eta = zip(eta, try CalibrationProblem.solve(own, ridge: ridge, missed, scale: scale)).map(+)
      error = 0
      for (local, term) in terms.enumerated() {
        reached[local] = eta.indices.reduce(before[term]) { $0 + own[local, $1] * eta[$1] }
        let target = request.margins[term].total
        let size = target == 0 ? scale[local] : target.magnitude
        let miss = reached[local] + ridge[local] * eta[local] - target
        let relative = miss.magnitude / max(size, .leastNormalMagnitude)
        if !(relative <= error) { error = relative }
      }
    }
    guard error <= Consistency.acceptable else {
      throw Certificate(
        margins: terms.map { request.margins[$0] }, ridges: ridge, reached: reached, bounds: bounds
      ).error
    }
    return .init(eta: eta, reached: reached, iterations: 1, relativeError: error)
  }

  private func iterate(_ domain: Int, _ terms: [Int]) throws(ImmerseError) -> CalibrationProblem.Solution {
    let problem = try problem(domain, terms)
    let solution = try problem.solve(tolerance: request.tolerance, iterations: request.iterations)
    if solution.relativeError <= Consistency.acceptable { return solution }
    throw try Certificate(problem, terms.map { request.margins[$0] }, bounds: bounds).error
  }

  private func problem(_ domain: Int, _ terms: [Int]) throws(ImmerseError) -> CalibrationProblem {
    var local = [Int](repeating: 0, count: request.margins.count)
    for (index, term) in terms.enumerated() { local[term] = index }
    var problem = CalibrationProblem(
      targets: terms.map { request.margins[$0].total }, ridges: terms.map { ridges[$0] }, function: request.function)
    try forEachUnit { (cell, values, weight, count) throws(ImmerseError) in
      guard auxiliaries.domainOfCell[cell] == domain else { return }
      let range = bounds.range(weight: weight / count) { values[values.startIndex + $0] }
      try bounds.check(range, request.unitBounds)
      problem.add(
        weight: weight, lower: range.lower, upper: range.upper,
        auxiliaries.entries(ofCell: cell).lazy.map { entry -> (term: Int, value: Double) in
          let value = entry.value == 0 ? 1 : values[values.startIndex + entry.value - 1]
          return (term: local[entry.term], value: entry.coefficient * value)
        })
    }
    return problem
  }

  /// Every pattern, or every cell where patterns tell no more, that weighs something: its cell, numbers, Σ d and rows.
  private func forEachUnit(
    _ body: (Int, ArraySlice<Double>, Double, Double) throws(ImmerseError) -> Void
  ) throws(ImmerseError) {
    if partial.plan.collectsPatterns {
      let patterns = partial.patterns
      for pattern in 0..<patterns.count where patterns.weights[pattern] > 0 {
        try body(
          patterns.cells[pattern], patterns.values(of: pattern), patterns.weights[pattern], patterns.counts[pattern])
      }
    } else {
      for (cell, weight) in partial.weights.enumerated() where weight > 0 {
        try body(cell, [], weight, Double(partial.rows[cell]))
      }
    }
  }
}
