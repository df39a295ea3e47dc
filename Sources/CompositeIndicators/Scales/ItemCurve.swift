import Numerics

/// The probabilities of an item's categories as functions of θ.
struct ItemCurve: Sendable {
  let slope: Double
  /// Σ_{v≤k} threshold_v for category k; 0 for the lowest.
  let offsets: [Double]

  init(_ parameters: ResponseItem.Parameters) {
    slope = parameters.slope
    var sum = 0.0
    offsets =
      [0]
      + parameters.thresholds.map { threshold in
        sum += threshold
        return sum
      }
  }

  /// The cumulants of the category number: mean, variance, third and fourth.
  struct Cumulants {
    var mean: Double
    var variance: Double
    var third: Double
    var fourth: Double
  }

  /// The logarithm of a category's weight, before normalising.
  @inline(__always) private func exponent(_ category: Int, _ theta: Double) -> Double {
    slope * (Double(category) * theta - offsets[category])
  }

  func cumulants(_ theta: Double) -> Cumulants {
    var largest = 0.0
    for category in offsets.indices { largest = max(largest, exponent(category, theta)) }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: offsets.count) { weights in
      var (total, first) = (0.0, 0.0)
      for category in offsets.indices {
        let weight = Double.exp(exponent(category, theta) - largest)
        weights[category] = weight
        total += weight
        first += Double(category) * weight
      }
      let mean = first / total
      var (second, third, fourth) = (0.0, 0.0, 0.0)
      for category in offsets.indices {
        let (p, d) = (weights[category] / total, Double(category) - mean)
        second += p * d * d
        third += p * d * d * d
        fourth += p * d * d * d * d
      }
      return Cumulants(mean: mean, variance: second, third: third, fourth: fourth - 3 * second * second)
    }
  }

  /// The logarithms of the probabilities of all categories.
  func logProbabilities(_ theta: Double) -> [Double] {
    let exponents = offsets.indices.map { exponent($0, theta) }
    let largest = exponents.max() ?? 0
    let total = exponents.reduce(0) { $0 + Double.exp($1 - largest) }
    return exponents.map { $0 - largest - Double.log(total) }
  }
}
