import Columnar
import LinearAlgebra
import ModelFormula
import RealModule

/// The profiled criterion at one θ, with the estimates that go with it in terms of the stored columns.
struct Evaluation: Sendable {
  let profile: ProfiledEstimates
  /// Λ of each level in terms of the stored columns, a row for each carrier.
  let factors: [[Double]]
  /// ρ of the residual classes but the first.
  let logRatios: [Double]
  let sweep: UpSweep

  var criterion: Double { profile.criterion }
  var coefficients: [Double] { profile.coefficients }
  var residualSquares: Double { profile.residualSquares }
  var residualVariance: Double { profile.residualVariance }
  var information: Cholesky { profile.information }
  var contrast: [Double] { profile.contrast }
}

extension LinearMixedModel: MixedLikelihood {
  var randomFactors: [(effects: RandomEffects, weightOfGroups: Double)] {
    levels.map { ($0.effects, $0.weightOfGroups) }
  }

  /// With the profiled σ, D = 2 N_c ρ_c + N log(Σ S_c exp(−2ρ_c)) has the second derivative 4 N_c (1 − N_c/N).
  var furtherMetric: [Double] {
    (residuals?.sizes ?? []).dropFirst().map { size / (4 * $0 * (size - $0)) }
  }

  func profile(_ evaluation: Evaluation) -> ProfiledEstimates { evaluation.profile }

  /// Λ of each level in terms of the stored columns.
  func factors(_ theta: [Double], _ coordinates: ThetaCoordinates) -> [[Double]] {
    var first = 0
    return levels.map { level in
      defer { first += level.effects.thetaCount }
      return level.effects.stored(theta[first..<first + level.effects.thetaCount], coordinates)
    }
  }

  /// The criterion and the estimates at θ.
  ///
  /// - Throws: `failure` where rounding leaves no positive definite system, as for θ beyond all bounds.
  func evaluate(_ theta: [Double], _ coordinates: ThetaCoordinates) throws(ImmerseError) -> Evaluation {
    try evaluate(factors: factors(theta, coordinates), logRatios: Array(theta.dropFirst(factorCount)))
  }

  /// The criterion and the estimates for Λ of each level in terms of the stored columns.
  func evaluate(factors: [[Double]], logRatios: [Double] = []) throws(ImmerseError) -> Evaluation {
    let sweep = try sweepUp(factors, logRatios: logRatios)
    let p = fixed.count
    var root = Matrix(rows: p + 1, columns: p + 1)
    for i in 0...p {
      for j in 0...i { root[i, j] = sweep.root[packed(i, j)] }
    }
    let profile = try ProfiledEstimates(
      root: root, logDeterminant: sweep.logDeterminant, degreesOfFreedom: degreesOfFreedom, isRestricted: isRestricted,
      constant: 2 * degreesOfFreedom * .log(grams.scales[grams.frame.response].scale)
        + (residuals?.logDeterminant(logRatios) ?? 0) - grams.logWeights,
      fixedScales: fixed.map { grams.scales[$0].scale })
    return Evaluation(profile: profile, factors: factors, logRatios: logRatios, sweep: sweep)
  }

  /// The derivative of the criterion with respect to every level's Λ, and to the logarithms of the residual ratios:
  /// exact, by one descent of the tree.
  func derivatives(
    _ evaluation: Evaluation, _ coordinates: ThetaCoordinates
  ) throws(ImmerseError) -> (factors: [Matrix], logRatios: [Double]) {
    // dD/dR = (ν / r²) b b', and K⁻¹ in the fixed effects' block under REML.
    let b = evaluation.contrast
    let scale = degreesOfFreedom / evaluation.residualSquares
    var seed = b.flatMap { x in b.map { y in scale * x * y } }
    if isRestricted {
      let inverse: Matrix
      do { inverse = try evaluation.information.inverse() } catch { throw .unsolvable }
      for i in fixed.indices {
        for j in fixed.indices { seed[i * b.count + j] += inverse[i, j] }
      }
    }
    let (stored, lowest) = try descend(
      evaluation.sweep, evaluation.factors, seed: seed, logSeed: 2, toRows: residuals != nil)
    return (
      zip(levels, stored).map { $0.effects.derivative($1, coordinates) },
      residuals?.gradient(evaluation.logRatios, adjoints: lowest, width: levels[0].shape.width) ?? []
    )
  }
}

extension ImmerseError {
  static let unsolvable = ImmerseError(
    .failure, "the model's equations cannot be solved in double precision",
    remedy: "remove nearly dependent predictors, or rescale them")
}
