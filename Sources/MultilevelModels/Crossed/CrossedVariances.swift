import Columnar
import LinearAlgebra

/// What the criterion of crossed factors says of the variances' estimates at an optimum: its exact slopes, and its curvature
/// by central differences of the exact gradient.
struct CrossedVariances {
  let parameters: VarianceParameters
  /// ∂ψ/∂φ with φ = (θ, σ).
  let slopes: Matrix
  /// Of φ.
  let covariance: Matrix
  /// ∂(X'V⁻¹X)/∂φ.
  let informations: [Matrix]

  /// - Complexity: two evaluations with their gradients for each parameter.
  init(_ model: CrossedModel, _ optimum: OptimumOf<CrossedEvaluation>) throws(ImmerseError) {
    let profile = optimum.evaluation.profile
    let sigma = profile.residualVariance.squareRoot()
    let count = optimum.theta.count
    parameters = VarianceParameters(model.factors.map(\.effects))
    slopes = parameters.derivatives(theta: optimum.theta, sigma: sigma).first
    let roots = try model.rootSlopes(optimum.evaluation)
    let p = model.fixed.count
    let fixed = Array(0..<p)

    // The Hessian of D(θ, σ) from that of the profiled criterion: ∂²D/∂σ² = 4ν/σ², ∂²D/∂θ∂σ = −2/σ³ ∂r²/∂θ.
    let ofSigma = 4 * model.degreesOfFreedom / profile.residualVariance
    let mixed = roots.map { -2 * $0.form(profile.contrast, profile.contrast) / (sigma * sigma * sigma) }
    let profiled = try model.hessian(at: optimum.theta)
    var hessian = Matrix(rows: count + 1, columns: count + 1)
    for i in 0..<count {
      for j in 0..<count { hessian[i, j] = profiled[i, j] + mixed[i] * mixed[j] / ofSigma }
      hessian[i, count] = mixed[i]
      hessian[count, i] = mixed[i]
    }
    hessian[count, count] = ofSigma
    do {
      covariance = try hessian.covarianceOfEstimates()
      let information = try profile.information.factor.timesTransposed(profile.information.factor)
      informations =
        roots.map { $0.submatrix(rows: fixed, columns: fixed).scaled(by: 1 / profile.residualVariance) }
        + [information.scaled(by: -2 / (sigma * sigma * sigma))]
    } catch { throw .unsolvable }
  }

  /// The covariance of the variances and covariances, in units of the response.
  func errors(responseScale: Double) throws(NumericalError) -> VarianceErrors {
    let map = try parameters.raw(responseScale: responseScale) * slopes
    return VarianceErrors(elements: parameters.elements, covariance: try map.congruence(covariance))
  }
}

extension CrossedModel {
  /// ∂R/∂θ over [X y]: −Σ (Q_z'G_r + G_r'Q_z) over the groups, for the element (z, r) of Λ.
  fileprivate func rootSlopes(_ evaluation: CrossedEvaluation) throws(ImmerseError) -> [Matrix] {
    let m = columns.count
    var slopes: [Matrix] = []
    for (f, part) in try residuals(evaluation, .identity(m)).enumerated() {
      let (c, q) = (factors[f].carriers, factors[f].effects.count)
      var sums = Array(repeating: [Double](repeating: 0, count: c * q), count: m * m)
      for k in 0..<factors[f].count {
        for z in 0..<c {
          for r in 0..<q {
            let (rest, effects) = ((k * c + z) * m, (k * q + r) * m)
            for a in 0..<m {
              for b in 0..<m {
                sums[a * m + b][z * q + r] -=
                  part.rest[rest + a] * part.effects[effects + b] + part.effects[effects + a] * part.rest[rest + b]
              }
            }
          }
        }
      }
      let derivatives = sums.map { factors[f].effects.theta(factors[f].effects.derivative($0, .fitted)) }
      for element in 0..<factors[f].effects.thetaCount {
        slopes.append(Matrix(rows: m, columns: m, elements: derivatives.map { $0[element] }))
      }
    }
    return slopes
  }

  /// The criterion's Hessian in θ, by central differences of its gradient.
  fileprivate func hessian(at theta: [Double]) throws(ImmerseError) -> Matrix {
    let width = 1e-4
    var hessian = Matrix(rows: theta.count, columns: theta.count)
    for j in theta.indices {
      let ends = try [-width, width].map { (step) throws(ImmerseError) -> [Double] in
        var moved = theta
        moved[j] += step
        return try gradient(try evaluate(moved, .fitted), .fitted)
      }
      for i in theta.indices { hessian[i, j] = (ends[1][i] - ends[0][i]) / (2 * width) }
    }
    for i in theta.indices {
      for j in 0..<i {
        hessian[i, j] = (hessian[i, j] + hessian[j, i]) / 2
        hessian[j, i] = hessian[i, j]
      }
    }
    return hessian
  }
}

extension Matrix {
  /// Twice the inverse of a criterion's Hessian: the covariance of its estimates; directions without curvature count as
  /// known.
  func covarianceOfEstimates() throws(NumericalError) -> Matrix {
    let eigen = try SymmetricEigen(self)
    var scaled = eigen.vectors
    let limit = 1e-8 * (eigen.values.last ?? 0)
    for (j, value) in eigen.values.enumerated() {
      let factor = value > limit ? 2 / value : 0
      for i in 0..<scaled.rows { scaled[i, j] *= factor }
    }
    return try scaled.timesTransposed(eigen.vectors)
  }
}
