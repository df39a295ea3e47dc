public import Columnar

/// The internal consistency of a scale.
public struct Reliability: Codable, Sendable, Equatable {
  /// Cronbach's alpha, k / (k - 1) (1 - Σ variances / Σ covariances).
  public let alpha: Double
  /// Alpha of the standardised items, from their correlations; nil where an item does not vary.
  public let standardisedAlpha: Double?
  /// Alpha without each item in turn; nil for two items, or where the rest does not vary.
  public let alphaIfDropped: [Double?]
  public let items: [String]
  /// Rows with an answer to at least one item, or to all in complete cases.
  public let n: Int
  public let missing: MissingAnswers
  public let isWeighted: Bool

  enum CodingKeys: String, CodingKey {
    case alpha, items, n, missing
    case standardisedAlpha = "standardised_alpha"
    case alphaIfDropped = "alpha_if_dropped"
    case isWeighted = "weighted"
  }

  /// The choices that differ between programs, by name.
  public var conventions: [Note] {
    [
      Note("missing_answers", missing.explanation),
      Note("covariance", "divisor n - 1" + (isWeighted ? ", weights rescaled to a mean of 1" : "")),
    ]
  }
}

/// Which rows enter a covariance of two items.
public enum MissingAnswers: String, Codable, Sendable, CaseIterable {
  /// Rows with an answer to both.
  case pairwise
  /// Rows with an answer to every item.
  case completeCases = "complete_cases"

  var explanation: String {
    switch self {
    case .pairwise: "each covariance is taken over the rows that answered both items"
    case .completeCases: "only rows that answered every item are used"
    }
  }
}

/// Cronbach's alpha from a covariance matrix stored by columns; nil where the sum of the items does not vary.
func cronbachAlpha(_ covariance: [Double], items k: Int) -> Double? {
  let total = covariance.reduce(0, +)
  let trace = (0..<k).reduce(0) { $0 + covariance[$1 * k + $1] }
  guard k > 1, total > 0 else { return nil }
  return Double(k) / Double(k - 1) * (1 - trace / total)
}
