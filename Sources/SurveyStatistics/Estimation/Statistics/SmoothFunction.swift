import Expressions

/// What turns weighted totals into an estimate: a smooth function, whose gradient linearises it.
///
/// A replicate estimate is the same function at the replicate's totals; the variance of the full-sample estimate is that
/// of Σ g_k T_k with g the gradient at the totals (Taylor linearisation; Särndal, Swensson and Wretman 1992, section 5.5).
enum SmoothFunction: Sendable {
  /// T0 alone; for totals of which something else is made.
  case first
  /// T0 + shift · T1, of T = (Σw(x − shift), Σw).
  case total(shift: Double)
  /// T0 / T1 + shift.
  case quotient(shift: Double)
  /// The variance of x, of T = (Σw, Σwu, Σwu²) with u = (x − shift) / scale.
  case variance(scale: Double)
  case standardDeviation(scale: Double)
  /// Of T = (Σw, Σwu, Σwv, Σwu², Σwuv, Σwv²); scale is the product of both.
  case covariance(scale: Double)
  case correlation
  /// What the request says, of T = (Σw, its totals ...).
  case written(TotalsExpression)

  /// - Parameter count: the rows behind the totals, whose weight is not zero; it counts as fixed.
  func callAsFunction<Number: SmoothNumber>(_ t: [Number], count: Double) -> Number {
    switch self {
    case .first: return t[0]
    case .written(let expression): return expression(t)
    case .total(let shift): return t[0] + shift * t[1]
    case .quotient(let shift): return t[0] / t[1] + shift
    case .variance(let scale):
      return (scale * scale * SmoothFunction.unbiased(count)) * SmoothFunction.spread(t[2], t[1], over: t[0])
    case .standardDeviation(let scale):
      return scale * (SmoothFunction.unbiased(count) * SmoothFunction.spread(t[2], t[1], over: t[0])).squareRoot()
    case .covariance(let scale):
      return (scale * SmoothFunction.unbiased(count)) * SmoothFunction.product(t[4], t[1], t[2], over: t[0])
    case .correlation:
      let spreads = SmoothFunction.spread(t[3], t[1], over: t[0]) * SmoothFunction.spread(t[5], t[2], over: t[0])
      return SmoothFunction.product(t[4], t[1], t[2], over: t[0]) / spreads.squareRoot()
    }
  }

  /// The value and its derivatives by the totals.
  func linearised(at totals: [Double], count: Double) -> Dual {
    let result = self(Dual.variables(totals), count: count)
    return result.gradient.isEmpty ? Dual(result.value, totals.map { _ in 0 }) : result
  }

  /// n / (n − 1): survey's convention for variances, whatever the weights.
  private static func unbiased(_ count: Double) -> Double { count / (count - 1) }

  /// The mean square of u about its mean: 0 where no digit of it is left beside the mean's distance from the shift.
  private static func spread<Number: SmoothNumber>(_ uu: Number, _ u: Number, over weight: Number) -> Number {
    let spread = product(uu, u, u, over: weight)
    return spread.value.magnitude <= 1e-14 * (uu.value / weight.value) ? Number(0) : spread
  }

  /// The mean of u·v about the means of u and v.
  private static func product<Number: SmoothNumber>(
    _ uv: Number, _ u: Number, _ v: Number, over weight: Number
  ) -> Number { uv / weight - (u / weight) * (v / weight) }
}
