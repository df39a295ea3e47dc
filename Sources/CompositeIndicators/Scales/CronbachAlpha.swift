public import Columnar
public import Streaming

/// Cronbach's alpha of a scale in one pass over the respondents.
///
/// Source: Cronbach (1951), Psychometrika 16, 297-334.
public struct CronbachAlpha: Fit {
  public let scale: ItemScale
  public let weight: String?
  public let missing: MissingAnswers
  /// Provisional means by which products are shifted, so that large answers cost no digits.
  let centres: [Double]

  /// - Parameter profile: of the items, from pass 0.
  /// - Throws: `usage` where the scale has fewer than two items or contradicts itself.
  public init(
    _ scale: ItemScale, weight: String? = nil, missing: MissingAnswers = .pairwise, profile: Profile
  ) throws(ImmerseError) {
    try scale.check(scale.items.joined(separator: ", "))
    guard scale.items.count > 1 else {
      throw ImmerseError(.usage, "alpha needs at least two items", variable: scale.items.first)
    }
    self.scale = scale
    self.weight = weight
    self.missing = missing
    centres = scale.items.map { item in
      profile.numbers[item].flatMap { $0.count > 0 ? $0.mean : nil } ?? 0
    }
  }

  public var columns: [ColumnRequest] {
    scale.items.map { .number($0) } + (weight.map { [.number($0)] } ?? [])
  }

  public var signature: String {
    let centres = centres.map { "\($0)" }.joined(separator: ",")
    return "alpha;\(scale.items.joined(separator: ","));\(weight ?? "");\(missing.rawValue);\(centres)"
  }

  public func makePartial() -> AlphaPartial {
    AlphaPartial(items: scale.items, weight: weight, centres: centres, missing: missing)
  }

  /// - Throws: `failure` where too few rows have answers or the sum of the items does not vary.
  public func finish(_ partial: AlphaPartial) throws(ImmerseError) -> Reliability {
    let k = scale.items.count
    let signs = scale.items.map { scale.reversed.contains($0) ? -1.0 : 1.0 }
    var covariance = [Double](repeating: 0, count: k * k)
    for a in 0..<k {
      for b in 0..<k {
        guard let shared = partial.covariance(a, b) else {
          throw ImmerseError(
            .failure, "alpha is not defined: fewer than two rows have answers to \"\(scale.items[b])\" as well",
            variable: scale.items[a])
        }
        covariance[a * k + b] = signs[a] * signs[b] * shared
      }
    }
    guard let alpha = cronbachAlpha(covariance, items: k) else {
      throw ImmerseError(
        .failure, "alpha is not defined: the sum of the items does not vary, or reversed items are not declared",
        variable: scale.items.first)
    }
    return Reliability(
      alpha: alpha, standardisedAlpha: Self.standardised(covariance, k), alphaIfDropped: Self.dropped(covariance, k),
      items: scale.items, n: partial.rows, missing: missing, isWeighted: weight != nil)
  }

  private static func standardised(_ covariance: [Double], _ k: Int) -> Double? {
    let deviations = (0..<k).map { covariance[$0 * k + $0].squareRoot() }
    guard deviations.allSatisfy({ $0 > 0 }) else { return nil }
    let correlations = covariance.indices.map { covariance[$0] / (deviations[$0 / k] * deviations[$0 % k]) }
    return cronbachAlpha(correlations, items: k)
  }

  private static func dropped(_ covariance: [Double], _ k: Int) -> [Double?] {
    (0..<k).map { item in
      cronbachAlpha(covariance.indices.filter { $0 / k != item && $0 % k != item }.map { covariance[$0] }, items: k - 1)
    }
  }
}
