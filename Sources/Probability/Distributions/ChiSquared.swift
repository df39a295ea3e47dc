import CBoostMath

/// The chi-squared distribution with any positive degrees of freedom.
public struct ChiSquared: Distribution {
  public let df: Double

  public init(df: Double) { self.df = df }

  public func cdf(_ x: Double) -> Double {
    x == .infinity && df > 0 ? 1 : boost_chi_squared_cdf(x, df)
  }

  public func survival(_ x: Double) -> Double {
    x == .infinity && df > 0 ? 0 : boost_chi_squared_survival(x, df)
  }

  public func quantile(_ p: Double) -> Double { boost_chi_squared_quantile(p, df) }

  public func upperQuantile(_ p: Double) -> Double { boost_chi_squared_upper_quantile(p, df) }
}
