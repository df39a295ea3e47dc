/// A request to score units by a framework.
public struct ScoreRequest: Codable, Sendable, Equatable {
  public var framework: Framework
  /// The column that names the units; the first column where it is not given.
  public var unit: String?
  /// Settings that override those of the framework.
  public var method: ScoreMethod
  /// The column that holds the standard error of an indicator, by the indicator's code. Errors of different indicators
  /// count as uncorrelated.
  public var standardErrors: [String: String]
  /// Of the ranks that sampling error leaves open.
  public var confidenceLevel: Double

  enum CodingKeys: String, CodingKey {
    case framework, unit, screen, impute, treat, normalise, aggregate
    case availabilityThreshold = "availability_threshold"
    case standardErrors = "std_errors"
    case confidenceLevel = "confidence_level"
  }

  public init(
    _ framework: Framework, unit: String? = nil, method: ScoreMethod = ScoreMethod(),
    standardErrors: [String: String] = [:], confidenceLevel: Double = 0.95
  ) {
    self.framework = framework
    self.unit = unit
    self.method = method
    self.standardErrors = standardErrors
    self.confidenceLevel = confidenceLevel
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    framework = try container.decode(Framework.self, forKey: .framework)
    unit = try container.decodeIfPresent(String.self, forKey: .unit)
    standardErrors = try container.decodeIfPresent([String: String].self, forKey: .standardErrors) ?? [:]
    confidenceLevel = try container.decodeIfPresent(Double.self, forKey: .confidenceLevel) ?? 0.95
    method = ScoreMethod(
      screen: try container.decodeIfPresent(Double.self, forKey: .screen),
      impute: try container.decodeIfPresent(Imputation.self, forKey: .impute),
      treat: try container.decodeIfPresent(Treatment.self, forKey: .treat),
      normalise: try container.decodeIfPresent(Normalisation.self, forKey: .normalise),
      aggregate: try container.decodeOneOrMore(Aggregation.self, forKey: .aggregate),
      availabilityThreshold: try container.decodeIfPresent(Double.self, forKey: .availabilityThreshold))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(framework, forKey: .framework)
    try container.encodeIfPresent(unit, forKey: .unit)
    if !standardErrors.isEmpty { try container.encode(standardErrors, forKey: .standardErrors) }
    try container.encode(confidenceLevel, forKey: .confidenceLevel)
    try container.encodeIfPresent(method.screen, forKey: .screen)
    try container.encodeIfPresent(method.impute, forKey: .impute)
    try container.encodeIfPresent(method.treat, forKey: .treat)
    try container.encodeIfPresent(method.normalise, forKey: .normalise)
    try container.encodeIfPresent(method.aggregate, forKey: .aggregate)
    try container.encodeIfPresent(method.availabilityThreshold, forKey: .availabilityThreshold)
  }
}
