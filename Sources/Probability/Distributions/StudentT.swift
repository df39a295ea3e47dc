import CBoostMath

/// Student's t distribution with any positive degrees of freedom; infinity gives the standard normal.
public struct StudentT: Distribution {
  public let df: Double

  public init(df: Double) { self.df = df }

  public func cdf(_ x: Double) -> Double {
    df == .infinity ? Normal.cdf(x) : boost_student_t_cdf(x, df)
  }

  public func survival(_ x: Double) -> Double {
    df == .infinity ? Normal.survival(x) : boost_student_t_survival(x, df)
  }

  public func quantile(_ p: Double) -> Double {
    df == .infinity ? Normal.quantile(p) : boost_student_t_quantile(p, df)
  }

  public func upperQuantile(_ p: Double) -> Double { -quantile(p) }

  /// P(|T| > |x|): the p-value of a two-sided test.
  public func twoSided(_ x: Double) -> Double { 2 * survival(x.magnitude) }

  /// The half width, in standard errors, of an interval that covers with probability `level`.
  public func criticalValue(level: Double) -> Double { upperQuantile((1 - level) / 2) }
}
