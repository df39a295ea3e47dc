import Columnar
import LinearAlgebra

extension ReplicateEstimates {
  /// Estimates under replicates that are made of the design: its factors times the totals of every sampling unit, one
  /// product a domain. The replicate weights themselves never exist.
  ///
  /// - Throws: `usage` or `badData` where the method does not fit the sample.
  init(
    _ statistics: [Statistic], _ domainKeys: DomainKeys, _ design: ReplicateDesign, _ totals: TotalsPartial,
    _ frame: DesignFrame
  ) throws(ImmerseError) {
    let factors = try ReplicateFactors.make(design.recipe, totals.tree, frame)
    let fit = Question(statistics: statistics, domains: domainKeys, design: design, variance: factors.variance)
    let sets = factors.variance.count + 1
    var domains: [Domain] = []
    for (key, cells) in totals.cellsByDomain {
      let sums = totals.replicated(cells, by: factors.matrix)
      var values: [Value] = []
      var column = 0
      for (statistic, question) in statistics.enumerated() {
        let width = totals.layout.widths[statistic]
        func tally(_ index: Int) -> Double {
          cells.reduce(0) { $0 + totals.sums[totals.layout.sums($1.cell, statistic) + index] }
        }
        values.append(
          Value(
            question, totals: Array(sums[column * sets..<(column + width) * sets]), sets: sets, count: tally(0),
            missing: tally(1), squares: tally(2)))
        column += width
      }
      let used = cells.filter { totals.rows[$0.cell] > 0 }
      domains.append(
        Domain(
          key: key, values: values, units: Set(used.map { frame.psu(ofLeaf: $0.leaf) }).count,
          freedom: .units(used.map { ($0.leaf, totals.rows[$0.cell]) })))
    }
    self.init(
      fit: fit, domains: domains, frame: frame,
      summary: DesignSummary(
        count: frame.weightedRows.reduce(0, +), sumOfWeights: frame.sumOfWeights, strata: frame.stratumCount,
        psus: frame.psuCount, degreesOfFreedom: frame.degreesOfFreedom, replicates: fit.summary),
      ungrouped: totals.ungrouped, firstMissing: totals.firstMissing,
      notes: factors.notes)
  }
}

extension TotalsPartial {
  /// By total of all statistics and set of weights: the full sample's, and then those of the factors' replicates.
  fileprivate func replicated(_ cells: [TotalsCell], by factors: Matrix) -> [Double] {
    let (sets, width) = (factors.columns + 1, layout.widths.reduce(0, +))
    var weights = [Double](repeating: 1, count: cells.count * sets)
    for replicate in 0..<factors.columns {
      for (row, cell) in cells.enumerated() {
        weights[(replicate + 1) * cells.count + row] = factors[cell.leaf, replicate]
      }
    }
    var terms = [Double](repeating: 0, count: cells.count * width)
    for (row, cell) in cells.enumerated() {
      var column = 0
      for (statistic, own) in layout.widths.enumerated() {
        let record = layout.sums(cell.cell, statistic) + TotalsLayout.head
        for index in 0..<own {
          terms[column * cells.count + row] = sums[record + index]
          column += 1
        }
      }
    }
    var result = [Double](repeating: 0, count: sets * width)
    weights.withUnsafeBufferPointer { weights in
      terms.withUnsafeBufferPointer { terms in
        result.withUnsafeMutableBufferPointer { result in
          guard let weights = weights.baseAddress, let terms = terms.baseAddress, let result = result.baseAddress
          else { return }
          panelProduct(weights, sets, terms, width, rows: cells.count, into: result)
        }
      }
    }
    return result
  }
}
