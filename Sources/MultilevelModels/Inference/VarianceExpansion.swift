import LinearAlgebra

/// R = [X y]'V⁻¹[X y] and log |V| with their first and second derivatives with respect to the variances and covariances,
/// exact: what Kenward and Roger (1997), Satterthwaite's approximation and the observed information are made of.
///
/// Second derivatives are packed: those by (k, l), l ≤ k, at `packed(k, l)`.
struct VarianceExpansion {
  var value: Matrix
  var first: [Matrix]
  var second: [Matrix]
  /// Of log |V|.
  var logFirst: [Double]
  var logSecond: [Double]

  var parameterCount: Int { first.count }

  /// A group's cross-products S of N rows as those of S/σ², and N log σ².
  init(crossProducts: Matrix, size: Double, residualVariance v: Double) {
    value = crossProducts.scaled(by: 1 / v)
    first = [crossProducts.scaled(by: -1 / (v * v))]
    second = [crossProducts.scaled(by: 2 / (v * v * v))]
    logFirst = [size / v]
    logSecond = [-size / (v * v)]
  }

  init(width: Int, parameters: Int) {
    let zero = Matrix(rows: width, columns: width)
    value = zero
    first = Array(repeating: zero, count: parameters)
    second = Array(repeating: zero, count: packedCount(parameters))
    logFirst = Array(repeating: 0, count: parameters)
    logSecond = Array(repeating: 0, count: packedCount(parameters))
  }

  mutating func add(_ other: VarianceExpansion, weight: Double) {
    value.add(other.value, times: weight)
    for k in first.indices { first[k].add(other.first[k], times: weight) }
    for k in second.indices { second[k].add(other.second[k], times: weight) }
    for k in logFirst.indices { logFirst[k] += weight * other.logFirst[k] }
    for k in logSecond.indices { logSecond[k] += weight * other.logSecond[k] }
  }

  /// The expansion once a group's own random effects are integrated out, over the columns needed above.
  ///
  /// With A the matrix so far, z the carriers, W = Ψ(I + A_zzΨ)⁻¹, G = W A_z•, N = A_z• − A_zz G:
  ///
  ///     M = A − A_•z G                         log |I + A_zzΨ|
  ///     by a parameter of A:  M' = H'A'H, H the identity with −G in the rows z;    by one of Ψ:  M' = −N'Ψ'N
  ///
  /// - Parameters:
  ///   - psi: Ψ over the carriers.
  ///   - derivatives: of Ψ by its own parameters, in which it is linear.
  ///   - carriers: their positions.
  ///   - upper: the positions of the columns needed above.
  func eliminating(
    psi: Matrix, derivatives: [Matrix], carriers: [Int], upper: [Int]
  ) throws(NumericalError) -> VarianceExpansion {
    let known = parameterCount
    let count = known + derivatives.count
    let azz = value.submatrix(rows: carriers, columns: carriers)
    let azu = value.submatrix(rows: carriers, columns: upper)
    let w = try VarianceExpansion.shrunken(psi, azz)
    let g = try w * azu
    var n = azu
    n.add(try azz * g, times: -1)
    var nzz = azz
    nzz.add(try azz * (w * azz), times: -1)
    // I − A_zzW.
    var rest = Matrix.identity(carriers.count)
    rest.add(try azz * w, times: -1)

    /// H'BH, and z's rows of BH.
    func transformed(_ b: Matrix) throws(NumericalError) -> (all: Matrix, rows: Matrix) {
      let bzu = b.submatrix(rows: carriers, columns: upper)
      var rows = bzu
      rows.add(try b.submatrix(rows: carriers, columns: carriers) * g, times: -1)
      var all = b.submatrix(rows: upper, columns: upper)
      all.add(try bzu.transposedTimes(g), times: -1)
      all.add(try g.transposedTimes(rows), times: -1)
      return (all, rows)
    }

    var result = VarianceExpansion(width: upper.count, parameters: count)
    result.value = value.submatrix(rows: upper, columns: upper)
    result.value.add(try azu.transposedTimes(g), times: -1)
    // For each known parameter z's rows of A'H, W times them, and WA'_zz; for each own one Ψ'N and N_zzΨ'.
    var rows: [Matrix] = []
    var shrunk: [Matrix] = []
    var traces: [Matrix] = []
    for k in 0..<known {
      let (all, own) = try transformed(first[k])
      let zz = first[k].submatrix(rows: carriers, columns: carriers)
      result.first[k] = all
      rows.append(own)
      shrunk.append(try w * own)
      traces.append(try w * zz)
      result.logFirst[k] = logFirst[k] + traces[k].diagonal.reduce(0, +)
      for l in 0...k {
        let at = packed(k, l)
        var sum = try transformed(second[at]).all
        let cross = try rows[k].transposedTimes(shrunk[l])
        sum.add(cross, times: -1)
        sum.add(cross.transposed, times: -1)
        result.second[at] = sum
        result.logSecond[at] =
          logSecond[at] + w.traceOfProduct(second[at].submatrix(rows: carriers, columns: carriers))
          - traces[k].traceOfProduct(traces[l].transposed)
      }
    }
    var spread: [Matrix] = []
    var ownTraces: [Matrix] = []
    for (index, derivative) in derivatives.enumerated() {
      let k = known + index
      spread.append(try derivative * n)
      ownTraces.append(try nzz * derivative)
      result.first[k] = try n.transposedTimes(spread[index]).scaled(by: -1)
      result.logFirst[k] = ownTraces[index].diagonal.reduce(0, +)
      // G's derivative by the own parameter.
      let moved = try rest.transposedTimes(spread[index])
      for l in 0..<known {
        let cross = try moved.transposedTimes(rows[l])
        var sum = cross.scaled(by: -1)
        sum.add(cross.transposed, times: -1)
        result.second[packed(k, l)] = sum
        let inner = try rest.congruence(first[l].submatrix(rows: carriers, columns: carriers))
        result.logSecond[packed(k, l)] = derivative.traceOfProduct(inner)
      }
      for l in 0...index {
        let cross = try spread[l].transposedTimes(nzz * spread[index])
        var sum = cross
        sum.add(cross.transposed)
        result.second[packed(k, known + l)] = sum
        result.logSecond[packed(k, known + l)] = -ownTraces[index].traceOfProduct(ownTraces[l].transposed)
      }
    }
    return result
  }

