import Columnar
import Expressions
import Streaming

/// One reading of the rows that yields every estimate of a request under weights that come as columns of replicates.
struct ReplicateFit: EstimatesFit {
  let request: EstimateRequest
  let design: ReplicateDesign
  /// The column of full-sample weights.
  let weights: String
  /// The columns of replicates.
  let replicates: [String]
  let statistics: [Statistic]
  let estimands: [Estimand]
  let domains: DomainKeys
  let filter: Expression?
  /// What the shares that the statistics are become in the end, where quantiles are asked for.
  let quantiles: QuantileEstimates?
  /// What is made of the totals where it is not a row for each statistic and domain.
  let conclusion: (any Conclusion)?

  var columns: [ColumnRequest] {
    [.number(weights)] + replicates.map { .number($0) } + request.by.map { .category($0) }
      + (filter?.columnRequests ?? []) + statistics.flatMap(\.columns)
  }

  var signature: String {
    "replicates \(request) \(statistics.map { "\($0.term) \($0.terms)" }) \(domains.levels.map(\.names))"
  }

  func makePartial() -> ReplicateTotals { ReplicateTotals(self) }

  func finish(_ partial: ReplicateTotals) throws(ImmerseError) -> EstimateResult {
    try ResultRows(
      request: request, statistics: statistics, estimands: estimands, domains: domains,
      estimates: try replicateEstimates(partial)
    ).result(concludedBy: conclusion)
  }

  func estimates(_ partial: ReplicateTotals) throws(ImmerseError) -> any DomainEstimates {
    try replicateEstimates(partial)
  }

  private func replicateEstimates(_ partial: ReplicateTotals) throws(ImmerseError) -> ReplicateEstimates {
    try partial.checkReplicates()
    let variance =
      design.infersScales ? try partial.inferredVariance() : try design.variance(count: replicates.count)
    return try ReplicateEstimates(
      fit: ReplicateEstimates.Question(statistics: statistics, domains: domains, design: design, variance: variance),
      partial
    ).replacingShares(by: quantiles, level: request.level)
  }

  /// Rows kept of the weights of a domain, for their rank: twice as many as replicates, fewer where many domains would
  /// take too much memory.
  var sketchRows: Int {
    var domainCount = 1.0
    for levels in domains.levels { domainCount *= Double(max(levels.count, 1)) }
    let affordable = Double(1 << 22) / (domainCount * Double(replicates.count))
    return max(min(2 * replicates.count, 64), Int(min(Double(2 * replicates.count), affordable)))
  }
}
