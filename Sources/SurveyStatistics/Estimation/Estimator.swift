import Columnar
import Probability
import Streaming

/// Turns the totals of a pass into estimates: each is a smooth function of totals, which its gradient linearises.
struct Estimator {
  private let fit: TotalsFit
  private let totals: TotalsPartial
  private let frame: DesignFrame
  private let variances: TotalsVariance
  /// The cells of each domain, in ascending order of the domain's key.
  private let domains: [(key: Int, cells: [TotalsCell])]

  init(fit: TotalsFit, totals: TotalsPartial, frame: DesignFrame) throws(ImmerseError) {
    self.fit = fit
    self.totals = totals
    self.frame = frame
    variances = try TotalsVariance(totals, frame)
    domains = totals.cellsByDomain
    try checkMissing()
  }

  func result() throws(ImmerseError) -> EstimateResult {
    var rows: [Estimate] = []
    for statistic in fit.statistics.indices {
      let estimates = domains.map { DomainEstimate($0, statistic, totals) }
      for estimate in estimates {
        rows.append(
          try row(statistic, [(estimate, 1)], by: fit.domains.groups(estimate.key), deff: estimate.srsVariance))
      }
      if fit.request.contrast { rows += try contrasts(statistic, estimates) }
      if fit.request.average { rows += try averages(statistic, estimates) }
    }
    return EstimateResult(kind: fit.request.kind, rows: rows, design: summary, notes: notes(rows))
  }

  // MARK: Combinations of domains

  /// Differences between the levels of the last group column, within each combination of the others.
  private func contrasts(_ statistic: Int, _ estimates: [DomainEstimate]) throws(ImmerseError) -> [Estimate] {
    var rows: [Estimate] = []
    for family in families(estimates) {
      for (position, earlier) in family.enumerated() {
        for later in family[(position + 1)...] {
          var groups = fit.domains.groups(later.key)
          let from = fit.domains.groups(earlier.key)
          groups[groups.count - 1].level += " - " + from[from.count - 1].level
          rows.append(try row(statistic, [(later, 1), (earlier, -1)], by: groups, deff: nil))
        }
      }
    }
    return rows
  }

  /// The average over the levels of the last group column, each level counted equally.
  private func averages(_ statistic: Int, _ estimates: [DomainEstimate]) throws(ImmerseError) -> [Estimate] {
    var rows: [Estimate] = []
    for family in families(estimates) {
      var groups = fit.domains.groups(family[0].key)
      groups[groups.count - 1].level = "average"
      rows.append(try row(statistic, family.map { ($0, 1 / Double(family.count)) }, by: groups, deff: nil))
    }
    return rows
  }

  private func families(_ estimates: [DomainEstimate]) -> [[DomainEstimate]] {
    let width = fit.domains.levels.last?.count ?? 1
    return Dictionary(grouping: estimates) { $0.key / width }.sorted { $0.key < $1.key }.map(\.value)
  }

  // MARK: One row

  private func row(
    _ statistic: Int, _ terms: [(domain: DomainEstimate, factor: Double)], by groups: [Group], deff srs: Double?
  ) throws(ImmerseError) -> Estimate {
    let estimate = terms.reduce(0) { $0 + $1.factor * $1.domain.estimate }
    let variance = try variance(statistic, terms)
    let leaves = terms.flatMap { term in
      term.domain.cells.compactMap { cell in
        totals.rows[cell.cell] > 0 ? (leaf: cell.leaf, rows: totals.rows[cell.cell]) : nil
      }
    }
    let df = frame.degreesOfFreedom(rowsByLeaf: leaves)
    let error = variance.standardError
    let defined = estimate.isFinite && error.isFinite
    let quantile = df > 0 ? StudentT(df: Double(df)).quantile(0.5 + fit.request.level / 2) : .nan
    let effect = srs.map { variance.ratio(to: $0) }
    return Estimate(
      term: fit.statistics[statistic].term, by: groups, estimate: estimate.isFinite ? estimate : nil,
      standardError: defined ? error : nil,
      confidenceLow: defined && df > 0 ? estimate - quantile * error : nil,
      confidenceHigh: defined && df > 0 ? estimate + quantile * error : nil,
      degreesOfFreedom: df > 0 ? Double(df) : nil, count: terms.reduce(0) { $0 + Int($1.domain.count) },
      designEffect: effect.flatMap { $0.isFinite ? $0 : nil }, smallestCell: smallestCell(terms.map(\.domain)))
  }

  private func variance(
    _ statistic: Int, _ terms: [(domain: DomainEstimate, factor: Double)]
  ) throws(ImmerseError) -> ScaledVariance {
    guard terms.allSatisfy({ $0.domain.estimate.isFinite }) else { return .undefined }
    return try variances.variance(
      of: terms.map {
        TotalsVariance.Part(
          statistic: statistic, cells: $0.domain.cells, factor: $0.factor, gradient: $0.domain.gradient)
      })
  }

  private func smallestCell(_ domains: [DomainEstimate]) -> Estimate.Cell {
    let units = domains.map { domain in
      let used = domain.cells.filter { totals.rows[$0.cell] > 0 }
      return frame.parents.isEmpty
        ? used.reduce(0) { $0 + totals.rows[$1.cell] } : Set(used.map { frame.psu(ofLeaf: $0.leaf) }).count
    }
    return Estimate.Cell(count: Int(domains.map(\.count).min() ?? 0), units: units.min() ?? 0)
  }

  // MARK: What the result says of the data

  private var summary: DesignSummary {
    DesignSummary(
      count: frame.weightedRows.reduce(0, +), sumOfWeights: frame.sumOfWeights, strata: frame.stratumCount,
      psus: frame.psuCount, degreesOfFreedom: frame.degreesOfFreedom)
  }

  /// Rows of the domains that lack a statistic.
  private func missing(_ statistic: Int) -> Int {
    domains.reduce(0) { sum, domain in
      domain.cells.reduce(sum) { $0 + Int(totals.sums[totals.layout.sums($1.cell, statistic) + 1]) }
    }
  }

  private func checkMissing() throws(ImmerseError) {
    if fit.request.missing == .fail {
      for (index, row) in totals.firstMissing.enumerated() where row != Int.max {
        let isGroup = index == fit.statistics.count
        let count = isGroup ? totals.ungrouped : missing(index)
        throw ImmerseError(
          .badData, "\(count) rows have no value, this being the first", row: row,
          variable: isGroup ? fit.request.by.joined(separator: ", ") : fit.statistics[index].variable,
          remedy: "leave them out with --missing drop")
      }
    }
    guard !domains.isEmpty else {
      throw ImmerseError(
        .badData, totals.ungrouped > 0 ? "no row has a group" : "no row meets the condition",
        remedy: totals.ungrouped > 0 ? "check --by" : "check --where")
    }
  }

  private func notes(_ rows: [Estimate]) -> [Note] {
    var notes: [Note] = []
    for (index, statistic) in fit.statistics.enumerated() {
      let missing = missing(index)
      if missing > 0 {
        notes.append(Note("missing_dropped", "\(statistic.term): \(missing) rows without a value were left out"))
      }
    }
    if totals.ungrouped > 0 {
      notes.append(Note("ungrouped_dropped", "\(totals.ungrouped) rows without a group were left out"))
    }
    let few = rows.count { ($0.degreesOfFreedom ?? 0) < 8 }
    if few > 0 {
      notes.append(
        Note("few_degrees_of_freedom", "\(few) of \(rows.count) estimates rest on fewer than 8 degrees of freedom"))
    }
    return notes
  }
}
