import Columnar

extension SensitivityResult {
  /// Ranks and scores of each unit over the runs.
  static func units(
    _ nominal: ScoreResult, _ term: Int, _ outputs: RunOutputs, _ layout: RunLayout, _ factors: SensitivityFactors,
    _ level: Double
  ) -> [Unit] {
    let count = outputs.units
    let tails = [(1 - level) / 2, 0.5, (1 + level) / 2]
    let scored = layout.runs.indices.filter { outputs.scorePlaces[$0] != nil }
    // Sampling draws crossed with everything else: only then can the two be told apart.
    let isCrossed = layout.baseRows == 0 && factors.samplingDraws != nil
    let ranks = layout.runs.indices.filter { _ in isCrossed }.map { layout.runs[$0].cell.sampling }
    let scores = isCrossed ? scored.map { layout.runs[$0].cell.sampling } : []
    return nominal.units.indices.map { unit in
      let (estimate, rank) = (nominal.estimates[term][unit], Int(nominal.ranks[term][unit]))
      var result = Unit(
        name: nominal.units[unit], estimate: estimate.isNaN ? nil : estimate, rank: rank == 0 ? nil : rank)
      let allRanks = layout.runs.indices.map { Double(outputs.ranks[$0 * count + unit]) }
      let ownRanks = Buffer(allRanks.filter { $0 > 0 }).ascending
      if !ownRanks.isEmpty {
        result.rankMean = ownRanks.reduce(0, +) / Double(ownRanks.count)
        (result.rankLow, result.rankMedian, result.rankHigh) = (
          quantile(ownRanks, tails[0]), quantile(ownRanks, tails[1]), quantile(ownRanks, tails[2])
        )
        if isCrossed && ownRanks.count == allRanks.count { result.rankVariance = VarianceParts(allRanks, draw: ranks) }
      }
      let allScores = scored.map { outputs.scores[(outputs.scorePlaces[$0] ?? 0) * count + unit] }
      let ownScores = Buffer(allScores).ascending
      if !ownScores.isEmpty {
        result.scoreMean = ownScores.reduce(0, +) / Double(ownScores.count)
        (result.scoreLow, result.scoreHigh) = (quantile(ownScores, tails[0]), quantile(ownScores, tails[2]))
        if isCrossed && ownScores.count == allScores.count {
          result.scoreVariance = VarianceParts(allScores, draw: scores)
        }
      }
      return result
    }
  }
}

extension SensitivityResult.VarianceParts {
  /// The variance of a value known for every sampling draw under every other choice.
  ///
  /// - Parameter draw: the sampling draw of each value; under each draw the other choices come in the same order.
  init(_ values: [Double], draw: [Int]) {
    let draws = (draw.max() ?? 0) + 1
    let choices = values.count / draws
    // Shifted, so that what does not vary has no variance at all.
    let values = values.map { $0 - values[0] }
    var byDraw = [Double](repeating: 0, count: draws)
    var byChoice = [Double](repeating: 0, count: choices)
    var seen = [Int](repeating: 0, count: draws)
    for (value, draw) in zip(values, draw) {
      byDraw[draw] += value / Double(choices)
      byChoice[seen[draw]] += value / Double(draws)
      seen[draw] += 1
    }
    self.init(total: Self.variance(values), sampling: Self.variance(byDraw), methods: Self.variance(byChoice))
  }

  /// With divisor n.
  private static func variance(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
  }
}

/// The quantile of ascending values by linear interpolation (type 7 of Hyndman and Fan, 1996).
private func quantile(_ sorted: [Double], _ probability: Double) -> Double {
  let place = probability * Double(sorted.count - 1)
  let low = Int(place)
  let high = min(low + 1, sorted.count - 1)
  return sorted[low] + (place - Double(low)) * (sorted[high] - sorted[low])
}
