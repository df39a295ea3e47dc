import Columnar
import Probability
import Streaming

/// Turns the totals of a pass into estimates: each is a linear combination of totals, whose variance the design gives.
struct Estimator {
  private let fit: TotalsFit
  private let totals: TotalsPartial
  private let frame: DesignFrame
  private let taylor: TaylorVariance
  private let residuals: CalibrationResiduals?
  /// The cells of each domain, in ascending order of the domain's key.
  private let domains: [(key: Int, cells: [Cell])]

  init(fit: TotalsFit, totals: TotalsPartial, frame: DesignFrame) throws(ImmerseError) {
    self.fit = fit
    self.totals = totals
    self.frame = frame
    taylor = TaylorVariance(frame: frame)
    var cells: [Int: [Cell]] = [:]
    for (cell, key) in totals.cells.keys.enumerated() {
      let (leaf, domain) = KeyIndex.parts(key)
      let (group, raked) = domain.quotientAndRemainder(dividingBy: fit.raked?.factors.count ?? 1)
      cells[group, default: []].append(Cell(leaf: leaf, cell: cell, raked: raked))
    }
    domains = cells.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    var weights = [Double](repeating: 0, count: fit.raked?.factors.count ?? 0)
    for (key, weight) in zip(totals.rakedCells.keys, totals.rakedWeights) {
      weights[KeyIndex.parts(key).second] += weight
    }
    residuals = try fit.raked.map { m throws(ImmerseError) in try CalibrationResiduals(m, weights: weights) }
    try checkMissing()
  }

