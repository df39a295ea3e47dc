import RealModule

/// A weighted sum of independent chi-squared variables, Σ λ_k X_k with X_k of ν_k degrees of freedom: what a quadratic
/// form in normal variables is.
///
/// Weights of both signs make a ratio of two forms: Σ λ_k X_k / (Y/ν) > x where Σ λ_k X_k − (x/ν) Y > 0.
public struct QuadraticForm: Sendable {
  public let terms: [(weight: Double, df: Double)]

  /// Terms of weight 0 are left out.
  public init(_ terms: [(weight: Double, df: Double)]) { self.terms = terms.filter { $0.weight != 0 } }

  /// The form that is positive where Σ λ_k X_k, each X_k with one degree of freedom, over the mean square of `df` degrees
  /// of freedom exceeds x.
  public init(exceeding x: Double, weights: [Double], over df: Double) {
    self.init(weights.map { ($0, 1) } + [(-x / df, df)])
  }

  /// The probability that the form is positive, by numerical inversion of its characteristic function (Imhof 1961,
  /// Biometrika 48, 419-426): to about 1e-12, absolutely.
  ///
  /// The double exponential substitution u = exp(π/2 sinh t) turns the integral over all frequencies u into one that the
  /// trapezoidal rule takes at a geometric rate; steps are halved until two results agree.
  public var upperTail: Double {
    guard let largest = terms.map(\.weight.magnitude).max(), largest.isFinite else { return .nan }
    let scaled = terms.map { (weight: $0.weight / largest, df: $0.df) }
    func integrand(_ t: Double) -> Double {
      let u = Double.exp(.pi / 2 * .sinh(t))
      var (angle, decay) = (0.0, 0.0)
      for term in scaled {
        let product = term.weight * u
        angle += term.df * .atan(product)
        decay += term.df * .log(onePlus: product * product)
      }
      return .sin(angle / 2) * .exp(-decay / 4) * .pi / 2 * .cosh(t)
    }
    // Beyond, u is below 1e-26 or above 1e26.
    let reach = 4.4
    var step = 0.25
    func sum(from first: Double, by step: Double) -> Double {
      stride(from: first, through: reach, by: step).reduce(0) { $0 + integrand($1) }
    }
    var total = sum(from: -reach, by: step)
    var previous = Double.infinity
    for _ in 0..<14 {
      let current = total * step
      if (current - previous).magnitude <= 1e-14 { break }
      previous = current
      total += sum(from: -reach + step / 2, by: step)
      step /= 2
    }
    return min(1, max(0, 0.5 + total * step / .pi))
  }

  /// The same by a saddlepoint approximation (Kuonen 1999, Biometrika 86, 929-935), whose relative error stays small far in
  /// the tail; nil too near the mean, where it is not defined.
  public var saddlepointTail: Double? {
    let largest = terms.map(\.weight).max() ?? 0
    let least = terms.map(\.weight).min() ?? 0
    guard largest > 0, least < 0, largest.isFinite, least.isFinite else { return nil }
    let scaled = terms.map { (weight: $0.weight / largest, df: $0.df) }
    func slope(_ zeta: Double) -> Double {
      scaled.reduce(0) { $0 + $1.df * $1.weight / (1 - 2 * zeta * $1.weight) }
    }
    // The slope of the cumulant function rises from −∞ to ∞ between its poles.
    var (low, high) = (largest / (2 * least), 0.5)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { break }
      if slope(middle) < 0 { low = middle } else { high = middle }
    }
    let zeta = (low + high) / 2
    guard zeta.magnitude >= 1e-4 else { return nil }
    let cumulant = -0.5 * scaled.reduce(0) { $0 + $1.df * .log(onePlus: -2 * zeta * $1.weight) }
    let curvature = scaled.reduce(0) { sum, term in
      let part = term.weight / (1 - 2 * zeta * term.weight)
      return sum + 2 * term.df * part * part
    }
    let w = (zeta < 0 ? -1 : 1) * (-2 * cumulant).squareRoot()
    let v = zeta * curvature.squareRoot()
    return Normal.survival(w + .log(v / w) / w)
  }
}
