import Columnar

extension LinearMixedModel {
  func checkResidual(_ far: Evaluation) throws(ImmerseError) {
    try Identification.checkResidual(
      far.profile.residualSquares, pooled: pooled, grams.frame, label: grams.nesting.levels[0].factor.label)
  }

  /// Refuses a residual class whose variance goes to zero.
  func checkEnd(_ theta: [Double]) throws(ImmerseError) {
    guard let residuals, let widest = theta[factorCount...].map(\.magnitude).max(), widest > 9 else { return }
    throw ImmerseError(
      .badData, "has a level in which the response does not vary within groups", variable: residuals.classes.column,
      remedy: "join it with another level")
  }
}
