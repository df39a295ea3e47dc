import Numerics

/// A row's part in the log-likelihood of the proportional-odds model (McCullagh 1980, JRSS B 42, 109-142).
///
/// With a = ζ_k − η and b = ζ_{k−1} − η the distances to the cut points above and below the row's place k, and F the
/// logistic distribution, P = F(a) − F(b) = F(a) F(−b) (1 − e^{b−a}), which loses no digits.
struct ProportionalOdds {
  /// A cut point's derivatives.
  struct Side {
    /// ∂ log P / ∂ζ
    let slope: Double
    /// F(1 − F), which is −∂² log P / ∂ζ ∂η
    let density: Double
  }

  let place: Int
  let logLikelihood: Double
  /// ∂ log P / ∂η
  let slope: Double
  /// The cut point above; nil in the highest place.
  let upper: Side?
  /// The cut point below; nil in the lowest place.
  let lower: Side?
  /// ∂² log P / ∂ζ_k ∂ζ_{k−1}: by it each cut point's own second derivative exceeds its density.
  let coupling: Double

  init(place: Int, eta: Double, cuts: [Double]) {
    self.place = place
    let above = place < cuts.count ? cuts[place] - eta : .infinity
    let below = place > 0 ? cuts[place - 1] - eta : -.infinity
    let (a, b) = (ProportionalOdds.logistic(above), ProportionalOdds.logistic(-below))
    // e^{b−a}: 0 at either end.
    let ratio = Double.exp(below - above)
    let gap = -Double.expMinusOne(below - above)
    logLikelihood =
      -Double.log(onePlus: .exp(-above)) - Double.log(onePlus: .exp(below)) + (ratio == 0 ? 0 : .log(gap))
    slope = a - b
    let pull = ratio / gap
    coupling = ratio / (gap * gap)
    upper = place < cuts.count ? Side(slope: ProportionalOdds.logistic(-above) + pull, density: a * (1 - a)) : nil
    lower = place > 0 ? Side(slope: -ProportionalOdds.logistic(below) - pull, density: b * (1 - b)) : nil
  }

  /// −∂² log P / ∂η²
  var curvature: Double { (upper?.density ?? 0) + (lower?.density ?? 0) }

  private static func logistic(_ x: Double) -> Double { 1 / (1 + .exp(-x)) }
}
