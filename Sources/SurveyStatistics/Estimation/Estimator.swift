import Columnar
import Streaming

/// The estimates that the totals of a pass give: each is a smooth function of totals, which its gradient linearises.
struct Estimator: DomainEstimates {
  private let fit: TotalsFit
  private let totals: TotalsPartial
  private let frame: DesignFrame
  private let variances: TotalsVariance
  private let domains: [(key: Int, cells: [TotalsCell])]
  /// By domain.
  private let extents: [Extent]
  /// By statistic and domain.
  private var estimates: [[DomainEstimate]]

  init(fit: TotalsFit, totals: TotalsPartial, frame: DesignFrame) throws(ImmerseError) {
    self.fit = fit
    self.totals = totals
    self.frame = frame
    variances = try TotalsVariance(totals, frame)
    let domains = totals.cellsByDomain
    self.domains = domains
    extents = domains.map { Extent($0.cells, totals, frame) }
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

  func units(_ domain: Int) -> Int { extents[domain].units }

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
    let df =
      terms.count == 1
      ? extents[terms[0].domain].degreesOfFreedom
      : frame.degreesOfFreedom(rowsByLeaf: terms.flatMap { extents[$0.domain].leaves })
    return Uncertainty(variance: variance, degreesOfFreedom: Double(df))
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

/// Where in the design a domain has rows with a weight: the same for every statistic.
private struct Extent {
  let leaves: [(leaf: Int, rows: Int)]
  /// Distinct first-stage units; rows where there are no such units.
  let units: Int
  let degreesOfFreedom: Int

  init(_ cells: [TotalsCell], _ totals: TotalsPartial, _ frame: DesignFrame) {
    leaves = cells.compactMap { cell in
      totals.rows[cell.cell] > 0 ? (leaf: cell.leaf, rows: totals.rows[cell.cell]) : nil
    }
    units =
      frame.parents.isEmpty ? leaves.reduce(0) { $0 + $1.rows } : Set(leaves.map { frame.psu(ofLeaf: $0.leaf) }).count
    degreesOfFreedom = frame.degreesOfFreedom(rowsByLeaf: leaves)
  }
}
