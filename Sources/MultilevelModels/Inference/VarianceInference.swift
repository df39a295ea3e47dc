import Columnar
import LinearAlgebra

/// The curvature of the criterion in the variances at an optimum, exact, and what follows from it.
struct VarianceInference {
  let parameters: VarianceParameters
  let expansion: VarianceExpansion
  /// Φ = (X'V⁻¹X)⁻¹, and its inverse's derivatives are the expansion's over the fixed effects.
  let phi: Matrix
  /// ∂ψ/∂φ with φ = (θ, σ).
  let slopes: Matrix
  private let curvatures: [Matrix]
  private let contrast: [Double]
  private let isRestricted: Bool
  /// The scores of the top-level groups, weighted: of the fixed effects, then of φ.
  let scores: [[Double]]

  private var fixed: [Int] { Array(0..<phi.rows) }

  /// - Complexity: O(groups · parameters² · columns²).
  init(_ model: LinearMixedModel, _ optimum: Optimum, withScores: Bool = false) throws(NumericalError) {
    let parameters = VarianceParameters(model)
    let b = optimum.evaluation.contrast
    let sigma = optimum.evaluation.residualVariance.squareRoot()
    let (slopes, curvatures) = parameters.derivatives(theta: optimum.theta, sigma: sigma)
    let weights = model.levels[model.levels.count - 1].weights
    var scores: [[Double]] = []
    let p = model.fixed.count
    expansion = try model.expandVariances(optimum) { (group, part) throws(NumericalError) in
      guard withScores else { return }
      let fixed = try (part.value * b).prefix(p)
      let variances = part.first.indices.map { -0.5 * (part.logFirst[$0] + part.first[$0].form(b, b)) }
      let own = try slopes.transposed * variances
      scores.append((fixed + own).map { weights[group] * $0 })
    }
    phi = try Cholesky(expansion.value.submatrix(rows: Array(0..<p), columns: Array(0..<p))).inverse()
    self.parameters = parameters
    self.slopes = slopes
    self.curvatures = curvatures
    contrast = b
    isRestricted = model.isRestricted
    self.scores = scores
  }

  /// ∂(X'V⁻¹X)/∂ψ_k.
  func information(_ k: Int) -> Matrix { expansion.first[k].submatrix(rows: fixed, columns: fixed) }

  /// ∂²(X'V⁻¹X)/∂ψ_k∂ψ_l.
  func information(_ k: Int, _ l: Int) -> Matrix {
    expansion.second[packed(max(k, l), min(k, l))].submatrix(rows: fixed, columns: fixed)
  }

  /// The gradient and the Hessian of the criterion in ψ.
  ///
  /// - Parameter profiled: over the fixed effects; otherwise they are held at their estimates.
  func criterion(profiled: Bool) throws(NumericalError) -> (gradient: [Double], hessian: Matrix) {
    let count = parameters.count
    var gradient: [Double] = []
    var hessian = Matrix(rows: count, columns: count)
    var pulls: [[Double]] = []
    var spreads: [Matrix] = []
    for k in 0..<count {
      pulls.append(Array(try (expansion.first[k] * contrast).prefix(phi.rows)))
      spreads.append(try phi * information(k))
      var slope = expansion.logFirst[k] + expansion.first[k].form(contrast, contrast)
      if isRestricted { slope += spreads[k].diagonal.reduce(0, +) }
      gradient.append(slope)
      for l in 0...k {
        var value = expansion.logSecond[packed(k, l)] + expansion.second[packed(k, l)].form(contrast, contrast)
        if profiled { value -= 2 * phi.form(pulls[k], pulls[l]) }
        if isRestricted {
          value += phi.traceOfProduct(information(k, l)) - spreads[k].traceOfProduct(spreads[l].transposed)
        }
        hessian[k, l] = value
        hessian[l, k] = value
      }
    }
    return (gradient, hessian)
  }

  /// The Hessian of the criterion in φ = (θ, σ), the fixed effects profiled or held.
  func hessian(profiled: Bool) throws(NumericalError) -> Matrix {
    let (gradient, hessian) = try criterion(profiled: profiled)
    var result = try slopes.transposed.congruence(hessian)
    for (k, slope) in gradient.enumerated() { result.add(curvatures[k], times: slope) }
    return result
  }

  /// Twice the inverse of the criterion's Hessian in φ: the covariance of its estimates; directions without curvature
  /// count as known.
  func covariance(profiled: Bool = true) throws(NumericalError) -> Matrix {
    try hessian(profiled: profiled).covarianceOfEstimates()
  }

  /// ∂²D/∂β∂φ / 2, a row for each fixed effect.
  func crossInformation() throws(NumericalError) -> Matrix {
    var pulls = Matrix(rows: phi.rows, columns: parameters.count)
    for k in 0..<parameters.count {
      for (i, value) in try (expansion.first[k] * contrast).prefix(phi.rows).enumerated() { pulls[i, k] = -value }
    }
    return try pulls * slopes
  }

  /// The Hessian of the criterion in θ, profiled over σ too.
  func hessianInTheta() throws(NumericalError) -> Matrix {
    let whole = try hessian(profiled: true)
    let k = whole.rows - 1
    var result = Matrix(rows: k, columns: k)
    for i in 0..<k {
      for j in 0..<k { result[i, j] = whole[i, j] - whole[i, k] * whole[k, j] / whole[k, k] }
    }
    return result
  }

  /// What the exact gradient and Hessian say of the optimum.
  func certificate(_ model: LinearMixedModel, _ optimum: Optimum) throws(ImmerseError) -> Minimiser.Certificate {
    let gradient = try model.gradient(optimum.evaluation, .fitted)
    do { return try Minimiser.Certificate(gradient: gradient, hessian: hessianInTheta()) } catch { throw .unsolvable }
  }

  /// The inverse of the Hessian in θ, for searches near the optimum; unit steps along directions without curvature.
  func metric() throws(NumericalError) -> Matrix {
    let eigen = try SymmetricEigen(try hessianInTheta())
    let limit = 1e-6 * (eigen.values.last ?? 0)
    var scaled = eigen.vectors
    for (j, value) in eigen.values.enumerated() {
      for i in 0..<scaled.rows { scaled[i, j] /= max(value, limit, 1e-300) }
    }
    return try scaled.timesTransposed(eigen.vectors)
  }
}
