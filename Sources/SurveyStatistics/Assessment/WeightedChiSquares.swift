import Probability

/// The distribution of a likelihood-ratio or Pearson statistic under a design: a sum of chi-squared variables of one degree
/// of freedom, each weighted by an eigenvalue of the matrix of design effects (Rao and Scott 1984), over a mean square
/// of as many degrees of freedom as the design has left.
struct WeightedChiSquares {
  let eigenvalues: [Double]
  let residualDF: Double

  init(_ eigenvalues: [Double], residualDF: Double) {
    // Rounding may leave an eigenvalue of 0 a little below it.
    self.eigenvalues = eigenvalues.map { max(0, $0) }
    self.residualDF = residualDF
  }

  /// P(statistic > x), to 1e-12.
  func exact(_ x: Double) -> Double { form(x).upperTail }

  /// The same by the saddlepoint approximation; by Satterthwaite's F near the mean, where that is not defined.
  func saddlepoint(_ x: Double) -> Double { form(x).saddlepointTail ?? satterthwaite(x) }

  private func form(_ x: Double) -> QuadraticForm {
    QuadraticForm(exceeding: x, weights: eigenvalues, over: residualDF)
  }

  private func satterthwaite(_ x: Double) -> Double {
    let (sum, squares) = eigenvalues.reduce((0.0, 0.0)) { ($0.0 + $1, $0.1 + $1 * $1) }
    return FDistribution(df1: sum * sum / squares, df2: residualDF).survival(x / sum)
  }
}