  func result() throws(ImmerseError) -> EstimateResult {
    var rows: [Estimate] = []
    for statistic in fit.statistics.indices {
      let estimates = domains.map { DomainEstimate($0, sums(statistic, of: $0.cells), fit.statistics[statistic]) }
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
    let error = variance.squareRoot()
    let defined = estimate.isFinite && error.isFinite
    let quantile = df > 0 ? StudentT(df: Double(df)).quantile(0.5 + fit.request.level / 2) : .nan
    let effect = srs.map { variance / $0 }
    return Estimate(
      term: fit.statistics[statistic].term, by: groups, estimate: estimate.isFinite ? estimate : nil,
      standardError: defined ? error : nil,
      confidenceLow: defined && df > 0 ? estimate - quantile * error : nil,
      confidenceHigh: defined && df > 0 ? estimate + quantile * error : nil,
      degreesOfFreedom: df > 0 ? Double(df) : nil, count: terms.reduce(0) { $0 + Int($1.domain.sums.count) },
      designEffect: effect.flatMap { $0.isFinite ? $0 : nil }, smallestCell: smallestCell(terms.map(\.domain)))
  }

  private func smallestCell(_ domains: [DomainEstimate]) -> Estimate.Cell {
    let units = domains.map { domain in
      let used = domain.cells.filter { totals.rows[$0.cell] > 0 }
      return frame.parents.isEmpty
        ? used.reduce(0) { $0 + totals.rows[$1.cell] } : Set(used.map { frame.psu(ofLeaf: $0.leaf) }).count
    }
    return Estimate.Cell(count: Int(domains.map(\.sums.count).min() ?? 0), units: units.min() ?? 0)
  }

  /// The variance of a combination of domain estimates, from z = a · numerator + b · denominator of every unit.
  private func variance(
    _ statistic: Int, _ terms: [(domain: DomainEstimate, factor: Double)]
  ) throws(ImmerseError) -> Double {
    guard terms.allSatisfy({ $0.domain.estimate.isFinite }) else { return .nan }
    if !frame.parents.isEmpty {
      var z = UnitTotals(count: totals.tree.leafCount)
      var byRakedCell = [Double](repeating: 0, count: fit.raked?.factors.count ?? 1)
      for (domain, factor) in terms {
        let (a, b) = domain.linearisation
        for cell in domain.cells {
          let sums = sums(statistic, cell.cell)
          let influence = factor * (a * sums.numerator + b * sums.denominator)
          z.add(influence, to: cell.leaf)
          byRakedCell[cell.raked] += influence
        }
      }
      if let residuals {
        let fitted = try residuals.fitted(byRakedCell)
        for (key, weight) in zip(totals.rakedCells.keys, totals.rakedWeights) {
          let (leaf, cell) = KeyIndex.parts(key)
          z.add(-weight * fitted[cell], to: leaf)
        }
      }
      return try taylor.variance(of: z)
    }
    return try taylor.variance(ofRows: rowMoments(statistic, terms))
  }

  /// Where rows are units: the moments of the rows that lie in a domain, combined with the zeros of those that do not.
  private func rowMoments(
    _ statistic: Int, _ terms: [(domain: DomainEstimate, factor: Double)]
  ) -> [TaylorVariance.ListMoments] {
    var inside = UnitTotals(count: totals.tree.leafCount)
    var sums = inside
    var squares = inside
    for (domain, factor) in terms {
      let (a, b) = domain.linearisation
      for cell in domain.cells {
        let m = totals.moments[cell.cell * fit.statistics.count + statistic]
        let mean = factor * (a * m.meanX + b * m.meanD)
        inside.add(factor * factor * (a * a * m.xx + 2 * a * b * m.xd + b * b * m.dd), to: cell.leaf)
        sums.add(m.count * mean, to: cell.leaf)
        squares.add(m.count * mean * mean, to: cell.leaf)
      }
    }
    return sums.units.map { stratum in
      let sum = sums.values[stratum]
      let between = squares.values[stratum] - sum * sum / Double(frame.sampled[0][stratum])
      return TaylorVariance.ListMoments(
        list: stratum, sum: sum, squares: max(0, inside.values[stratum]) + max(0, between))
    }
  }

  private func sums(_ statistic: Int, _ cell: Int) -> WeightedSums {
    totals.sums[cell * fit.statistics.count + statistic]
  }

  private func sums(_ statistic: Int, of cells: [Cell]) -> WeightedSums {
    cells.reduce(into: WeightedSums()) { $0 += sums(statistic, $1.cell) }
  }

  // MARK: What the result says of the data

  private var summary: DesignSummary {
    DesignSummary(
      count: frame.weightedRows.reduce(0, +), sumOfWeights: frame.sumOfWeights, strata: frame.stratumCount,
      psus: frame.psuCount, degreesOfFreedom: frame.degreesOfFreedom)
  }

  private func checkMissing() throws(ImmerseError) {
    if fit.request.missing == .fail {
      for (index, row) in totals.firstMissing.enumerated() where row != Int.max {
        let isGroup = index == fit.statistics.count
        let count = isGroup ? totals.ungrouped : domains.reduce(0) { $0 + Int(sums(index, of: $1.cells).missing) }
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
      let missing = domains.reduce(0) { $0 + Int(sums(index, of: $1.cells).missing) }
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

/// A lowest unit's part of a domain; where weights were raked, of one raking cell.
private struct Cell {
  let leaf: Int
  let cell: Int
  let raked: Int
}

/// The estimate of one statistic in one domain, and how its variance hangs on the totals.
private struct DomainEstimate {
  let key: Int
  let cells: [Cell]
  let sums: WeightedSums
  let estimate: Double
  /// The factors of numerator and denominator in the influence of a row.
  let linearisation: (numerator: Double, denominator: Double)
  /// The variance a simple random sample of as many rows would have; nil where that is no comparison.
  let srsVariance: Double?

  init(_ domain: (key: Int, cells: [Cell]), _ sums: WeightedSums, _ statistic: Statistic) {
    key = domain.key
    cells = domain.cells
    self.sums = sums
    let quotient = sums.numerator / sums.denominator
    switch statistic.kind {
    case .mean, .proportion, .ratio:
      estimate = quotient + statistic.shift
      linearisation = (1 / sums.denominator, -quotient / sums.denominator)
    case .total:
      estimate = sums.numerator + statistic.shift * sums.denominator
      linearisation = (1, statistic.shift)
    }
    guard statistic.kind != .ratio, sums.count > 1 else {
      srsVariance = nil
      return
    }
    let (n, weight) = (sums.count, sums.denominator)
    let variance = (sums.squares / weight - quotient * quotient) * n / (n - 1)
    let ofMean = variance / n * (1 - n / weight)
    srsVariance = statistic.kind == .total ? ofMean * weight * weight : ofMean
  }
}
