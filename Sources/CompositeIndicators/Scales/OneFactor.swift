import Columnar

/// A single factor behind a covariance matrix, by maximum likelihood.
///
/// The EM algorithm of Rubin and Thayer (1982), Psychometrika 47, 69-76.
struct OneFactor {
  let loadings: [Double]
  let uniquenesses: [Double]

  /// Nil where an item has no variance, or the algorithm does not settle on positive uniquenesses: a Heywood case.
  ///
  /// - Parameter covariance: items by items.
  init?(_ covariance: [Double], items k: Int) {
    guard k > 2, (0..<k).allSatisfy({ covariance[$0 * k + $0] > 0 }) else { return nil }
    let variances = (0..<k).map { covariance[$0 * k + $0] }
    var lambda = variances.map { $0.squareRoot() * 0.7 }
    var psi = variances.map { $0 / 2 }
    for _ in 0..<100_000 {
      // The factor's regression on the items, by the matrix inversion lemma.
      let ratio = (0..<k).map { lambda[$0] / psi[$0] }
      let beta = ratio.map { $0 / (1 + zip(lambda, ratio).reduce(0) { $0 + $1.0 * $1.1 }) }
      let cross = (0..<k).map { a in (0..<k).reduce(0) { $0 + covariance[a * k + $1] * beta[$1] } }
      let square =
        1 - zip(beta, lambda).reduce(0) { $0 + $1.0 * $1.1 } + zip(beta, cross).reduce(0) { $0 + $1.0 * $1.1 }
      let newLambda = cross.map { $0 / square }
      let newPsi = (0..<k).map { variances[$0] - newLambda[$0] * cross[$0] }
      guard (0..<k).allSatisfy({ newPsi[$0] > 1e-6 * variances[$0] }) else { return nil }
      let change = (0..<k).reduce(0) { max($0, (newLambda[$1] - lambda[$1]).magnitude / variances[$1].squareRoot()) }
      (lambda, psi) = (newLambda, newPsi)
      if change < 1e-14 {
        loadings = lambda
        uniquenesses = psi
        return
      }
    }
    return nil
  }

  /// (Σ λ)² / ((Σ λ)² + Σ θ): McDonald (1999), Test Theory, chapter 6.
  var omega: Double {
    let common = loadings.reduce(0, +) * loadings.reduce(0, +)
    return common / (common + uniquenesses.reduce(0, +))
  }
}
