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
    case code, name, weight, direction, denominator, goalposts, target, role, kind, confidence, source
    case parents = "parent"
    case isLogarithmic = "log"
    case measuredAt = "measured_at"
    case ecologicalLevel = "ecological_level"
    case origin = "from"
  }

  public init(
    _ code: String, name: String? = nil, parents: [String] = [], weight: Double = 1, direction: Direction = .positive,
    denominator: String? = nil, goalposts: Goalposts? = nil, target: Double? = nil, isLogarithmic: Bool = false,
    role: IndicatorRole? = nil, kind: IndicatorKind? = nil
  ) {
    self.code = code
    self.name = name
    self.parents = parents
    self.weight = weight
    self.direction = direction
    self.denominator = denominator
    self.goalposts = goalposts
    self.target = target
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

  enum CodingKeys: String, CodingKey {
    case code, name, weight
    case parents = "parent"
    case mixesRoles = "mixes_roles"
  }

  public init(
    _ code: String, name: String? = nil, parents: [String] = [], weight: Double = 1, mixesRoles: Bool = false
  ) {
    self.code = code
    self.name = name
    self.parents = parents
    self.weight = weight
    self.mixesRoles = mixesRoles
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    code = try container.decode(String.self, forKey: .code)
    name = try container.decodeIfPresent(String.self, forKey: .name)
    parents = try container.decodeOneOrMore(String.self, forKey: .parents) ?? []
    weight = try container.decodeIfPresent(Double.self, forKey: .weight) ?? 1
    mixesRoles = try container.decodeIfPresent(Bool.self, forKey: .mixesRoles) ?? false
  }
}
