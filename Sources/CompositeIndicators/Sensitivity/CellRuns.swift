import Columnar

/// One combination of methods, fitted to the units: it scores them under any weighting.
struct CellRuns: Sendable {
  /// What the steps did, and the range of normalised values.
  struct Log: Sendable {
    var steps: [Note]
    var minimum: Double
    var maximum: Double
  }

  let log: Log
  private let aggregation: FrozenAggregation
  private let normalised: UnitMatrix
  private let scores: DrawnScores?
  private let target: Int

  init(
    _ framework: Framework, _ method: ScoreMethod, _ units: UnitMatrix, target: Int
  ) throws(ImmerseError) {
    let model = try ScoreModel(refitting: framework, method, to: units)
    var notes: [Note] = []
    let normalised = try model.normalised(units, notes: &notes)
    aggregation = model.aggregation
    let plain = try aggregation.apply(to: normalised, notes: &notes)
    scores = DrawnScores(aggregation, plain, target: target)
    self.target = target
    self.normalised = normalised
    let values = framework.indicators.compactMap { normalised[$0.code]?.present }
    log = Log(
      steps: notes, minimum: values.compactMap { $0.min() }.min() ?? .nan,
      maximum: values.compactMap { $0.max() }.max() ?? .nan)
  }

  /// Scores and ranks the units under the weights of each run and hands them to the outputs.
  ///
  /// - Throws: `badData` where a mean is not defined under some weights.
  func evaluate(
    _ runs: [(run: Int, weights: Int)], _ draws: WeightDraws, nominal: [Int32], into outputs: RunOutputs
  ) throws(ImmerseError) {
    let (width, units) = (DrawnScores.width, normalised.units.count)
    let blockScores = UnsafeMutablePointer<Double>.allocate(capacity: units * width)
    let blockRanks = UnsafeMutablePointer<Double>.allocate(capacity: units * width)
    defer {
      blockScores.deallocate()
      blockRanks.deallocate()
    }
    for start in stride(from: 0, to: runs.count, by: width) {
      let block = runs[start..<min(start + width, runs.count)]
      let factors = block.map { draws.factors[$0.weights * draws.width..<($0.weights + 1) * draws.width] }
      if let scores {
        scores.score(factors, into: blockScores)
      } else {
        blockScores.update(repeating: .nan, count: units * width)
        for (lane, factors) in factors.enumerated() {
          let column = try score(Array(factors))
          for unit in 0..<units { blockScores[unit * width + lane] = column[unit] }
        }
      }
      DrawnRanks.rank(blockScores, units: units, into: blockRanks)
      for (lane, run) in block.enumerated() { outputs.store(run.run, lane: lane, blockScores, blockRanks, nominal) }
    }
  }

  /// The scores under one weighting, step by step; for any method.
  func score(_ factors: [Double]) throws(ImmerseError) -> Buffer<Double> {
    var notes: [Note] = []
    return try aggregation.reweighted(factors).apply(to: normalised, notes: &notes).columns[target]
  }
}
