import Columnar
import LinearAlgebra

/// The mean over experts of each expert's points, rescaled to sum to 1.
func budgetWeights(_ group: GroupToWeigh) throws(ImmerseError) -> ([Double], String) {
  let codes = group.weighed.map { group.children[$0] }
  guard let budget = group.judgement?.budget else {
    throw ImmerseError(.usage, "the aggregate has no budget", variable: group.code, remedy: "give its parts points")
  }
  if let stray = budget.keys.sorted().first(where: { !codes.contains($0) }) {
    throw group.refusal("the budget gives points to \"\(stray)\", which is no part with a weight", remedy: "correct it")
  }
  let experts = codes.compactMap { budget[$0]?.count }.max() ?? 0
  var weights = [Double](repeating: 0, count: codes.count)
  for expert in 0..<experts {
    var points: [Double] = []
    for code in codes {
      guard let given = budget[code], given.count == experts, given[expert] >= 0, given[expert].isFinite else {
        throw group.refusal(
          "the budget does not hold points of zero or more of all \(experts) experts for \"\(code)\"",
          remedy: "give each part one number for each expert")
      }
      points.append(given[expert])
    }
    let total = points.reduce(0, +)
    guard total > 0 else {
      throw group.refusal("expert \(expert + 1) of the budget gave no points at all", remedy: "leave the expert out")
    }
    for index in codes.indices { weights[index] += points[index] / total / Double(experts) }
  }
  guard experts > 0 else { throw group.refusal("the budget is empty", remedy: "give its parts points") }
  return (weights, "are the mean of \(counted(experts, "expert"))'s budget")
}

/// Saaty's random index for 3, 4, ... parts, beyond 10 that of 10.
private let randomIndex = [0.52, 0.89, 1.12, 1.26, 1.36, 1.41, 1.46, 1.49]

/// The principal eigenvector of the comparisons, by the power method on the reciprocal matrix.
func hierarchyWeights(_ group: GroupToWeigh) throws(ImmerseError) -> ([Double], String) {
  let codes = group.weighed.map { group.children[$0] }
  guard let comparisons = group.judgement?.comparisons else {
    throw ImmerseError(
      .usage, "the aggregate has no comparisons", variable: group.code, remedy: "compare its parts, two at a time")
  }
  let n = codes.count
  var ratios = Matrix(diagonal: [Double](repeating: 1, count: n))
  var open = Set((0..<n).flatMap { a in (0..<a).map { KeyOfPair(a, $0) } })
  for comparison in comparisons {
    guard let a = codes.firstIndex(of: comparison.of), let b = codes.firstIndex(of: comparison.to), a != b else {
      throw group.refusal(
        "\"\(comparison.of)\" and \"\(comparison.to)\" are not two parts with a weight",
        remedy: "correct the comparison")
    }
    guard comparison.ratio > 0 && comparison.ratio.isFinite else {
      throw group.refusal(
        "the ratio of \"\(comparison.of)\" to \"\(comparison.to)\" is not a number above zero",
        remedy: "correct the comparison")
    }
    guard open.remove(KeyOfPair(a, b)) != nil else {
      throw group.refusal(
        "\"\(comparison.of)\" and \"\(comparison.to)\" are compared twice", remedy: "keep one of the comparisons")
    }
    ratios[a, b] = comparison.ratio
    ratios[b, a] = 1 / comparison.ratio
  }
  if let missing = open.min() {
    throw group.refusal(
      "\"\(codes[missing.low])\" and \"\(codes[missing.high])\" are not compared", remedy: "compare each pair once")
  }
  let (weights, lambda) = principalVector(ratios)
  if n < 3 { return (weights, "are from comparisons, which two parts cannot contradict") }
  let index = (lambda - Double(n)) / Double(n - 1)
  let ratio = index / randomIndex[min(n, 10) - 3]
  return (
    weights,
    "are from comparisons with consistency ratio \(shortened(ratio)) (index \(shortened(index)), principal eigenvalue "
      + "\(shortened(lambda))), " + (ratio < 0.1 ? "below the limit of 0.1" : "which exceeds the limit of 0.1")
  )
}

/// An unordered pair of positions.
private struct KeyOfPair: Hashable, Comparable {
  let low: Int
  let high: Int

  init(_ a: Int, _ b: Int) {
    (low, high) = (min(a, b), max(a, b))
  }

  static func < (a: KeyOfPair, b: KeyOfPair) -> Bool { (a.low, a.high) < (b.low, b.high) }
}

/// The principal eigenvector of a positive matrix, summing to 1, and its eigenvalue.
private func principalVector(_ a: Matrix) -> (vector: [Double], value: Double) {
  var vector = [Double](repeating: 1 / Double(a.rows), count: a.rows)
  var value = 0.0
  // Perron's root is simple and dominant; 10,000 steps are far beyond what ratios of human judgement need.
  for _ in 0..<10_000 {
    let image = (0..<a.rows).map { i in (0..<a.columns).reduce(0) { $0 + a[i, $1] * vector[$1] } }
    value = image.reduce(0, +)
    let next = image.map { $0 / value }
    let change = zip(next, vector).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    vector = next
    if change < 1e-16 { break }
  }
  return (vector, value)
}

/// Four significant digits.
func shortened(_ value: Double) -> String {
  if value == 0 || !value.isFinite { return "\(value)" }
  var scale = 1.0
  while value.magnitude * scale < 1000 && scale < 1e12 { scale *= 10 }
  return "\((value * scale).rounded() / scale)"
}
