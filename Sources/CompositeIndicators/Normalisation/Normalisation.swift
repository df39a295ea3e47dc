/// How indicators are brought to a common scale. Indicators of negative direction are multiplied by -1 first, together
/// with their goalposts, targets and bounds, so that more is always better.
///
/// ```yaml
/// normalise: minmax
/// normalise: {method: minmax, lower: 1, upper: 100}
/// ```
///
/// Source: OECD and JRC (2008), Handbook on Constructing Composite Indicators, section 5; the formulae are COINr's.
public enum Normalisation: Sendable, Equatable {
  /// Leaves the values, and ignores the direction.
  case none
  /// (x - min) / (max - min), from `lower` to `upper`.
  case minmax(lower: Double = 0, upper: Double = 100)
  /// (x - mean) / SD with divisor n - 1, moved to `mean` and `sd`.
  case zscore(mean: Double = 0, sd: Double = 1)
  /// 100 (x - lower) / (upper - lower).
  case scaled(lower: Double, upper: Double)
  /// Ascending ranks; ties share the smallest.
  case rank
  /// Rank - 1.
  case borda
  /// (rank - 1) / (n - 1), n counting the units with a value.
  case percentileRank
  /// 1 - (max - x) / (max - min).
  case distanceToMax
  /// 1 - (x_ref - x) / (x_ref - min), at most 1 where capped.
  case distanceToReference(unit: String, capped: Bool = false)
  /// (x - min) / (target - min), at most 1 where capped.
  case distanceToTarget(capped: Bool = false)
  /// x / max, for positive indicators of positive direction.
  case fractionOfMax
  /// `scale` times (x - lower) / (upper - lower), kept within 0 and `scale`, by the goalposts of the framework.
  case goalposts(scale: Double = 100)
  /// 100 + 60 (x - ref) / (max - min), ref being the mean of the base period: the adjusted Mazziotta-Pareto index's.
  /// Without periods, ref is the mean of all units; without a base it is that of the first period.
  case ampi(base: String? = nil)
  /// A formula of `x` and of what the reference units have for `min`, `max`, `mean`, `sd` (divisor n - 1), `median` and
  /// `n`, all after direction, in the language of `Expression`.
  case custom(formula: String)
}

extension Normalisation: Codable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    case none, minmax, zscore, scaled, rank, borda
    case percentileRank = "percentile_rank"
    case distanceToMax = "distance_to_max"
    case distanceToReference = "distance_to_reference"
    case distanceToTarget = "distance_to_target"
    case fractionOfMax = "fraction_of_max"
    case goalposts, ampi, custom
  }

  enum CodingKeys: String, CodingKey { case method, lower, upper, mean, sd, reference, capped, scale, base, formula }

  public init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      let method = try decoder.singleValueContainer().decode(Method.self)
      guard let plain = Normalisation(method) else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "\"\(method.rawValue)\" needs settings"))
      }
      self = plain
      return
    }
    let number = { (key: CodingKeys, standard: Double) in
      try container.decodeIfPresent(Double.self, forKey: key) ?? standard
    }
    let isCapped = { try container.decodeIfPresent(Bool.self, forKey: .capped) ?? false }
    let method = try container.decode(Method.self, forKey: .method)
    switch method {
    case .minmax: self = .minmax(lower: try number(.lower, 0), upper: try number(.upper, 100))
    case .zscore: self = .zscore(mean: try number(.mean, 0), sd: try number(.sd, 1))
    case .scaled:
      self = .scaled(
        lower: try container.decode(Double.self, forKey: .lower),
        upper: try container.decode(Double.self, forKey: .upper))
    case .distanceToReference:
      self = .distanceToReference(unit: try container.decode(String.self, forKey: .reference), capped: try isCapped())
    case .distanceToTarget: self = .distanceToTarget(capped: try isCapped())
    case .goalposts: self = .goalposts(scale: try number(.scale, 100))
    case .ampi: self = .ampi(base: try container.decodeIfPresent(String.self, forKey: .base))
    case .custom: self = .custom(formula: try container.decode(String.self, forKey: .formula))
    case .none: self = .none
    case .rank: self = .rank
    case .borda: self = .borda
    case .percentileRank: self = .percentileRank
    case .distanceToMax: self = .distanceToMax
    case .fractionOfMax: self = .fractionOfMax
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(method, forKey: .method)
    switch self {
    case .minmax(let lower, let upper), .scaled(let lower, let upper):
      try container.encode(lower, forKey: .lower)
      try container.encode(upper, forKey: .upper)
    case .zscore(let mean, let sd):
      try container.encode(mean, forKey: .mean)
      try container.encode(sd, forKey: .sd)
    case .distanceToReference(let unit, let capped):
      try container.encode(unit, forKey: .reference)
      try container.encode(capped, forKey: .capped)
    case .distanceToTarget(let capped): try container.encode(capped, forKey: .capped)
    case .goalposts(let scale): try container.encode(scale, forKey: .scale)
    case .ampi(let base): try container.encodeIfPresent(base, forKey: .base)
    case .custom(let formula): try container.encode(formula, forKey: .formula)
    case .none, .rank, .borda, .percentileRank, .distanceToMax, .fractionOfMax: break
    }
  }

  /// The method with its standard settings, or nil where it has none.
  public init?(_ method: Method) {
    switch method {
    case .none: self = .none
    case .minmax: self = .minmax()
    case .zscore: self = .zscore()
    case .rank: self = .rank
    case .borda: self = .borda
    case .percentileRank: self = .percentileRank
    case .distanceToMax: self = .distanceToMax
    case .distanceToTarget: self = .distanceToTarget()
    case .fractionOfMax: self = .fractionOfMax
    case .goalposts: self = .goalposts()
    case .ampi: self = .ampi()
    case .scaled, .distanceToReference, .custom: return nil
    }
  }

  public var method: Method {
    switch self {
    case .none: .none
    case .minmax: .minmax
    case .zscore: .zscore
    case .scaled: .scaled
    case .rank: .rank
    case .borda: .borda
    case .percentileRank: .percentileRank
    case .distanceToMax: .distanceToMax
    case .distanceToReference: .distanceToReference
    case .distanceToTarget: .distanceToTarget
    case .fractionOfMax: .fractionOfMax
    case .goalposts: .goalposts
    case .ampi: .ampi
    case .custom: .custom
    }
  }
}
