import Columnar
import LinearAlgebra
import Numerics

/// Zeleny's and Shannon's: 1 - E with E = -Σ p ln p / ln n.
func entropyWeights(_ group: GroupToWeigh) throws(ImmerseError) -> ([Double], String) {
  let units = try group.completeUnits(atLeast: 2)
  var weights: [Double] = []
  for j in 0..<units.columns {
    let column = units.column(j)
    let total = column.reduce(0, +)
    guard column.allSatisfy({ $0 >= 0 }), total > 0 else {
      throw group.refusal(
        "\"\(group.children[group.weighed[j]])\" has no entropy: a value is negative or all are zero",
        remedy: "normalise to a positive range")
    }
    let entropy = column.reduce(0) { sum, x in x > 0 ? sum - x / total * Double.log(x / total) : sum }
    // Rounding can push the entropy of equal values past its bound.
    weights.append(max(0, 1 - entropy / Double.log(Double(units.rows))))
  }
  return (weights, "are 1 less Shannon's entropy of the parts' shares over \(counted(units.rows, "unit"))")
}

/// σ Σ (1 - r) of values scaled to 0-1; the divisor of σ cancels out.
func criticWeights(_ group: GroupToWeigh) throws(ImmerseError) -> ([Double], String) {
  let units = try group.completeUnits(atLeast: 2)
  let covariance = try covariances(units, group)
  let weights = (0..<units.columns).map { j in
    let column = units.column(j)
    let range = (column.max() ?? 0) - (column.min() ?? 0)
    let conflict = (0..<units.columns).reduce(0) { sum, k in
      sum + 1 - covariance[j, k] / (covariance[j, j] * covariance[k, k]).squareRoot()
    }
    return covariance[j, j].squareRoot() / range * max(0, conflict)
  }
  return (weights, "are CRITIC's contrast times conflict of values scaled to 0-1, over \(counted(units.rows, "unit"))")
}

/// The removal effects of MEREC, with n = min / x.
func merecWeights(_ group: GroupToWeigh) throws(ImmerseError) -> ([Double], String) {
  let units = try group.completeUnits(atLeast: 2)
  let width = units.columns
  var logarithms = Matrix(rows: units.rows, columns: width)
  for j in 0..<width {
    let column = units.column(j)
    guard let least = column.min(), least > 0 else {
      throw group.refusal(
        "\"\(group.children[group.weighed[j]])\" holds a value of zero or less, which MEREC is not defined for",
        remedy: "normalise to a positive range such as 1 to 100")
    }
    for i in 0..<units.rows { logarithms[i, j] = Double.log(least / column[i]).magnitude }
  }
  var weights = [Double](repeating: 0, count: width)
  for i in 0..<units.rows {
    let sum = (0..<width).reduce(0) { $0 + logarithms[i, $1] }
    let performance = Double.log(1 + sum / Double(width))
    for j in 0..<width {
      let without = Double.log(1 + (sum - logarithms[i, j]) / Double(width))
      weights[j] += (without - performance).magnitude
    }
  }
  return (weights, "are MEREC's effects of leaving out each part, over \(counted(units.rows, "unit"))")
}

/// w ∝ C⁻¹ (s ∘ t) makes the correlations of the parts with Σ w x proportional to t. Without negative weights: the w that
/// minimises w'Cw / 2 - w'(s ∘ t), at which correlations are in proportion where w > 0 and above it where w = 0.
func importanceWeights(
  _ group: GroupToWeigh, allowsNegative: Bool
) throws(ImmerseError) -> ([Double], String) {
  let units = try group.completeUnits(atLeast: 3)
  let covariance = try covariances(units, group)
  let target = group.weighed.enumerated().map { covariance[$0, $0].squareRoot() * group.weights[$1] }
  let weights: [Double]
  do {
    weights =
      allowsNegative
      ? try Cholesky(covariance).solve(target) : try nonNegativeSolution(covariance, target)
  } catch { throw group.numerical(error) }
  let zero = zip(group.weighed, weights).filter { $1 == 0 }
    .map { index, _ in "\"\(group.children[index])\"" }
  let remark = "make the parts' correlations with their mean proportional to the framework's weights"
  if weights.contains(where: { $0 < 0 }) { return (weights, remark + ", some by being negative") }
  return (weights, zero.isEmpty ? remark : remark + ", but for \(Spelling.list(zero)), more correlated even at zero")
}

/// The w ≥ 0 that minimises w'Aw / 2 - w'b for a positive definite A, exactly, by active sets.
///
/// Source: Lawson and Hanson (1974), Solving Least Squares Problems, chapter 23. Each step lowers the objective, so that
/// no set is met twice.
func nonNegativeSolution(_ a: Matrix, _ b: [Double]) throws(NumericalError) -> [Double] {
  let n = b.count
  var w = [Double](repeating: 0, count: n)
  var free: [Int] = []
  let slack = 1e-12 * (b.map(\.magnitude).max() ?? 0)
  // Each set of free weights is met once at most; rounding could bring one back.
  for _ in 0..<10 * n {
    let gradient = (0..<n).map { i in b[i] - (0..<n).reduce(0) { $0 + a[i, $1] * w[$1] } }
    let blocked = (0..<n).filter { !free.contains($0) }
    guard let entering = blocked.max(by: { gradient[$0] < gradient[$1] }), gradient[entering] > slack else { return w }
    free.append(entering)
    while !free.isEmpty {
      let solved = try Cholesky(a.submatrix(rows: free, columns: free)).solve(free.map { b[$0] })
      if solved.allSatisfy({ $0 > 0 }) {
        for (index, value) in zip(free, solved) { w[index] = value }
        break
      }
      // As far towards the solution as no weight turns negative; the first to reach zero is blocked again.
      let reach = zip(free, solved).map { index, value in value > 0 ? .infinity : w[index] / (w[index] - value) }
      let step = reach.min() ?? 0
      for (index, value) in zip(free, solved) { w[index] += step * (value - w[index]) }
      for (index, limit) in zip(free, reach) where limit == step { w[index] = 0 }
      free.removeAll { w[$0] == 0 }
    }
  }
  throw .notConverged
}
