/// Which choices behind an index are varied, and how often.
///
/// ```yaml
/// sensitivity:
///   normalise: [{method: minmax, lower: 1, upper: 100}, {method: zscore, mean: 10, sd: 2}]
///   aggregate: [arithmetic, geometric]
///   weights: 0.25            # every weight times a uniform number between 0.75 and 1.25
///   draws: 1000
/// ```
///
/// Each list is a factor with its elements as levels; perturbed weights and sampling error are factors whose levels are
/// draws. Without any factor the weights are varied by a quarter.
public struct SensitivityPlan: Codable, Sendable, Equatable {
  public enum Design: String, Codable, Sendable, CaseIterable {
    /// Every combination of all levels: exact indices, given the draws.
    case factorial
    /// Random combinations: estimates of the indices, for grids too large to be run.
    case sobol
  }

  /// The aggregate whose ranks are looked at; by default the first of the highest level.
  public var term: String?
  public var impute: [Imputation]?
  public var treat: [Treatment]?
  public var normalise: [Normalisation]?
  /// One method for all levels of aggregates each, or lists with one for each level.
  public var aggregate: [AggregationChoice]?
  public var weights: WeightNoise?
  /// How many weightings are drawn. Default: 1000.
  public var draws: Int?
  /// How often the indicators are drawn from their sampling distribution, where standard errors are given. Default: 100;
  /// 0 leaves sampling error out.
  public var samplingDraws: Int?
  /// Default: factorial.
  public var design: Design?
  /// Rows of the two base samples of the design `sobol`; it takes as many runs for each factor, and twice as many more.
  /// Default: 1024.
  public var sobolRows: Int?

  enum CodingKeys: String, CodingKey {
    case term, impute, treat, normalise, aggregate, weights, draws, design
    case samplingDraws = "sampling_draws"
    case sobolRows = "sobol_rows"
  }

  public init(
    term: String? = nil, impute: [Imputation]? = nil, treat: [Treatment]? = nil, normalise: [Normalisation]? = nil,
    aggregate: [AggregationChoice]? = nil, weights: WeightNoise? = nil, draws: Int? = nil, samplingDraws: Int? = nil,
    design: Design? = nil, sobolRows: Int? = nil
  ) {
    self.term = term
    self.impute = impute
    self.treat = treat
    self.normalise = normalise
    self.aggregate = aggregate
    self.weights = weights
    self.draws = draws
    self.samplingDraws = samplingDraws
    self.design = design
    self.sobolRows = sobolRows
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    term = try container.decodeIfPresent(String.self, forKey: .term)
    impute = try container.decodeOneOrMore(Imputation.self, forKey: .impute)
    treat = try container.decodeOneOrMore(Treatment.self, forKey: .treat)
    normalise = try container.decodeOneOrMore(Normalisation.self, forKey: .normalise)
    aggregate = try container.decodeOneOrMore(AggregationChoice.self, forKey: .aggregate)
    weights = try container.decodeIfPresent(WeightNoise.self, forKey: .weights)
    draws = try container.decodeIfPresent(Int.self, forKey: .draws)
    samplingDraws = try container.decodeIfPresent(Int.self, forKey: .samplingDraws)
    design = try container.decodeIfPresent(Design.self, forKey: .design)
    sobolRows = try container.decodeIfPresent(Int.self, forKey: .sobolRows)
  }

  /// These settings where they are set, the other's where not.
  public func over(_ other: SensitivityPlan) -> SensitivityPlan {
    SensitivityPlan(
      term: term ?? other.term, impute: impute ?? other.impute, treat: treat ?? other.treat,
      normalise: normalise ?? other.normalise, aggregate: aggregate ?? other.aggregate,
      weights: weights ?? other.weights, draws: draws ?? other.draws,
      samplingDraws: samplingDraws ?? other.samplingDraws, design: design ?? other.design,
      sobolRows: sobolRows ?? other.sobolRows)
  }
}

/// How all aggregates are averaged in one run: one method, or one for each level from 2 up.
public struct AggregationChoice: Codable, Sendable, Equatable {
  public var methods: [Aggregation]

  public init(_ methods: Aggregation...) { self.methods = methods }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    methods =
      if let one = try? container.decode(Aggregation.self) { [one] } else { try container.decode([Aggregation].self) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(methods)
  }
}

/// Weights times independent uniform numbers between `1 - noise` and `1 + noise`, then rescaled within each parent.
public struct WeightNoise: Codable, Sendable, Equatable {
  /// From above 0 to below 1.
  public var noise: Double
  /// Only weights of terms at these levels; nil for all.
  public var levels: [Int]?
  /// Whether each weight is a factor of its own, in the design `sobol`.
  public var isEachAFactor: Bool

  enum CodingKeys: String, CodingKey {
    case noise, levels
    case isEachAFactor = "each"
  }

  public init(_ noise: Double = 0.25, levels: [Int]? = nil, each: Bool = false) {
    self.noise = noise
    self.levels = levels
    isEachAFactor = each
  }

  public init(from decoder: any Decoder) throws {
    if let noise = try? decoder.singleValueContainer().decode(Double.self) {
      self.init(noise)
      return
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decodeIfPresent(Double.self, forKey: .noise) ?? 0.25,
      levels: try container.decodeOneOrMore(Int.self, forKey: .levels),
      each: try container.decodeIfPresent(Bool.self, forKey: .isEachAFactor) ?? false)
  }
}
