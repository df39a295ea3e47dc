import Columnar
import Streaming

/// The estimates that the totals of a pass give: each is a smooth function of totals, which its gradient linearises.
struct Estimator: DomainEstimates {
  private let fit: TotalsFit
  private let totals: TotalsPartial
  private let frame: DesignFrame
  private let variances: TotalsVariance
  private let domains: [(key: Int, cells: [TotalsCell])]
  /// By statistic and domain.
  private var estimates: [[DomainEstimate]]

  init(fit: TotalsFit, totals: TotalsPartial, frame: DesignFrame) throws(ImmerseError) {
    self.fit = fit
    self.totals = totals
    self.frame = frame
    variances = try TotalsVariance(totals, frame)
    let domains = totals.cellsByDomain
    self.domains = domains
    estimates = fit.statistics.indices.map { statistic in
      domains.map { DomainEstimate($0, statistic, totals) }
    }
    if let quantiles = fit.quantiles { try replaceShares(by: quantiles) }
  }

  /// Turns the share at or below each quantile into the quantile, which moves with it.
  private mutating func replaceShares(by quantiles: QuantileEstimates) throws(ImmerseError) {
    for statistic in estimates.indices {
      for domain in domains.indices {
        let share = estimates[statistic][domain]
        let uncertainty = try uncertainty(statistic, [DomainTerm(domain: domain, factor: 1)])
        let error = uncertainty.variance.standardError
        let quantile = quantiles.quantile(
          statistic, domain: share.key,
          share: (share.estimate, error, uncertainty.degreesOfFreedom, share.count), level: fit.request.level)
        estimates[statistic][domain] = share.translated(
          to: quantile.estimate, slope: error > 0 ? quantile.standardError / error : quantile.standardError,
          limits: (quantile.low, quantile.high))
      }
    }
  }

  func totals(_ domain: Int) -> DomainTotals { DomainTotals(totals, frame, variances, domains[domain]) }

  var domainKeys: [Int] { domains.map(\.key) }

  func estimate(_ statistic: Int, _ domain: Int) -> Double { estimates[statistic][domain].estimate }

  func count(_ statistic: Int, _ domain: Int) -> Int { Int(estimates[statistic][domain].count) }

  func missing(_ statistic: Int, _ domain: Int) -> Int {
    domains[domain].cells.reduce(0) { $0 + Int(totals.sums[totals.layout.sums($1.cell, statistic) + 1]) }
  }

  func simpleVariance(_ statistic: Int, _ domain: Int) -> Double? { estimates[statistic][domain].srsVariance }

  func units(_ domain: Int) -> Int {
    let used = domains[domain].cells.filter { totals.rows[$0.cell] > 0 }
    return frame.parents.isEmpty
      ? used.reduce(0) { $0 + totals.rows[$1.cell] } : Set(used.map { frame.psu(ofLeaf: $0.leaf) }).count
  }

  func limits(_ statistic: Int, _ domain: Int) -> (low: Double, high: Double)? { estimates[statistic][domain].limits }

  func uncertainty(_ statistic: Int, _ terms: [DomainTerm]) throws(ImmerseError) -> Uncertainty {
    let isDefined = terms.allSatisfy { estimates[statistic][$0.domain].gradient.allSatisfy(\.isFinite) }
    let variance: ScaledVariance =
      !isDefined
      ? .undefined
      : try variances.variance(
        of: terms.map { term in
          TotalsVariance.Part(
            statistic: statistic, domain: domains[term.domain].key, cells: domains[term.domain].cells,
            factor: term.factor,
            gradient: estimates[statistic][term.domain].gradient)
        })
    let leaves = terms.flatMap { term in
      domains[term.domain].cells.compactMap { cell in
        totals.rows[cell.cell] > 0 ? (leaf: cell.leaf, rows: totals.rows[cell.cell]) : nil
      }
    }
    return Uncertainty(
      variance: variance, degreesOfFreedom: Double(frame.degreesOfFreedom(rowsByLeaf: leaves)))
  }

  var summary: DesignSummary {
    DesignSummary(
      count: frame.weightedRows.reduce(0, +), sumOfWeights: frame.sumOfWeights, strata: frame.stratumCount,
      psus: frame.psuCount, degreesOfFreedom: frame.degreesOfFreedom, replicates: nil)
  }

  var designNotes: [Note] { [] }
  var ungrouped: Int { totals.ungrouped }
  var firstMissing: [Int] { totals.firstMissing }
}
