/// One indicator of a framework: a column of the units' table, and how it enters the index.
public struct Indicator: Codable, Sendable, Equatable {
  /// The column that holds it, and the term under which its score is reported.
  public var code: String
  public var name: String?
  /// The aggregates it is averaged into; more than one where two trees share the indicator.
  public var parents: [String]
  /// The weight among the children of each parent; weights are rescaled to sum to 1 within a parent.
  public var weight: Double
  public var direction: Direction
  /// The column the values are divided by.
  public var denominator: String?
  /// Fixed limits for normalisation by goalposts, in the units of the data.
  public var goalposts: Goalposts?
  /// The value to reach, for normalisation by distance to target, in the units of the data.
  public var target: Double?
  /// How this indicator is normalised where not as the others are, such as by goalposts where they are by their range.
  public var normalise: Normalisation?
  /// Whether the natural logarithm is taken before treatment and normalisation; goalposts and target follow.
  public var isLogarithmic: Bool
  public var role: IndicatorRole?
  public var kind: IndicatorKind?
  public var measuredAt: MeasurementLevel?
  public var ecologicalLevel: EcologicalLevel?
  public var confidence: Confidence?
  /// Who supplies the datum, in words.
  public var source: String?
  /// Where the value comes from, for a study that assembles the units' table.
  public var origin: ValueOrigin?

  enum CodingKeys: String, CodingKey {
    case code, name, weight, direction, denominator, goalposts, target, normalise, role, kind, confidence, source
    case parents = "parent"
    case isLogarithmic = "log"
    case measuredAt = "measured_at"
    case ecologicalLevel = "ecological_level"
    case origin = "from"
  }

  public init(
    _ code: String, name: String? = nil, parents: [String] = [], weight: Double = 1, direction: Direction = .positive,
    denominator: String? = nil, goalposts: Goalposts? = nil, target: Double? = nil,
    normalise: Normalisation? = nil, isLogarithmic: Bool = false, role: IndicatorRole? = nil, kind: IndicatorKind? = nil
  ) {
    self.code = code
    self.name = name
    self.parents = parents
    self.weight = weight
    self.direction = direction
    self.denominator = denominator
    self.goalposts = goalposts
    self.target = target
    self.normalise = normalise
    self.isLogarithmic = isLogarithmic
    self.role = role
    self.kind = kind
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    code = try container.decode(String.self, forKey: .code)
    name = try container.decodeIfPresent(String.self, forKey: .name)
    parents = try container.decodeOneOrMore(String.self, forKey: .parents) ?? []
    weight = try container.decodeIfPresent(Double.self, forKey: .weight) ?? 1
    direction = try container.decodeIfPresent(Direction.self, forKey: .direction) ?? .positive
    denominator = try container.decodeIfPresent(String.self, forKey: .denominator)
    goalposts = try container.decodeIfPresent(Goalposts.self, forKey: .goalposts)
    target = try container.decodeIfPresent(Double.self, forKey: .target)
    normalise = try container.decodeIfPresent(Normalisation.self, forKey: .normalise)
    isLogarithmic = try container.decodeIfPresent(Bool.self, forKey: .isLogarithmic) ?? false
    role = try container.decodeIfPresent(IndicatorRole.self, forKey: .role)
    kind = try container.decodeIfPresent(IndicatorKind.self, forKey: .kind)
    measuredAt = try container.decodeIfPresent(MeasurementLevel.self, forKey: .measuredAt)
    ecologicalLevel = try container.decodeIfPresent(EcologicalLevel.self, forKey: .ecologicalLevel)
    confidence = try container.decodeIfPresent(Confidence.self, forKey: .confidence)
    source = try container.decodeIfPresent(String.self, forKey: .source)
    origin = try container.decodeIfPresent(ValueOrigin.self, forKey: .origin)
  }
}

/// An average of indicators or of other aggregates: a dimension, a sub-index, the index.
public struct Aggregate: Codable, Sendable, Equatable {
  public var code: String
  public var name: String?
  public var parents: [String]
  public var weight: Double
  /// Whether results and determinants may be averaged together here; never without saying so.
  public var mixesRoles: Bool
  /// What experts say of the parts.
  public var judgement: Judgement?

  enum CodingKeys: String, CodingKey {
    case code, name, weight, budget, comparisons
    case parents = "parent"
    case mixesRoles = "mixes_roles"
  }

  public init(
    _ code: String, name: String? = nil, parents: [String] = [], weight: Double = 1, mixesRoles: Bool = false,
    judgement: Judgement? = nil
  ) {
    self.code = code
    self.name = name
    self.parents = parents
    self.weight = weight
    self.mixesRoles = mixesRoles
    self.judgement = judgement
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    code = try container.decode(String.self, forKey: .code)
    name = try container.decodeIfPresent(String.self, forKey: .name)
    parents = try container.decodeOneOrMore(String.self, forKey: .parents) ?? []
    weight = try container.decodeIfPresent(Double.self, forKey: .weight) ?? 1
    mixesRoles = try container.decodeIfPresent(Bool.self, forKey: .mixesRoles) ?? false
    let budget = try container.decodeIfPresent([String: [Double]].self, forKey: .budget)
    let comparisons = try container.decodeIfPresent([Judgement.Comparison].self, forKey: .comparisons)
    if budget != nil || comparisons != nil { judgement = Judgement(budget: budget, comparisons: comparisons) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(code, forKey: .code)
    try container.encodeIfPresent(name, forKey: .name)
    try container.encode(parents, forKey: .parents)
    try container.encode(weight, forKey: .weight)
    try container.encode(mixesRoles, forKey: .mixesRoles)
    try container.encodeIfPresent(judgement?.budget, forKey: .budget)
    try container.encodeIfPresent(judgement?.comparisons, forKey: .comparisons)
  }
}
