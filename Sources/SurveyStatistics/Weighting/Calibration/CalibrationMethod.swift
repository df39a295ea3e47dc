import RealModule

/// How far calibrated weights are from the starting weights: the distance that is minimised (Deville and Särndal 1992).
public enum CalibrationMethod: String, Sendable, Codable, CaseIterable {
  /// The generalised regression estimator: g = 1 + x'η. With bounds it is cut off at them.
  case linear
  /// g = exp(x'η), which is never negative. With bounds it is cut off at them.
  case raking
  /// Bounded on both sides without a kink.
  case logit
  /// Linear, cut off at the bounds.
  case truncated
}

/// The function F of a distance, by which g = F(x'η), its derivative, and its integral G.
struct CalibrationFunction: Sendable {
  let method: CalibrationMethod
  let lower: Double
  let upper: Double

  /// Whether g is linear in η, so that one solve suffices.
  var isLinear: Bool { method == .linear && lower == -.infinity && upper == .infinity }

  /// - Parameters lower, upper: the bounds of this unit.
  func evaluate(_ u: Double, _ lower: Double, _ upper: Double) -> (value: Double, slope: Double, integral: Double) {
    switch method {
    case .linear, .truncated:
      if 1 + u < lower { return (lower, 0, lower * u - (1 - lower) * (1 - lower) / 2) }
      if 1 + u > upper { return (upper, 0, upper * u - (1 - upper) * (1 - upper) / 2) }
      return (1 + u, 1, u + u * u / 2)
    case .raking:
      let g = Double.exp(u)
      if g < lower { return (lower, 0, lower * u + lower - 1 - lower * Double.log(lower)) }
      if g > upper { return (upper, 0, upper * u + upper - 1 - upper * Double.log(upper)) }
      return (g, g, g - 1)
    case .logit:
      let a = (upper - lower) / ((upper - 1) * (1 - lower))
      // Written with the exponential that does not overflow.
      let e = Double.exp(-(a * u).magnitude)
      let (low, high) = u > 0 ? ((upper - 1) * e, 1 - lower) : (upper - 1, (1 - lower) * e)
      let g = (lower * low + upper * high) / (low + high)
      let slope = (g - lower) * (upper - g) / (upper - lower) * a
      let integral =
        lower * u + (upper - lower) / a * (Double.log((low + high) / (upper - lower)) + max(0, a * u))
      return (g, slope, integral)
    }
  }
}
