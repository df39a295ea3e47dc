/// How units are scored, setting by setting; what is not set is left to the framework, and then to the defaults.
///
/// ```yaml
/// method:
///   impute: {method: mean, group: country}
///   treat: winsorise
///   normalise: minmax
///   weights: equal
///   aggregate: arithmetic
///   availability_threshold: 0.6
/// ```
public struct ScoreMethod: Codable, Sendable, Equatable {
  /// Which units are left out, before anything is imputed. Default: none.
  public var screen: ScreeningRule?
  /// Default: none.
  public var impute: Imputation?
  /// Default: none.
  public var treat: Treatment?
  /// Default: min-max, 0 to 100.
  public var normalise: Normalisation?
  /// One for all aggregates, or one for each level from 2 up. Default: those of the framework.
  public var weights: [Weighting]?
  /// One for all aggregates, or one for each level from 2 up. Default: arithmetic.
  public var aggregate: [Aggregation]?
  /// The smallest share of an aggregate's parts that must have a value. Default: 0, so that one is enough.
  public var availabilityThreshold: Double?

  enum CodingKeys: String, CodingKey {
    case screen, impute, treat, normalise, weights, aggregate
    case availabilityThreshold = "availability_threshold"
  }

  public init(
    screen: ScreeningRule? = nil, impute: Imputation? = nil, treat: Treatment? = nil, normalise: Normalisation? = nil,
    weights: [Weighting]? = nil, aggregate: [Aggregation]? = nil, availabilityThreshold: Double? = nil
  ) {
    self.screen = screen
    self.impute = impute
    self.treat = treat
    self.normalise = normalise
    self.weights = weights
    self.aggregate = aggregate
    self.availabilityThreshold = availabilityThreshold
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    screen = try container.decodeIfPresent(ScreeningRule.self, forKey: .screen)
    impute = try container.decodeIfPresent(Imputation.self, forKey: .impute)
    treat = try container.decodeIfPresent(Treatment.self, forKey: .treat)
    normalise = try container.decodeIfPresent(Normalisation.self, forKey: .normalise)
    weights = try container.decodeOneOrMore(Weighting.self, forKey: .weights)
    aggregate = try container.decodeOneOrMore(Aggregation.self, forKey: .aggregate)
    availabilityThreshold = try container.decodeIfPresent(Double.self, forKey: .availabilityThreshold)
  }

  /// These settings where they are set, the other's where not.
  public func over(_ other: ScoreMethod) -> ScoreMethod {
    ScoreMethod(
      screen: screen ?? other.screen, impute: impute ?? other.impute, treat: treat ?? other.treat,
      normalise: normalise ?? other.normalise, weights: weights ?? other.weights,
      aggregate: aggregate ?? other.aggregate,
      availabilityThreshold: availabilityThreshold ?? other.availabilityThreshold)
  }
}
