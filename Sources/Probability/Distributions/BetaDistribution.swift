import CBoostMath

/// The beta distribution on [0, 1] with two positive shapes.
///
/// It also gives the binomial distribution: P(at least k of n) is `BetaDistribution(k, n - k + 1).cdf(p)`.
public struct BetaDistribution: Distribution {
  public let a: Double
  public let b: Double

  public init(_ a: Double, _ b: Double) {
    self.a = a
    self.b = b
  }

  public func cdf(_ x: Double) -> Double { boost_beta_cdf(x, a, b) }
  public func survival(_ x: Double) -> Double { boost_beta_survival(x, a, b) }
  public func quantile(_ p: Double) -> Double { boost_beta_quantile(p, a, b) }
  public func upperQuantile(_ p: Double) -> Double { boost_beta_upper_quantile(p, a, b) }
}

/// The logarithm of the absolute value of the gamma function; NaN or infinite at its poles.
public func logGamma(_ x: Double) -> Double { boost_log_gamma(x) }
