import Columnar
import Expressions
import Streaming

/// What fits of totals of one request have in common, whatever the totals are of.
struct TotalsOf {
  let request: EstimateRequest
  let domains: DomainKeys
  let strata: StratumNames
  let filter: Expression?
  /// What an earlier pass learned, where weights come from population sizes.
  let known: (tree: UnitTree, weights: [Double])?
  let weighting: [LinearisedStep]

  /// - Throws: `usage` where columns of replicates are no ranges.
  func fit(
    _ statistics: [Statistic], _ estimands: [Estimand], quantiles: QuantileEstimates?, conclusion: (any Conclusion)?
  ) throws(ImmerseError) -> any Fit<EstimateResult> {
    func plain(_ fit: some EstimatesFit) -> any Fit<EstimateResult> { fit }
    return plain(try totals(statistics, estimands, quantiles, conclusion))
  }

  private func totals(
    _ statistics: [Statistic], _ estimands: [Estimand], _ quantiles: QuantileEstimates? = nil,
    _ conclusion: (any Conclusion)? = nil
  ) throws(ImmerseError) -> any EstimatesFit {
    if let design = request.design.replicates, design.isGiven, let weights = request.design.weights {
      return ReplicateFit(
        request: request, design: design, weights: weights, replicates: try design.columnNames, statistics: statistics,
        estimands: estimands, domains: domains, filter: filter, quantiles: quantiles, conclusion: conclusion)
    }
    return TotalsFit(
      request: request, statistics: statistics, estimands: estimands, domains: domains, strata: strata, filter: filter,
      known: known, quantiles: quantiles, conclusion: conclusion, weighting: weighting)
  }

  /// Estimates of shares in a pass of their own.
  func shares(
    _ statistics: [Statistic], of dataset: Dataset, with engine: Engine
  ) throws(ImmerseError) -> [[Int: ScoreIntervals.Share]] {
    try shares(try totals(statistics, []), statistics.count, dataset, engine)
  }

  private func shares<Base: EstimatesFit>(
    _ base: Base, _ count: Int, _ dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) -> [[Int: ScoreIntervals.Share]] {
    try dataset.fit(SharesFit(base: base, count: count), with: engine)
  }
}
