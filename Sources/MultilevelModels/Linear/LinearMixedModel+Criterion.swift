import Columnar
import LinearAlgebra
import ModelFormula
import RealModule

/// The profiled criterion at one θ, with the estimates that go with it in terms of the stored columns.
struct Evaluation: Sendable {
  /// −2 log (pseudo-, restricted) likelihood with all constants.
  let criterion: Double
  /// The fixed effects.
  let coefficients: [Double]
  /// r², the penalised residual sum of squares.
  let residualSquares: Double
  /// σ².
  let residualVariance: Double
  /// The Cholesky factor of K = X'V⁻¹X σ².
  let information: Cholesky
  /// Λ of each level in terms of the stored columns, a row for each carrier.
  let factors: [[Double]]
  /// ρ of the residual classes but the first.
  let logRatios: [Double]
  let sweep: UpSweep

  /// b = [−β; 1]: what the fixed effects and the response contribute to a residual.
  var contrast: [Double] { coefficients.map { -$0 } + [1] }
}

extension LinearMixedModel {
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
    let factors = factors(theta, coordinates)
    let logRatios = Array(theta.dropFirst(factorCount))
    let sweep = try sweepUp(factors, logRatios: logRatios)
    let p = fixed.count
    var root = Matrix(rows: p + 1, columns: p + 1)
    for i in 0...p {
      for j in 0...i { root[i, j] = sweep.root[packed(i, j)] }
    }
    let information: Cholesky
    let coefficients: [Double]
    let residual: Double
    do {
      information = try Cholesky(root.submatrix(rows: Array(0..<p), columns: Array(0..<p)))
      coefficients = try information.solve((0..<p).map { root[p, $0] })
      // r² is the square of the last pivot in the factor of the whole.
      residual = try Cholesky(root).factor[p, p]
    } catch { throw .unsolvable }
    let residualSquares = residual * residual
    let df = degreesOfFreedom
    var criterion = 2 * sweep.logDeterminant + df * (1 + .log(2 * .pi * residualSquares / df))
    criterion += 2 * df * .log(grams.scales[grams.frame.response].scale)
    criterion += (residuals?.logDeterminant(logRatios) ?? 0) - grams.logWeights
    if isRestricted {
      criterion += information.logDeterminant
      for column in fixed { criterion += 2 * .log(grams.scales[column].scale) }
    }
    return Evaluation(
      criterion: criterion, coefficients: coefficients, residualSquares: residualSquares,
      residualVariance: residualSquares / df, information: information, factors: factors,
      logRatios: logRatios, sweep: sweep)
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

  /// The gradient of the criterion with respect to θ.
  func gradient(_ evaluation: Evaluation, _ coordinates: ThetaCoordinates) throws(ImmerseError) -> [Double] {
    let derivatives = try derivatives(evaluation, coordinates)
    return zip(levels, derivatives.factors).flatMap { $0.effects.theta($1) } + derivatives.logRatios
  }
}

extension ImmerseError {
  static let unsolvable = ImmerseError(
    .failure, "the model's equations cannot be solved in double precision",
    remedy: "remove nearly dependent predictors, or rescale them")
}
