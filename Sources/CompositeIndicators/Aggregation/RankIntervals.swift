import Columnar
import Probability

/// The ranks a unit may hold in the population, given the sampling error of the scores.
struct RankIntervals {
  /// 0 where there is no score, or its error is not known.
  let low: [Int32]
  let high: [Int32]

  /// Beyond so many units every unit is not compared with every other.
  static let unitLimit = 10_000

  /// Marginal confidence sets by comparing each unit with all others: a unit's best rank is one below the number of units
  /// whose score is significantly higher, its worst rank one above what the significantly lower ones leave. The level is
  /// shared out over the comparisons of a unit by Bonferroni's inequality; units are independent samples. A unit of unknown
  /// error is significantly different from none. O(units²).
  ///
  /// Source: Mogstad, Romano, Shaikh and Wilhelm (2024), Review of Economic Studies 91, 476-518, section 3.1, with
  /// Bonferroni's critical value in place of the bootstrap's.
  ///
  /// - Parameter periods: the rows that are compared with each other.
  init(_ estimates: Buffer<Double>, _ errors: Buffer<Double>, within periods: [[Int]], level: Double) {
    let count = estimates.count
    var (low, high) = ([Int32](repeating: 0, count: count), [Int32](repeating: 0, count: count))
    for rows in periods { Self.compare(rows, estimates, errors, level, &low, &high) }
    self.low = low
    self.high = high
  }

  private static func compare(
    _ rows: [Int], _ estimates: Buffer<Double>, _ errors: Buffer<Double>, _ level: Double, _ low: inout [Int32],
    _ high: inout [Int32]
  ) {
    let scored = rows.filter { !estimates[$0].isNaN }
    let comparisons = Double(max(scored.count - 1, 1))
    let critical = Normal.upperQuantile((1 - level) / (2 * comparisons))
    for unit in scored where !errors[unit].isNaN {
      var (above, below): (Int32, Int32) = (0, 0)
      for other in scored where other != unit && !errors[other].isNaN {
        let difference = estimates[other] - estimates[unit]
        let margin = critical * (errors[unit] * errors[unit] + errors[other] * errors[other]).squareRoot()
        above += difference > margin ? 1 : 0
        below += -difference > margin ? 1 : 0
      }
      low[unit] = 1 + above
      high[unit] = Int32(scored.count) - below
    }
  }
}
