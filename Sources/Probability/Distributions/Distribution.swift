/// A continuous distribution with both of its tails.
///
/// A result is NaN where an argument is NaN, a probability lies outside [0, 1], or a parameter outside its domain.
/// Quantiles keep their relative accuracy for probabilities down to 1e-40, tail probabilities to the smallest numbers.
public protocol Distribution: Sendable {
  /// P(X ≤ x).
  func cdf(_ x: Double) -> Double
  /// P(X > x), accurate where it is tiny.
  func survival(_ x: Double) -> Double
  /// The x with P(X ≤ x) = p.
  func quantile(_ p: Double) -> Double
  /// The x with P(X > x) = p, accurate where p is tiny.
  func upperQuantile(_ p: Double) -> Double
}
