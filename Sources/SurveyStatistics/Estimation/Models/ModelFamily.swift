/// The kind of response that a regression is of.
public enum ModelFamily: String, Sendable, Codable, CaseIterable {
  /// Identity link.
  case gaussian
  /// Logit link; the response is 0 or 1, a share, or a category of two levels whose second is the event.
  case binomial
  /// Log link; the response is not negative.
  case poisson
  /// Proportional odds: logit P(y ≤ k) = ζ_k − x'β, of a category in the order of its levels.
  case ordinal

  /// Of a generalised linear model; nil for the proportional-odds model, which is none.
  var distribution: ResponseDistribution? {
    switch self {
    case .gaussian: .gaussian
    case .binomial: .binomial
    case .poisson: .poisson
    case .ordinal: nil
    }
  }

  /// Whether covariates can tell the response without error, so that no finite coefficients exist.
  var canSeparate: Bool { self == .binomial || self == .ordinal }
}
