import Columnar

extension ReplicateEstimates {
  /// Estimates from columns of replicate weights.
  ///
  /// Degrees of freedom are the rank of the replicate weights of the domain's rows, less one (survey's `degf`).
  init(fit: Question, _ totals: ReplicateTotals) throws(ImmerseError) {
    let order = totals.slots.keys.indices.sorted { totals.slots.keys[$0] < totals.slots.keys[$1] }
    var domains: [Domain] = []
    for slot in order {
      var values: [Value] = []
      for (statistic, question) in fit.statistics.enumerated() {
        let tally = slot * totals.talliesPerDomain + statistic * ReplicateTotals.tallyWidth
        let start = slot * totals.totalsPerDomain
        let range =
          start + totals.offsets[statistic] * totals.sets..<start + totals.offsets[statistic + 1] * totals.sets
        values.append(
          Value(
            question, totals: Array(totals.totals[range]), sets: totals.sets, count: totals.tallies[tally],
            missing: totals.tallies[tally + 1], squares: totals.tallies[tally + 2]))
      }
      let sketch = totals.sketches[slot]
      domains.append(
        Domain(
          key: Int(totals.slots.keys[slot]), values: values, units: totals.rows[slot],
          freedom: .weights(sketch, rank: try sketch.rank())))
    }
    var whole = WeightSketch(width: totals.fit.replicates.count, capacity: 2 * totals.fit.replicates.count)
    for slot in order { whole.merge(totals.sketches[slot]) }
    let df = max(0, try whole.rank() - 1)
    self.init(
      fit: fit, domains: domains,
      summary: DesignSummary(
        count: totals.weightedRows, sumOfWeights: totals.sumOfWeights, strata: nil, psus: nil, degreesOfFreedom: df,
        replicates: fit.summary),
      ungrouped: totals.ungrouped, firstMissing: totals.firstMissing, notes: [])
  }
}

extension ReplicateEstimates.Question {
  var summary: DesignSummary.Replicates {
    DesignSummary.Replicates(method: design.method, variance: variance)
  }
}

extension ReplicateTotals {
  /// - Throws: `badData` for replicates that cannot be replicates of a sample.
  func checkReplicates() throws(ImmerseError) {
    if let replicate = negatives.firstIndex(of: 1), !fit.design.method.allowsNegativeWeights {
      throw ImmerseError(
        .badData, "has a negative weight, which \(fit.design.method.name) replicates cannot have",
        variable: fit.replicates[replicate], remedy: "check the column, or the method")
    }
    guard fit.filter == nil, !rows.isEmpty else { return }
    for replicate in fit.replicates.indices {
      let isZero = sketches.allSatisfy { sketch in
        stride(from: replicate, to: sketch.rows.count, by: sketch.width).allSatisfy { sketch.rows[$0] == 0 }
      }
      if isZero {
        throw ImmerseError(
          .badData, "all weights are zero", variable: fit.replicates[replicate],
          remedy: "leave the replicate out, or check the file")
      }
    }
  }

  /// The scales of a jackknife of strata, read from the weights: where one of n units of a stratum is left out, the others
  /// count n/(n − 1), and the replicate's scale is the reciprocal of that.
  ///
  /// - Throws: `usage` where a replicate is not of that kind.
  func inferredVariance() throws(ImmerseError) -> ReplicateVariance {
    var scales: [Double] = []
    for (replicate, ratio) in largestRatios.enumerated() {
      let units = ratio / (ratio - 1)
      guard units.isFinite, units >= 2 - 1e-6, (units - units.rounded()).magnitude <= 1e-6 * units else {
        throw ImmerseError(
          .usage, "how many units its stratum has cannot be read from its weights",
          variable: fit.replicates[replicate],
          remedy: "give the scales with --rscales, or one for all with --scale")
      }
      scales.append((units.rounded() - 1) / units.rounded())
    }
    return ReplicateVariance(scale: 1, scales: scales, centre: fit.design.centre)
  }
}

extension ReplicateMethod {
  fileprivate var allowsNegativeWeights: Bool {
    switch self {
    case .generalised, .sdr, .bootstrap, .raoWuYueBeaumont, .other: true
    case .brr, .fay, .jk1, .jkn, .jk2: false
    }
  }
}
