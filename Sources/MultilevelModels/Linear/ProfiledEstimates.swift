import Columnar
import LinearAlgebra
import RealModule

/// What the likelihood, profiled over the fixed effects and σ, gives at one θ, in terms of the stored columns.
struct ProfiledEstimates: Sendable {
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

  /// b = [−β; 1]: what the fixed effects and the response contribute to a residual.
  var contrast: [Double] { coefficients.map { -$0 } + [1] }

  /// - Parameters:
  ///   - root: R over the fixed effects and the response, of which the lower triangle is read.
  ///   - logDeterminant: ½ log |T|, with weights.
  ///   - constant: what else the criterion holds.
  ///   - fixedScales: of the stored columns of the fixed effects.
  /// - Throws: `failure` where R is not positive definite.
  init(
    root: Matrix, logDeterminant: Double, degreesOfFreedom: Double, isRestricted: Bool, constant: Double,
    fixedScales: [Double]
  ) throws(ImmerseError) {
    let p = fixedScales.count
    let residual: Double
    do {
      information = try Cholesky(root.submatrix(rows: Array(0..<p), columns: Array(0..<p)))
      coefficients = try information.solve((0..<p).map { root[p, $0] })
      // r² is the square of the last pivot in the factor of the whole.
      residual = try Cholesky(root).factor[p, p]
    } catch { throw .unsolvable }
    residualSquares = residual * residual
    residualVariance = residualSquares / degreesOfFreedom
    var criterion = constant + 2 * logDeterminant
    criterion += degreesOfFreedom * (1 + .log(2 * .pi * residualSquares / degreesOfFreedom))
    if isRestricted {
      criterion += information.logDeterminant
      for scale in fixedScales { criterion += 2 * .log(scale) }
    }
    self.criterion = criterion
  }
}
