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
  /// g − 1/g = asinh 2x'η: positive, and slower than raking to let a g grow (Roy and Vanheuverzwyn 2001, with α = 1).
  case sinh
}

/// The function F of a distance, by which g = F(x'η), and its derivative.
struct CalibrationFunction: Sendable {
  let method: CalibrationMethod
  let lower: Double
  let upper: Double

  /// Whether g is linear in η, so that one solve suffices.
  var isLinear: Bool { method == .linear && lower == -.infinity && upper == .infinity }

  /// - Parameters lower, upper: the bounds of this unit.
  func evaluate(_ u: Double, _ lower: Double, _ upper: Double) -> (value: Double, slope: Double) {
    if method == .logit {
      let a = (upper - lower) / ((upper - 1) * (1 - lower))
      // Written with the exponential that does not overflow.
      let e = Double.exp(-(a * u).magnitude)
      let (low, high) = u > 0 ? ((upper - 1) * e, 1 - lower) : (upper - 1, (1 - lower) * e)
      let g = (lower * low + upper * high) / (low + high)
      return (g, (g - lower) * (upper - g) / (upper - lower) * a)
    }
    let (g, slope) = free(u)
    if g < lower { return (lower, 0) }
    return g > upper ? (upper, 0) : (g, slope)
  }

  /// Without bounds.
  private func free(_ u: Double) -> (value: Double, slope: Double) {
    switch method {
    case .raking:
      let g = Double.exp(u)
      return (g, g)
    case .sinh:
      let p = Double.asinh(2 * u)
      let root = (p * p + 4).squareRoot()
      // Written without the difference of like numbers.
      let g = p < 0 ? 2 / (root - p) : (root + p) / 2
      return (g, g / root * 2 / Double.cosh(p))
    case .linear, .truncated, .logit: return (1 + u, 1)
    }
  }
}
