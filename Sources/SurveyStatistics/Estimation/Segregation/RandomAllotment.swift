import Numerics
import Probability

/// What indices of segregation come to on average where the children of units of given sizes are drawn at random from one
/// population: chance alone makes small units differ.
struct RandomAllotment {
  struct Expectation {
    let value: Double
    /// By unit, the derivative by its weight.
    let byUnit: [Double]
    /// The derivative by the group's share in all.
    let byShare: Double
  }

  private let weights: [Double]
  private let sizes: [Int]
  private let share: Double
  private let total: Double

  /// - Parameters:
  ///   - units: the weight and the size of each.
  ///   - share: of the group in all, between 0 and 1.
  init(_ units: [(weight: Double, size: Int)], share: Double) {
    weights = units.map(\.weight)
    sizes = units.map(\.size)
    self.share = share
    total = weights.reduce(0, +)
  }

  private var spread: Double { share * (1 - share) }

  /// The isolation index is P + (1 − P) R, with R the mean of 1/size over children.
  var isolation: Expectation { mean(of: sizes.map { (1 / Double($0), 0) }) }

  /// The mean over children of E|k/n − P| / (2P(1 − P)), k binomial.
  var dissimilarity: Expectation {
    var known: [Int: (Double, Double)] = [:]
    for size in Set(sizes) {
      let n = Double(size)
      let nu = (n * share).rounded(.down) + 1
      let value = Binomial.meanDeviation(size, share) / (2 * spread)
      known[size] = (value, value * ((nu - 1) / share - (n - nu) / (1 - share)))
    }
    return mean(of: sizes.map { known[$0] ?? (.nan, .nan) })
  }

  /// The mean over children of a value that depends on their unit's size, and of its derivative by the share.
  private func mean(of values: [(value: Double, slope: Double)]) -> Expectation {
    let value = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1.value } / total
    let slope = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1.slope } / total
    return Expectation(value: value, byUnit: values.map { ($0.value - value) / total }, byShare: slope)
  }

  /// The mean over pairs of children of different units of E|k/n − l/m| / (2P(1 − P)), k and l binomial.
  var gini: Expectation {
    let (value, byUnit) = gini(share)
    let step = 1e-4 * min(share, 1 - share)
    return Expectation(
      value: value, byUnit: byUnit, byShare: (gini(share + step).value - gini(share - step).value) / (2 * step))
  }

  private func gini(_ share: Double) -> (value: Double, byUnit: [Double]) {
    let distinct = Array(Set(sizes)).sorted()
    let place = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, $0) })
    var weightOfSize = [Double](repeating: 0, count: distinct.count)
    for (weight, size) in zip(weights, sizes) { weightOfSize[place[size] ?? 0] += weight }
    let distributions = distinct.map { Binomial($0, share) }
    // By size, Σ over all units of their weight times the mean difference from a unit of that size.
    var differences = [Double](repeating: 0, count: distinct.count)
    var own = differences
    for i in distinct.indices {
      for j in 0...i {
        let difference = distributions[i].meanDifference(from: distributions[j])
        differences[i] += weightOfSize[j] * difference
        if i == j { own[i] = difference } else { differences[j] += weightOfSize[i] * difference }
      }
    }
    let scale = total * total * share * (1 - share)
    // A unit does not differ from itself.
    let sums = zip(weights, sizes).map { weight, size in
      place[size].map { differences[$0] - weight * own[$0] } ?? .nan
    }
    let value = zip(weights, sums).reduce(0) { $0 + $1.0 * $1.1 } / (2 * scale)
    return (value, sums.map { $0 / scale - 2 * value / total })
  }
}

/// The share of successes in some trials.
private struct Binomial {
  let trials: Int
  let share: Double
  /// P(k or fewer successes); empty where a normal distribution stands in.
  private let cumulative: [Double]

  /// Trials beyond which the normal distribution stands in.
  private static let exactLimit = 1_000

  init(_ trials: Int, _ share: Double) {
    self.trials = trials
    self.share = share
    guard trials <= Binomial.exactLimit else {
      cumulative = []
      return
    }
    var sum = 0.0
    cumulative = (0...trials).map { k in
      sum += Binomial.probability(k, of: trials, share)
      return min(1, sum)
    }
  }

  private static func probability(_ k: Int, of trials: Int, _ share: Double) -> Double {
    let (n, k) = (Double(trials), Double(k))
    let ways = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
    return .exp(ways + k * .log(share) + (n - k) * .log(onePlus: -share))
  }

  /// E|k/n − p| (De Moivre; Diaconis and Zabell 1991): 2ν C(n, ν) p^ν (1 − p)^(n − ν + 1) / n with ν = ⌊np⌋ + 1.
  static func meanDeviation(_ trials: Int, _ share: Double) -> Double {
    let nu = Int((Double(trials) * share).rounded(.down)) + 1
    return nu > trials ? 0 : 2 * Double(nu) * (1 - share) * probability(nu, of: trials, share) / Double(trials)
  }

  /// E|k/n − l/m| of two independent shares: ∫ F(1 − G) + G(1 − F).
  func meanDifference(from other: Binomial) -> Double {
    if cumulative.isEmpty || other.cumulative.isEmpty {
      let variance = share * (1 - share) * (1 / Double(trials) + 1 / Double(other.trials))
      return (2 * variance / .pi).squareRoot()
    }
    var (i, j, at, sum) = (0, 0, 0.0, 0.0)
    while i < trials || j < other.trials {
      let (f, g) = (cumulative[i], other.cumulative[j])
      let (nextI, nextJ) = (Double(i + 1) / Double(trials), Double(j + 1) / Double(other.trials))
      let next = min(nextI, nextJ, 1)
      sum += (next - at) * (f * (1 - g) + g * (1 - f))
      if nextI <= next && i < trials { i += 1 }
      if nextJ <= next && j < other.trials { j += 1 }
      at = next
    }
    return sum
  }
}
