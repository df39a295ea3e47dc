/// The maximum of c · w over w ≥ 0 with A w ≤ b, b ≥ 0, by the simplex method of COIN-OR CLP.
struct LinearProgram {
  /// Row by row, with the greatest value each may take.
  private(set) var rows: [(coefficients: [Double], limit: Double)] = []

  mutating func require(_ coefficients: [Double], atMost limit: Double) {
    rows.append((coefficients, limit))
  }

  /// Nil where there is no maximum, or arithmetic does not reach it.
  func maximum(of objective: [Double]) -> Double? {
    guard let solver = SimplexSolver.installed, let model = solver.newModel() else { return nil }
    defer { solver.deleteModel(model) }
    let (width, height) = (objective.count, rows.count)
    // Column by column, as the solver wants it.
    let starts = (0...width).map { Int32($0 * height) }
    let indices = (0..<width).flatMap { _ in (0..<height).map { Int32($0) } }
    let values = (0..<width).flatMap { column in rows.map { $0.coefficients[column] } }
    let unbounded = [Double](repeating: .infinity, count: width)
    let lowest = [Double](repeating: -.infinity, count: height)
    solver.setLogLevel(model, 0)
    solver.loadProblem(
      model, Int32(width), Int32(height), starts, indices, values, [Double](repeating: 0, count: width), unbounded,
      objective, lowest, rows.map(\.limit))
    solver.setObjectiveSense(model, -1)
    _ = solver.initialPrimalSolve(model)
    return solver.status(model) == 0 ? solver.objectiveValue(model) : nil
  }
}
