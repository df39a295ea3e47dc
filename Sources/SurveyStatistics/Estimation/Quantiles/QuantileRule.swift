/// How a quantile of a weighted distribution is read off (R survey 4.5, `qrule`; Hyndman and Fan 1996).
///
/// C_k is the cumulative weight of the k smallest values, C_n the sum; values of weight zero are left out.
public enum QuantileRule: String, Sendable, Codable, CaseIterable {
  /// The smallest value with C_k ≥ p C_n.
  case math, hf1
  /// The same, midway to the next value where C_k = p C_n.
  case school, hf2
  /// Where C_k = p C_n the lower value if it stands at an even place among the distinct values, else the upper.
  case hf3
  /// Linear between the values, with p_k = C_k/C_n.
  case hf4
  /// Linear, with p_k = (C_k − w_k/2)/C_n.
  case hf5
  /// Linear, with p_k = C_k/(C_n + w_n).
  case hf6
  /// Linear, with p_k = C_{k−1}/C_{n−1}.
  case hf7
  /// Linear, with p_k = (C_{k−1}/3 + 2 C_k/3)/(C_n + w_n/3).
  case hf8
  /// Linear, with p_k = (3 C_{k−1}/8 + 5 C_k/8)/(C_n + w_n/4).
  case hf9
  /// Shah and Vaish (2006): a step function of p_k = (S_k + 1/2 − w_k/2)/(n + 1), with weights scaled to mean 1.
  case shahvaish
}

/// The values of one variable in one domain, sorted, with their weights.
///
/// Ties keep the order of the rows, as in R: where tied rows have unequal weights, the linear rules depend on it.
struct WeightedDistribution: Sendable {
  private let values: [Double]
  private let weights: [Double]
  /// C_k, each rounded once from the exact sum but for the last digit.
  private let cumulative: [Double]

  /// Equal to a share of the sum of weights within this, relative to the sum: rounding cannot tell them apart.
  private static let tolerance = 1e-12

  /// - Parameter rows: values and their weights, which are positive, in the order of the rows.
  init(_ rows: [(value: Double, weight: Double)]) {
    let order = rows.indices.sorted { a, b in rows[a].value == rows[b].value ? a < b : rows[a].value < rows[b].value }
    self.init(sorted: order.map { rows[$0] })
  }

  /// - Parameter rows: values in ascending order, and their weights, which are positive.
  init(sorted rows: [(value: Double, weight: Double)]) {
    values = rows.map(\.value)
    weights = rows.map(\.weight)
    var (sum, rest) = (0.0, 0.0)
    cumulative = weights.map { weight in
      // Neumaier (1974): what rounding drops is kept beside the sum.
      let next = sum + weight
      rest += sum >= weight ? (sum - next) + weight : (weight - next) + sum
      sum = next
      return sum + rest
    }
  }

  var count: Int { values.count }

  /// In ascending order, each once.
  var distinctValues: [Double] {
    values.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }

  private var sum: Double { cumulative.last ?? 0 }

  /// The share of weight at or below a value.
  func share(upTo value: Double) -> Double {
    let position = values.partitionIndex { $0 > value }
    return position == 0 ? 0 : cumulative[position - 1] / sum
  }

  /// The quantile at p in [0, 1]; NaN of an empty distribution.
  ///
  /// - Complexity: O(log n), and O(n) for hf3 where p falls on a step.
  func quantile(_ p: Double, by rule: QuantileRule) -> Double {
    guard let last = values.last, let lastWeight = weights.last, !p.isNaN else { return .nan }
    func before(_ k: Int) -> Double { k == 0 ? 0 : cumulative[k - 1] }
    switch rule {
    case .math, .hf1: return values[step(p).index]
    case .school, .hf2:
      let (index, isExact) = step(p)
      return isExact && index + 1 < count ? values[index] + (values[index + 1] - values[index]) / 2 : values[index]
    case .hf3:
      let (index, isExact) = step(p)
      guard isExact, let upper = values[index...].first(where: { $0 > values[index] }) else { return values[index] }
      return placeAmongDistinct(index).isMultiple(of: 2) ? values[index] : upper
    case .hf4: return linear(p) { cumulative[$0] / sum }
    case .hf5: return linear(p) { (cumulative[$0] - weights[$0] / 2) / sum }
    case .hf6: return linear(p) { cumulative[$0] / (sum + lastWeight) }
    case .hf7:
      guard count > 1 else { return last }
      return linear(p) { before($0) / before(count - 1) }
    case .hf8: return linear(p) { (before($0) / 3 + 2 * cumulative[$0] / 3) / (sum + lastWeight / 3) }
    case .hf9: return linear(p) { (3 * before($0) / 8 + 5 * cumulative[$0] / 8) / (sum + lastWeight / 4) }
    case .shahvaish:
      let scale = Double(count) / sum
      let index = (0..<count).partitionIndex { k in
        (cumulative[k] * scale + 0.5 - weights[k] * scale / 2) / Double(count + 1)
          >= p - WeightedDistribution.tolerance
      }
      return values[min(index, count - 1)]
    }
  }

  /// The first k with C_k ≥ p C_n, and whether they are equal.
  private func step(_ p: Double) -> (index: Int, isExact: Bool) {
    let (target, slack) = (p * sum, WeightedDistribution.tolerance * sum)
    let index = min(cumulative.partitionIndex { $0 >= target - slack }, count - 1)
    return (index, (cumulative[index] - target).magnitude <= slack)
  }

  /// From 1.
  private func placeAmongDistinct(_ index: Int) -> Int {
    (1..<(index + 1)).reduce(1) { place, k in values[k] > values[k - 1] ? place + 1 : place }
  }

  /// Interpolates between the points (p_k, value k); at the ends it stays at the outermost values.
  private func linear(_ p: Double, at place: (Int) -> Double) -> Double {
    let index = (0..<count).partitionIndex { place($0) >= p }
    if index == 0 { return values[0] }
    if index == count { return values[count - 1] }
    let (low, high) = (place(index - 1), place(index))
    return values[index - 1] + (values[index] - values[index - 1]) * ((p - low) / (high - low))
  }
}

extension RandomAccessCollection {
  /// The first index from which the condition holds, where it holds from some index on. O(log n).
  func partitionIndex(where holds: (Element) -> Bool) -> Index {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = index(low, offsetBy: distance(from: low, to: high) / 2)
      if holds(self[middle]) { high = middle } else { low = index(after: middle) }
    }
    return low
  }
}
