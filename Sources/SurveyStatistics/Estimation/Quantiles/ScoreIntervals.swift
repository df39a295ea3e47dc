import Columnar
import Probability
import Streaming

/// Intervals of quantiles by Francisco and Fuller (1991, Annals of Statistics 19, 454-469): all values θ that a test of
/// F(θ) = p does not reject,
///
///     |p − F(θ)| ≤ t SE(F(θ))
///
/// F steps at the values of the domain, among which the limits are found by bisection: every pass estimates, for all quantiles and
/// domains at once, the share at or below one value on either side.
struct ScoreIntervals {
  let request: EstimateRequest
  /// By variable and domain.
  let distributions: [[Int: WeightedDistribution]]
  /// Estimates some shares: by statistic and domain, with standard error and degrees of freedom.
  let shares: ([Statistic]) throws(ImmerseError) -> [[Int: Share]]

  typealias Share = (estimate: Double, standardError: Double, df: Double)

  /// Where among a domain's values a limit may lie.
  private struct Search {
    let values: [Double]
    var open: Range<Int>

    init(_ values: [Double]) {
      self.values = values
      open = 0..<max(values.count - 1, 0)
    }

    var middle: Int { (open.lowerBound + open.upperBound) / 2 }
    var limit: Double { values.isEmpty ? .nan : values[open.lowerBound] }

    /// The limit is the first value at which the test comes out so; the last where it does at none.
    mutating func halve(_ holds: Bool) {
      if open.isEmpty { return }
      open = holds ? open.lowerBound..<middle : middle + 1..<open.upperBound
    }
  }

  /// By variable and probability, as quantiles are numbered, and domain.
  ///
  /// - Complexity: A pass for each halving of the number of distinct values.
  func limits() throws(ImmerseError) -> [[Int: (low: Double, high: Double)]] {
    let count = request.probabilities.count
    let distinct = distributions.map { $0.mapValues(\.distinctValues) }
    /// Low and high limit of every quantile in turn.
    var searches = (0..<2 * count * distributions.count).map { index in
      distinct[index / 2 / count].mapValues(Search.init)
    }
    while searches.contains(where: { $0.values.contains { !$0.open.isEmpty } }) {
      let found = try shares(
        searches.enumerated().map { index, domains in
          Statistic(
            term: request.variables[index / 2 / count],
            terms: .atMost(
              request.variables[index / 2 / count],
              .byDomain(domains.mapValues { $0.values.isEmpty ? .nan : $0.values[$0.middle] })),
            function: .quotient(shift: 0), comparison: nil)
        })
      for index in searches.indices {
        let p = request.probabilities[index / 2 % count]
        for (domain, share) in found[index] {
          let t = share.df > 0 ? StudentT(df: share.df).criticalValue(level: request.level) : .infinity
          let reach = share.standardError > 0 ? t * share.standardError : 0
          let isLow = index.isMultiple(of: 2)
          searches[index][domain]?.halve(
            isLow ? p - share.estimate <= reach : p - share.estimate < -reach)
        }
      }
    }
    return stride(from: 0, to: searches.count, by: 2).map { index in
      Dictionary(
        uniqueKeysWithValues: searches[index].map { domain, low in
          (domain, (low.limit, searches[index + 1][domain]?.limit ?? .nan))
        })
    }
  }
}

/// A fit of totals of which the estimates themselves are wanted, not the rows that are made of them.
protocol EstimatesFit: Fit where Model == EstimateResult {
  func estimates(_ partial: Partial) throws(ImmerseError) -> any DomainEstimates
}

/// Estimates with their uncertainty, by statistic and domain.
struct SharesFit<Base: EstimatesFit>: Fit {
  let base: Base
  let count: Int

  var columns: [ColumnRequest] { base.columns }
  var signature: String { "shares \(base.signature)" }

  func makePartial() -> Base.Partial { base.makePartial() }

  func finish(_ partial: Base.Partial) throws(ImmerseError) -> [[Int: ScoreIntervals.Share]] {
    let estimates = try base.estimates(partial)
    return try (0..<count).map { statistic throws(ImmerseError) in
      var shares: [Int: ScoreIntervals.Share] = [:]
      for (domain, key) in estimates.domainKeys.enumerated() {
        let uncertainty = try estimates.uncertainty(statistic, [DomainTerm(domain: domain, factor: 1)])
        shares[key] = (
          estimates.estimate(statistic, domain), uncertainty.variance.standardError, uncertainty.degreesOfFreedom
        )
      }
      return shares
    }
  }
}
