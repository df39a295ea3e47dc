import LinearAlgebra

/// The bias-reduced sandwich CR2 of Bell and McCaffrey (2002) for two levels, unweighted, with the fitted model as its
/// working model and the degrees of freedom of Pustejovsky and Tipton (2018).
///
/// A group's rows enter by a root of its cross-products of [Z X e], as everything is the identity off their span, so that
/// a group costs O(columns³) whatever its size.
struct BiasReducedSandwich: SmallSample {
  let covariance: Matrix
  private let model: Matrix
  /// By group X'V⁻¹Ω, and X and V in the coordinates of the span.
  private let groups: [Group]

  private struct Group {
    var projected: Matrix
    var design: Matrix
    var variance: Matrix
  }

  init(_ model: LinearMixedModel, _ evaluation: Evaluation) throws(NumericalError) {
    let level = model.levels[0]
    let count = model.layout.count
    let p = model.fixed.count
    let firstFixed = count - 1 - p
    let residual = evaluation.residualVariance
    let bread = try evaluation.information.inverse().scaled(by: residual)
    let factor = Matrix(
      rows: level.shape.effects, columns: level.shape.carriers, elements: evaluation.factors[0]
    ).transposed
    // From columns [.., X, y] to [.., X, e].
    var map = Matrix.identity(count)
    for (i, b) in evaluation.coefficients.enumerated() { map[firstFixed + i, count - 1] = -b }
    var groups: [Group] = []
    var meat = Matrix(rows: p, columns: p)
    for group in 0..<level.count {
      let eigen = try SymmetricEigen(try map.transposed.congruence(model.crossProducts(of: group)))
      let limit = 1e-12 * (eigen.values.last ?? 0)
      let kept = eigen.values.indices.filter { eigen.values[$0] > limit }
      var root = Matrix(rows: kept.count, columns: count)
      for (row, index) in kept.enumerated() {
        for j in 0..<count { root[row, j] = eigen.values[index].squareRoot() * eigen.vectors[j, index] }
      }
      let all = Array(0..<kept.count)
      let x = root.submatrix(rows: all, columns: Array(firstFixed..<firstFixed + p))
      let scaledEffects = try root.submatrix(rows: all, columns: level.shape.positions) * factor
      var variance = try scaledEffects.timesTransposed(scaledEffects).scaled(by: residual)
      for i in all { variance[i, i] += residual }
      let cholesky = try Cholesky(variance)
      let d = cholesky.factor.transposed
      var corrected = variance
      corrected.add(try x.congruence(bread), times: -1)
      let omega = try d.transposed.congruence(try d.congruence(corrected).inverseSquareRoot(tolerance: 1e-10))
      let projected = try cholesky.solve(x).transposedTimes(omega)
      let score = Matrix(rows: p, columns: 1, elements: try projected * root.column(count - 1))
      meat.add(try score.timesTransposed(score))
      groups.append(Group(projected: projected, design: x, variance: variance))
    }
    covariance = try bread.congruence(meat)
    self.model = bread
    self.groups = groups
  }

  /// ν = (tr S)² / tr(S²) with S_ij = δ_ij π_j − g_i'Mg_j.
  func degreesOfFreedom(_ contrast: [Double]) throws(NumericalError) -> Double {
    let direction = try model * contrast
    var (trace, squares) = (0.0, 0.0)
    var sum = Matrix(rows: contrast.count, columns: contrast.count)
    for group in groups {
      let a = try group.projected.transposed * direction
      let g = try group.design.transposed * a
      let own = group.variance.form(a, a)
      let shared = model.form(g, g)
      trace += own - shared
      squares += own * own - 2 * own * shared
      let column = Matrix(rows: g.count, columns: 1, elements: g)
      sum.add(try column.timesTransposed(column))
    }
    let product = try model * sum
    squares += product.traceOfProduct(product.transposed)
    return trace * trace / squares
  }

  /// The smallest of those of the contrasts rotated to uncorrelated ones.
  func denominator(_ contrasts: Matrix) throws(NumericalError) -> (scale: Double, degreesOfFreedom: Double) {
    let eigen = try SymmetricEigen(try contrasts.transposed.congruence(covariance))
    let rotated = try contrasts * eigen.vectors
    var smallest = Double.infinity
    for m in 0..<rotated.columns { smallest = min(smallest, try degreesOfFreedom(rotated.column(m))) }
    return (1, smallest)
  }
}

extension Matrix {
  /// The Moore-Penrose inverse of the square root of a symmetric matrix; eigenvalues up to `tolerance` times the largest
  /// count as zero.
  func inverseSquareRoot(tolerance: Double) throws(NumericalError) -> Matrix {
    let eigen = try SymmetricEigen(self)
    let limit = tolerance * (eigen.values.last ?? 0)
    var scaled = eigen.vectors
    for (j, value) in eigen.values.enumerated() {
      let factor = value > limit ? 1 / value.squareRoot() : 0
      for i in 0..<scaled.rows { scaled[i, j] *= factor }
    }
    return try scaled.timesTransposed(eigen.vectors)
  }
}
