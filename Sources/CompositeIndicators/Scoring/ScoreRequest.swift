/// A request to score units by a framework.
public struct ScoreRequest: Codable, Sendable, Equatable {
  public var framework: Framework
  /// The column that names the units; the first column where it is not given.
  public var unit: String?
  /// The column of years or other periods, where units stand once in each; ranks are within a period.
  public var period: String?
  /// The units that steps are fitted to.
  public var reference: ReferenceUnits
  /// Settings that override those of the framework.
  public var method: ScoreMethod
  /// The column that holds the standard error of an indicator, by the indicator's code. Errors of different indicators
  /// count as uncorrelated.
  public var standardErrors: [String: String]
  /// Of the ranks that sampling error leaves open.
  public var confidenceLevel: Double
  /// Whether the scores are analysed: how they are distributed and hang together.
  public var analyse: Bool
  /// The column of weights with which the analysis counts units; equally where none is named.
  public var unitWeights: String?

  enum CodingKeys: String, CodingKey {
    case framework, unit, period, reference, screen, impute, treat, normalise, weights, aggregate, analyse
    case availabilityThreshold = "availability_threshold"
    case standardErrors = "std_errors"
    case confidenceLevel = "confidence_level"
    case unitWeights = "unit_weights"
  }

  public init(
    _ framework: Framework, unit: String? = nil, period: String? = nil, reference: ReferenceUnits = .pooled,
    method: ScoreMethod = ScoreMethod(), standardErrors: [String: String] = [:], confidenceLevel: Double = 0.95,
    analyse: Bool = false, unitWeights: String? = nil
  ) {
    self.framework = framework
    self.unit = unit
    self.period = period
    self.reference = reference
    self.method = method
    self.standardErrors = standardErrors
    self.confidenceLevel = confidenceLevel
    self.analyse = analyse
    self.unitWeights = unitWeights
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    framework = try container.decode(Framework.self, forKey: .framework)
    unit = try container.decodeIfPresent(String.self, forKey: .unit)
    period = try container.decodeIfPresent(String.self, forKey: .period)
    reference = try container.decodeIfPresent(ReferenceUnits.self, forKey: .reference) ?? .pooled
    standardErrors = try container.decodeIfPresent([String: String].self, forKey: .standardErrors) ?? [:]
    confidenceLevel = try container.decodeIfPresent(Double.self, forKey: .confidenceLevel) ?? 0.95
    analyse = try container.decodeIfPresent(Bool.self, forKey: .analyse) ?? false
    unitWeights = try container.decodeIfPresent(String.self, forKey: .unitWeights)
    method = ScoreMethod(
      screen: try container.decodeIfPresent(ScreeningRule.self, forKey: .screen),
      impute: try container.decodeIfPresent(Imputation.self, forKey: .impute),
      treat: try container.decodeIfPresent(Treatment.self, forKey: .treat),
      normalise: try container.decodeIfPresent(Normalisation.self, forKey: .normalise),
      weights: try container.decodeOneOrMore(Weighting.self, forKey: .weights),
      aggregate: try container.decodeOneOrMore(Aggregation.self, forKey: .aggregate),
      availabilityThreshold: try container.decodeIfPresent(Double.self, forKey: .availabilityThreshold))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(framework, forKey: .framework)
    try container.encodeIfPresent(unit, forKey: .unit)
    try container.encodeIfPresent(period, forKey: .period)
    try container.encode(reference, forKey: .reference)
    if !standardErrors.isEmpty { try container.encode(standardErrors, forKey: .standardErrors) }
    try container.encode(confidenceLevel, forKey: .confidenceLevel)
    if analyse { try container.encode(analyse, forKey: .analyse) }
    try container.encodeIfPresent(unitWeights, forKey: .unitWeights)
    try container.encodeIfPresent(method.screen, forKey: .screen)
    try container.encodeIfPresent(method.impute, forKey: .impute)
    try container.encodeIfPresent(method.treat, forKey: .treat)
    try container.encodeIfPresent(method.normalise, forKey: .normalise)
    try container.encodeIfPresent(method.weights, forKey: .weights)
    try container.encodeIfPresent(method.aggregate, forKey: .aggregate)
    try container.encodeIfPresent(method.availabilityThreshold, forKey: .availabilityThreshold)
  }
}

/// The units that steps are fitted to, where units stand in several periods.
///
/// Written `pooled`, `each`, or as a period such as `2018`.
public enum ReferenceUnits: Sendable, Equatable, Codable {
  /// All units of all periods: scores are comparable over time.
  case pooled
  /// The units of each period by themselves: scores are comparable within a period only.
  case each
  /// The units of one period: scores are comparable over time, and do not change as periods are added.
  case period(String)

  public init(_ text: String) {
    self =
      switch text {
      case "pooled": .pooled
      case "each": .each
      default: .period(text)
      }
  }

  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .pooled: try container.encode("pooled")
    case .each: try container.encode("each")
    case .period(let period): try container.encode(period)
    }
  }
}
