import Columnar
import Expressions
import Streaming

/// One reading of the rows that yields every estimate of a request and its variance: weighted totals by sampling unit
/// and domain.
struct TotalsFit: EstimatesFit {
  let request: EstimateRequest
  let statistics: [Statistic]
  let estimands: [Estimand]
  let domains: DomainKeys
  let strata: StratumNames
  let filter: Expression?
  /// What an earlier pass learned, where weights come from population sizes.
  let known: (tree: UnitTree, weights: [Double])?
  /// What the shares that the statistics are become in the end, where quantiles are asked for.
  let quantiles: QuantileEstimates?
  /// What is made of the totals where it is not a row for each statistic and domain.
  let conclusion: (any Conclusion)?
  /// The steps that made the design's weights, where they are known.
  let weighting: [LinearisedStep]

  /// Whether each row needs a place of its own where rows are the sampling units.
  var numbersRows: Bool { !weighting.isEmpty || request.design.numbersRows }

  var columns: [ColumnRequest] {
    request.design.columns + request.by.map { .category($0) } + (filter?.columnRequests ?? [])
      + statistics.flatMap(\.columns) + weighting.flatMap(\.columns)
  }

  var signature: String {
    "estimate \(request) \(statistics.map { "\($0.term) \($0.terms)" }) \(domains.levels.map(\.names)) "
      + "\(strata.levels.map(\.names))"
  }

  func makePartial() -> TotalsPartial { TotalsPartial(self) }

  func finish(_ partial: TotalsPartial) throws(ImmerseError) -> EstimateResult {
    try result(try estimates(partial))
  }

  func estimates(_ partial: TotalsPartial) throws(ImmerseError) -> any DomainEstimates {
    let frame = try DesignFrame(partial.tree, strata: strata)
    if let replicates = request.design.replicates {
      return try ReplicateEstimates(statistics, domains, replicates, partial, frame)
        .replacingShares(by: quantiles, level: request.level)
    }
    return try Estimator(fit: self, totals: partial, frame: frame)
  }

  private func result(_ estimates: some DomainEstimates) throws(ImmerseError) -> EstimateResult {
    try ResultRows(
      request: request, statistics: statistics, estimands: estimands, domains: domains, estimates: estimates
    ).result(concludedBy: conclusion)
  }
}

/// The combinations of group levels, as single numbers.
struct DomainKeys: Sendable {
  let names: [String]
  let levels: [Levels]

  init(_ names: [String], _ profile: Profile) throws(ImmerseError) {
    self.names = names
    levels = names.compactMap { profile.levels[$0] }
    try levels.checkCombinations(of: names)
  }

  /// The key of every row; −1 where a group is missing, −2 where the row does not meet the condition.
  func keys(_ batch: Batch, where filter: Expression?) throws(ImmerseError) -> [Int] {
    var keys = [Int](repeating: 0, count: batch.rowCount)
    for (name, levels) in zip(names, levels) {
      let codes = try batch.categories(name).codes
      for row in keys.indices where keys[row] >= 0 {
        keys[row] = codes[row] < 0 ? -1 : keys[row] * levels.count + Int(codes[row])
      }
    }
    if let filter {
      let mask = try filter.evaluateMask(batch)
      for row in keys.indices where mask[row] != true { keys[row] = -2 }
    }
    return keys
  }

  /// The group levels of a key, by column.
  func groups(_ key: Int) -> [Group] {
    zip(zip(names, levels), levels.codes(ofCombination: UInt64(key))).map { column, code in
      Group(variable: column.0, level: column.1[code])
    }
  }
}
