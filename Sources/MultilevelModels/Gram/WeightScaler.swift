/// How the rows' weights of one lowest group enter the likelihood, from their sum and their sum of squares.
struct WeightScaler {
  private let scaling: FitRequest.WeightScaling
  private let isUnconditional: Bool

  init(_ request: FitRequest) {
    scaling = request.weightScaling
    isUnconditional = request.weightsAre == .unconditional
  }

  /// - Parameters:
  ///   - given: the rows' weights as given.
  ///   - groupWeight: the lowest group's weight as given.
  /// - Returns: what to multiply the group's cross-products by, its rows' scaled weights, and what to multiply the
  ///   group's own weight by.
  func scaled(
    _ given: NestedGrams.WeightSummary, groupWeight: Double
  ) -> (gramFactor: Double, weights: NestedGrams.WeightSummary, groupFactor: Double) {
    // A factor that is the same for all rows of the group cancels in the scalings `size` and `effective`.
    let conditional = isUnconditional ? 1 / groupWeight : 1
    let count = Double(given.count)
    let factor =
      switch scaling {
      case .none: conditional
      case .size: count / given.sum
      case .effective: given.sum / given.sumOfSquares
      case .gk: 1.0
      }
    var weights = given
    if scaling == .gk {
      (weights.sum, weights.sumOfSquares) = (count, count)
      return (1, weights, conditional * given.sum / count)
    }
    weights.sum *= factor
    weights.sumOfSquares *= factor * factor
    return (factor, weights, 1)
  }
}
