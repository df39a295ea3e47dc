import Numerics

/// The range of some independent standard normal variables over an independent estimate of their standard deviation
/// (Tukey 1953): of the largest difference of means.
///
///     P(Q ≤ q) = ∫ f(s) W(qs) ds    W(w) = k ∫ φ(z) (Φ(z + w) − Φ(z))^(k−1) dz
///
/// f the density of a chi variable over the root of its degrees of freedom. Both integrands are analytic and decay fast, the
/// outer one in log s, so that the trapezoidal rule converges exponentially; the result is good to some 1e-12.
public struct StudentizedRange: Sendable {
  public let groups: Int
  /// Infinity gives the range of normal variables.
  public let df: Double

  /// - Precondition: at least two groups and positive degrees of freedom.
  public init(groups: Int, df: Double) {
    precondition(groups >= 2 && df > 0, "a range of fewer than two, or without degrees of freedom")
    self.groups = groups
    self.df = df
  }

  /// P(Q > q).
  public func survival(_ q: Double) -> Double {
    guard q > 0 else { return 1 }
    // The estimate of σ is known for all digits that count.
    if df > 1e7 { return 1 - range(q) }
    let half = df / 2
    let constant = .log(2) + half * .log(half) - .logGamma(half)
    let step = min(0.05, 0.15 / (2 * df).squareRoot())
    var (cdf, mass) = (0.0, 0.0)
    // Outwards from the mode at s = 1.
    for direction in [-1.0, 1] {
      var u = direction < 0 ? 0 : step
      while true {
        let s = Double.exp(u)
        let density = Double.exp(constant + df * u - half * s * s)
        cdf += density * range(q * s)
        mass += density
        if density < 1e-18 { break }
        u += direction * step
      }
    }
    return max(0, 1 - cdf / mass)
  }

  /// The q with P(Q > q) = p, for p within (0, 1), by the secant's Illinois rule.
  public func upperQuantile(_ p: Double) -> Double {
    var (low, high) = (0.0, 2.0)
    var (atLow, atHigh) = (1 - p, survival(high) - p)
    while atHigh > 0 && high < 1e6 {
      (low, atLow) = (high, atHigh)
      high *= 2
      atHigh = survival(high) - p
    }
    for _ in 0..<100 where (high - low).magnitude > 1e-12 * high.magnitude {
      let middle = (low * atHigh - high * atLow) / (atHigh - atLow)
      let value = survival(middle) - p
      if value.magnitude < 1e-15 { return middle }
      if value * atHigh < 0 {
        (low, atLow) = (high, atHigh)
      } else {
        atLow /= 2
      }
      (high, atHigh) = (middle, value)
    }
    return high
  }

  /// W.
  private func range(_ w: Double) -> Double {
    let step = 0.125
    var sum = 0.0
    for i in -68...68 {
      let z = step * Double(i)
      var power = 1.0
      let share = Normal.cdf(z + w) - Normal.cdf(z)
      for _ in 1..<groups { power *= share }
      sum += Normal.density(z) * power
    }
    return min(1, Double(groups) * step * sum)
  }
}