  /// Ψ(I + AΨ)⁻¹ without an inverse of Ψ: with Ψ = CC', C(I + C'AC)⁻¹C'.
  private static func shrunken(_ psi: Matrix, _ a: Matrix) throws(NumericalError) -> Matrix {
    let eigen = try SymmetricEigen(psi)
    var root = eigen.vectors
    for (j, value) in eigen.values.enumerated() {
      let scale = max(0, value).squareRoot()
      for i in 0..<root.rows { root[i, j] *= scale }
    }
    var inner = try root.transposedTimes(a * root)
    for i in 0..<inner.rows { inner[i, i] += 1 }
    return try root * Cholesky(inner).solve(root.transposed)
  }
}

extension LinearMixedModel {
  /// Expands R and log |V| at an evaluation's variances, by one climb of the tree.
  ///
  /// - Parameter visit: sees every top-level group's expansion, before it is weighted.
  /// - Throws: `failure` where rounding leaves no positive definite system.
  /// - Complexity: O(groups · parameters² · columns²).
  func expandVariances(
    _ optimum: Optimum, visit: (_ group: Int, VarianceExpansion) throws(NumericalError) -> Void = { _, _ in }
  ) throws(NumericalError) -> VarianceExpansion {
    let parameters = VarianceParameters(self)
    let residual = optimum.evaluation.residualVariance
    var below: [VarianceExpansion] = []
    for (depth, level) in levels.enumerated() {
      let shape = level.shape
      let factor = Matrix(
        rows: shape.effects, columns: shape.carriers, elements: optimum.evaluation.factors[depth]
      ).transposed
      let psi = try factor.timesTransposed(factor).scaled(by: residual)
      let derivatives = try parameters.derivatives(of: depth)
      let upper = Array(shape.firstUpper..<shape.width)
      var above = Array(
        repeating: VarianceExpansion(width: upper.count, parameters: parameters.count(through: depth)),
        count: level.parentCount)
      for group in 0..<level.count {
        let own =
          depth > 0
          ? below[group]
          : VarianceExpansion(
            crossProducts: crossProducts(of: group), size: grams.sizes[group], residualVariance: residual)
        let reduced = try own.eliminating(
          psi: psi, derivatives: derivatives, carriers: shape.positions, upper: upper)
        if depth + 1 == levels.count { try visit(group, reduced) }
        above[level.parents[group]].add(reduced, weight: level.weights[group])
      }
      below = above
    }
    return below[0]
  }

  /// The full cross-products of a lowest group, in the order of the layout.
  func crossProducts(of group: Int) -> Matrix {
    let size = layout.count
    let base = group * packedCount(size)
    var matrix = Matrix(rows: size, columns: size)
    for i in 0..<size {
      for j in 0...i {
        matrix[i, j] = lowest[base + packed(i, j)]
        matrix[j, i] = matrix[i, j]
      }
    }
    return matrix
  }
}
