import Columnar
import Probability

/// Which runs are done: where each stands among the methods and draws, and which of them share a combination of methods.
struct RunLayout: Sendable {
  typealias Cell = SensitivityFactors.Cell

  /// What the indices are reported for.
  let factors: [(name: String, levels: Int)]
  let runs: [SensitivityFactors.Run]
  /// The weightings that runs refer to.
  let weights: WeightDraws
  /// Combinations of methods with their runs, in the order in which they first appear.
  let cells: [(cell: Cell, runs: [Int])]
  /// Rows of a base sample; 0 in the factorial design.
  let baseRows: Int

  private init(
    _ factors: [(name: String, levels: Int)], _ runs: [SensitivityFactors.Run], _ weights: WeightDraws, baseRows: Int
  ) {
    self.factors = factors
    self.runs = runs
    self.weights = weights
    self.baseRows = baseRows
    var place: [Cell: Int] = [:]
    var cells: [(cell: Cell, runs: [Int])] = []
    for (index, run) in runs.enumerated() {
      if let known = place[run.cell] {
        cells[known].runs.append(index)
      } else {
        place[run.cell] = cells.count
        cells.append((run.cell, [index]))
      }
    }
    self.cells = cells
  }

  /// Every combination, the last factor running fastest.
  ///
  /// - Throws: `usage` where there are too many.
  init(factorial factors: SensitivityFactors) throws(ImmerseError) {
    try Self.check(factors.runCount)
    self.init(
      factors.factors.map { ($0.name, $0.count) }, factors.combinations, factors.weights, baseRows: 0)
  }

  /// Two base samples A and B of uniform numbers, then, factor by factor, A with the factor's number from B.
  ///
  /// Row `r` of both is the stream `r` of the seed. A number chooses a level or a draw, or, where each weight is a factor,
  /// is the weight's noise.
  init(
    sobol factors: SensitivityFactors, _ plan: SensitivityPlan, _ hierarchy: Hierarchy, rows: Int, seed: UInt64
  ) throws(ImmerseError) {
    guard rows > 1 else {
      throw ImmerseError(.usage, "the design sobol needs at least two rows", variable: "sobol_rows")
    }
    let noise = plan.weights ?? WeightNoise()
    let single =
      noise.isEachAFactor ? noise.varies(hierarchy).enumerated().filter(\.element).map(\.offset) : []
    let steps = factors.factors.filter { single.isEmpty || $0.name != "weights" }
    let names = steps.map { ($0.name, $0.count) } + single.map { ("weight of \(hierarchy.terms[$0].code)", 0) }
    let width = names.count
    let (count, overflow) = rows.multipliedReportingOverflow(by: width + 2)
    try Self.check(overflow ? .max : count)

    var numbers: [Double] = []
    let streams = RandomStreams(seed: seed, purpose: "sobol")
    for row in 0..<rows {
      var stream = streams[row]
      for _ in 0..<(2 * width) { numbers.append(stream.uniform()) }
    }
    /// The numbers of a run: sample 0 is A, 1 is B, 2 + i is A with factor i from B.
    func point(_ sample: Int, _ row: Int) -> [Double] {
      let (a, b) = (2 * width * row, 2 * width * row + width)
      if sample == 1 { return Array(numbers[b..<b + width]) }
      var point = Array(numbers[a..<a + width])
      if sample > 1 { point[sample - 2] = numbers[b + sample - 2] }
      return point
    }
    var runs: [SensitivityFactors.Run] = []
    var drawn: [Double] = []
    for sample in 0..<(width + 2) {
      for row in 0..<rows {
        let point = point(sample, row)
        var run = SensitivityFactors.Run(cell: Cell(), weights: 0)
        for (step, u) in zip(steps, point) {
          let level = min(step.count - 1, Int(u * Double(step.count)))
          switch step.name {
          case "impute": run.cell.impute = level
          case "treat": run.cell.treat = level
          case "normalise": run.cell.normalise = level
          case "sampling": run.cell.sampling = level
          case "aggregate": run.cell.aggregate = level
          default: run.weights = level
          }
        }
        if !single.isEmpty {
          run.weights = runs.count
          var own = [Double](repeating: 1, count: hierarchy.terms.count)
          for (term, u) in zip(single, point[steps.count...]) { own[term] = noise.factor(u) }
          drawn += own
        }
        runs.append(run)
      }
    }
    self.init(
      names, runs,
      single.isEmpty ? factors.weights : WeightDraws(width: hierarchy.terms.count, factors: drawn), baseRows: rows)
  }

  private static func check(_ runs: Int) throws(ImmerseError) {
    if runs > RunOutputs.limit {
      throw ImmerseError(
        .usage, "the plan asks for \(runs == .max ? "far too many" : "\(runs)") runs",
        remedy: "draw less often, give fewer alternatives or use the design sobol")
    }
  }
}
