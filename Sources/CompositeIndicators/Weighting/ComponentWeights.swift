import Columnar
import LinearAlgebra
import Numerics

/// The correlations of a matrix's columns.
///
/// - Throws: `badData` where a column does not vary.
func correlations(_ units: Matrix, _ group: GroupToWeigh) throws(ImmerseError) -> Matrix {
  let covariance = try covariances(units, group)
  var correlation = covariance
  for j in 0..<units.columns {
    for i in 0..<units.columns {
      correlation[i, j] = covariance[i, j] / (covariance[i, i] * covariance[j, j]).squareRoot()
    }
  }
  return correlation
}

/// The covariances of a matrix's columns, divisor n - 1.
func covariances(_ units: Matrix, _ group: GroupToWeigh) throws(ImmerseError) -> Matrix {
  var centred = units
  for j in 0..<units.columns {
    let column = units.column(j)
    let mean = column.reduce(0, +) / Double(units.rows)
    for i in 0..<units.rows { centred[i, j] -= mean }
    guard let least = column.min(), let greatest = column.max(), least < greatest else {
      throw group.refusal("\"\(group.children[group.weighed[j]])\" is the same in every unit, and has no correlation")
    }
  }
  do {
    var products = try centred.crossProduct()
    for index in products.elements.indices { products.elements[index] /= Double(units.rows - 1) }
    return products
  } catch { throw group.numerical(error) }
}

private func components(_ group: GroupToWeigh) throws(ImmerseError) -> SymmetricEigen {
  let correlation = try correlations(try group.completeUnits(atLeast: 3), group)
  do { return try SymmetricEigen(correlation) } catch { throw group.numerical(error) }
}

/// The loadings of the first principal component.
func firstComponentWeights(_ group: GroupToWeigh) throws(ImmerseError) -> ([Double], String) {
  let eigen = try components(group)
  let last = eigen.values.count - 1
  var loadings = eigen.vectors.column(last)
  if loadings.reduce(0, +) < 0 { loadings = loadings.map { -$0 } }
  if let index = loadings.firstIndex(where: { $0 < 0 }) {
    throw group.refusal(
      "the first component sets \"\(group.children[group.weighed[index]])\" against the other parts, so that its weight "
        + "would be negative", remedy: "use the convention rotated, or another way of weighting")
  }
  let share = eigen.values[last] / Double(eigen.values.count)
  return (
    loadings, "are the loadings of the first principal component, which holds \(shortened(100 * share))% of variance"
  )
}

/// Nicoletti's weights from rotated components.
func rotatedWeights(_ group: GroupToWeigh) throws(ImmerseError) -> ([Double], String) {
  let eigen = try components(group)
  let width = eigen.values.count
  let kept = max(1, eigen.values.count { $0 > 1 })
  var loadings = Matrix(rows: width, columns: kept)
  for factor in 0..<kept {
    let source = width - 1 - factor
    for i in 0..<width {
      loadings[i, factor] = eigen.vectors[i, source] * max(eigen.values[source], 0).squareRoot()
    }
  }
  varimax(&loadings)
  let squares = (0..<kept).map { factor in loadings.column(factor).map { $0 * $0 } }
  let variances = squares.map { $0.reduce(0, +) }
  // Squared loadings scaled to 1 within a component, times the variance of the component: the squares themselves.
  let weights = (0..<width).map { i in squares.map { $0[i] }.max() ?? 0 }
  let share = variances.reduce(0, +) / Double(width)
  return (
    weights,
    "are squared loadings on \(counted(kept, "component")) after varimax rotation, holding \(shortened(100 * share))% of "
      + "variance"
  )
}

/// Kaiser's varimax with his normalisation of rows, as R's `varimax`: pairs of components are rotated until none turns.
func varimax(_ loadings: inout Matrix) {
  let (n, k) = (loadings.rows, loadings.columns)
  if k < 2 { return }
  let lengths = (0..<n).map { i in (0..<k).reduce(0) { $0 + loadings[i, $1] * loadings[i, $1] }.squareRoot() }
  let scales = lengths.map { $0 > 0 ? $0 : 1 }
  for i in 0..<n { for j in 0..<k { loadings[i, j] /= scales[i] } }
  for _ in 0..<1000 {
    var largest = 0.0
    for a in 0..<k {
      for b in a + 1..<k {
        let angle = varimaxAngle(loadings, a, b)
        largest = max(largest, angle.magnitude)
        let (cosine, sine) = (Double.cos(angle), Double.sin(angle))
        for i in 0..<n {
          let (x, y) = (loadings[i, a], loadings[i, b])
          loadings[i, a] = x * cosine + y * sine
          loadings[i, b] = y * cosine - x * sine
        }
      }
    }
    if largest < 1e-14 { break }
  }
  for i in 0..<n { for j in 0..<k { loadings[i, j] *= scales[i] } }
}

/// The angle that maximises the variance of the squared loadings of two components. Source: Kaiser (1958), Psychometrika
/// 23, 187-200, equation 17.
private func varimaxAngle(_ loadings: Matrix, _ a: Int, _ b: Int) -> Double {
  var (sumU, sumV, sumUV, sumSquares) = (0.0, 0.0, 0.0, 0.0)
  for i in 0..<loadings.rows {
    let (x, y) = (loadings[i, a], loadings[i, b])
    let (u, v) = (x * x - y * y, 2 * x * y)
    sumU += u
    sumV += v
    sumUV += 2 * u * v
    sumSquares += u * u - v * v
  }
  let n = Double(loadings.rows)
  return 0.25 * Double.atan2(y: sumUV - 2 * sumU * sumV / n, x: sumSquares - (sumU * sumU - sumV * sumV) / n)
}
