import Numerics
import Probability

/// The correlation of the normal variables behind two ordered ones.
///
/// Two steps: thresholds from the margins, then the correlation by maximum likelihood. Olsson (1979), Psychometrika 44,
/// 443-460.
enum PolychoricCorrelation {
  /// Nil where a variable has one category, or the likelihood rises to a perfect correlation.
  ///
  /// - Parameter table: weighted counts, row by row; `columns` of them in a row.
  static func estimate(_ table: [Double], columns: Int) -> Double? {
    let rows = table.count / columns
    let total = table.reduce(0, +)
    let rowSums = (0..<rows).map { row in (0..<columns).reduce(0) { $0 + table[row * columns + $1] } }
    let columnSums = (0..<columns).map { column in (0..<rows).reduce(0) { $0 + table[$1 * columns + column] } }
    guard rowSums.count(where: { $0 > 0 }) > 1, columnSums.count(where: { $0 > 0 }) > 1 else { return nil }
    let (a, b) = (thresholds(rowSums, total), thresholds(columnSums, total))

    /// The derivative of the log likelihood and the expected information at a correlation.
    func score(_ rho: Double) -> (gradient: Double, information: Double) {
      var (gradient, information) = (0.0, 0.0)
      for row in 0..<rows where rowSums[row] > 0 {
        for column in 0..<columns where columnSums[column] > 0 {
          func corners(_ f: (Double, Double) -> Double) -> Double {
            f(a[row + 1], b[column + 1]) - f(a[row], b[column + 1]) - f(a[row + 1], b[column]) + f(a[row], b[column])
          }
          let p = max(corners { BivariateNormal.cdf($0, $1, correlation: rho) }, 1e-300)
          let slope = corners { BivariateNormal.density($0, $1, correlation: rho) }
          gradient += table[row * columns + column] * slope / p
          if p > 1e-14 { information += total * slope * slope / p }
        }
      }
      return (gradient, information)
    }

    var (low, high) = (-0.9999, 0.9999)
    guard score(low).gradient > 0, score(high).gradient < 0 else { return nil }
    var rho = 0.0
    for _ in 0..<200 {
      let (gradient, information) = score(rho)
      if gradient > 0 { low = rho } else { high = rho }
      let step = rho + gradient / information
      let next = step > low && step < high ? step : (low + high) / 2
      let isDone = (next - rho).magnitude < 1e-13
      rho = next
      if isDone { break }
    }
    return rho
  }

  /// Infinite at both ends.
  private static func thresholds(_ counts: [Double], _ total: Double) -> [Double] {
    var sum = 0.0
    return [-.infinity]
      + counts.indices.map { index in
        sum += counts[index]
        return counts[(index + 1)...].contains { $0 > 0 } ? Normal.quantile(sum / total) : .infinity
      }
  }
}
