import Probability

/// Which function of ranks a rank test compares (Lumley and Scott 2013, Biometrika 100, 831-842).
public enum RankTest: String, Sendable, Codable, CaseIterable {
  /// The rank as a share of the population: Wilcoxon and Mann-Whitney for two groups, Kruskal and Wallis for more.
  case wilcoxon
  /// The normal quantile of that share.
  case vanDerWaerden = "vanderWaerden"
  /// Whether the rank is in the upper half.
  case median
  /// As `wilcoxon`.
  case kruskalWallis = "KruskalWallis"

  func score(_ share: Double) -> Double {
    switch self {
    case .wilcoxon, .kruskalWallis: share
    case .vanDerWaerden: Normal.quantile(share)
    case .median: share > 0.5 ? 1 : 0
    }
  }
}

/// The scores of estimated population ranks: a value's rank is the weight below it and half of that at it.
struct RankScores: Sendable {
  /// In ascending order.
  private let values: [Double]
  private let scores: [Double]

  init(_ test: RankTest, of distribution: [(value: Double, weight: Double)]) {
    values = distribution.map(\.value)
    let sum = distribution.reduce(0) { $0 + $1.weight }
    var below = 0.0
    var scores: [Double] = []
    for (_, weight) in distribution {
      scores.append(test.score((below + weight / 2) / sum))
      below += weight
    }
    self.scores = scores
  }

  /// The score of a value, or of the next above that was ranked: only rows without a weight are not.
  func callAsFunction(_ value: Double) -> Double {
    var (low, high) = (0, values.count)
    while low < high {
      let middle = (low + high) / 2
      if values[middle] < value { low = middle + 1 } else { high = middle }
    }
    return scores[min(low, scores.count - 1)]
  }
}
