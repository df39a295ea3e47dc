import Columnar

/// The estimate of one statistic in one domain, and how it hangs on the totals.
struct DomainEstimate {
  let key: Int
  let cells: [TotalsCell]
  /// Rows used.
  let count: Double
  private(set) var estimate: Double
  /// The derivatives of the estimate by its totals.
  private(set) var gradient: [Double]
  /// The interval, where it does not follow from the standard error; a limit that is not defined is NaN.
  private(set) var limits: (low: Double, high: Double)?
  /// The variance a simple random sample of as many rows would have; nil where that is no comparison.
  let srsVariance: Double?

  init(_ domain: (key: Int, cells: [TotalsCell]), _ statistic: Int, _ partial: TotalsPartial) {
    key = domain.key
    cells = domain.cells
    let function = partial.fit.statistics[statistic].function
    var totals = [Double](repeating: 0, count: partial.layout.widths[statistic])
    var (count, squares) = (0.0, 0.0)
    for cell in cells {
      let record = partial.layout.sums(cell.cell, statistic)
      count += partial.sums[record]
      squares += partial.sums[record + 2]
      for index in totals.indices { totals[index] += partial.sums[record + TotalsLayout.head + index] }
    }
    self.count = count
    let linear = function.linearised(at: totals, count: count)
    estimate = partial.fit.statistics[statistic].known.map { [key] in $0[key] ?? .nan } ?? linear.value
    gradient = linear.gradient
    srsVariance = partial.fit.statistics[statistic].comparison?.variance(
      numerator: totals[0], weight: totals[1], squares: squares, count: count)
  }

  /// An estimate that moves with this one at a rate of `slope`, such as a quantile with the share below it.
  func translated(to estimate: Double, slope: Double, limits: (low: Double, high: Double)) -> DomainEstimate {
    var translated = self
    translated.estimate = estimate
    translated.gradient = gradient.map { $0 * slope }
    translated.limits = limits
    return translated
  }
}
