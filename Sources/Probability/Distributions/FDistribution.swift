import CBoostMath

/// The F distribution with any positive degrees of freedom, each of which may be infinite.
public struct FDistribution: Distribution {
  /// Degrees of freedom of the numerator.
  public let df1: Double
  /// Degrees of freedom of the denominator.
  public let df2: Double

  public init(df1: Double, df2: Double) {
    self.df1 = df1
    self.df2 = df2
  }

  public func cdf(_ x: Double) -> Double {
    switch limit {
    case .finite: x == .infinity && df1 > 0 && df2 > 0 ? 1 : boost_f_cdf(x, df1, df2)
    case .chiSquared(let numerator): numerator.cdf(x * df1)
    case .inverse(let denominator): denominator.survival(df2 / x)
    case .one: x.isNaN ? .nan : x < 1 ? 0 : 1
    }
  }

  public func survival(_ x: Double) -> Double {
    switch limit {
    case .finite: x == .infinity && df1 > 0 && df2 > 0 ? 0 : boost_f_survival(x, df1, df2)
    case .chiSquared(let numerator): numerator.survival(x * df1)
    case .inverse(let denominator): denominator.cdf(df2 / x)
    case .one: x.isNaN ? .nan : x < 1 ? 1 : 0
    }
  }

  public func quantile(_ p: Double) -> Double {
    switch limit {
    case .finite: boost_f_quantile(p, df1, df2)
    case .chiSquared(let numerator): numerator.quantile(p) / df1
    case .inverse(let denominator): df2 / denominator.upperQuantile(p)
    case .one: p >= 0 && p <= 1 ? 1 : .nan
    }
  }

  public func upperQuantile(_ p: Double) -> Double {
    switch limit {
    case .finite: boost_f_upper_quantile(p, df1, df2)
    case .chiSquared(let numerator): numerator.upperQuantile(p) / df1
    case .inverse(let denominator): df2 / denominator.quantile(p)
    case .one: p >= 0 && p <= 1 ? 1 : .nan
    }
  }

  /// What remains of the ratio of two mean squares when one or both of them have infinite degrees of freedom.
  private enum Limit {
    case finite
    case chiSquared(ChiSquared)
    case inverse(ChiSquared)
    case one
  }

  private var limit: Limit {
    switch (df1 == .infinity, df2 == .infinity) {
    case (false, false): .finite
    case (false, true): .chiSquared(ChiSquared(df: df1))
    case (true, false): .inverse(ChiSquared(df: df2))
    case (true, true): .one
    }
  }
}
