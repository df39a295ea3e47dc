/// A hierarchy of indicators: what is measured, what it is averaged into, and with which weights.
///
/// It is data: a YAML file, a COINr `iMeta` table or a program's own list. Nothing is checked on reading; `findings`
/// lists what is wrong and `hierarchy` refuses to go on with it.
public struct Framework: Codable, Sendable, Equatable {
  public var title: String?
  /// What a reader must know of the list: its source and standing.
  public var description: String?
  public var indicators: [Indicator]
  public var aggregates: [Aggregate]
  /// How units are scored where a request does not say.
  public var method: ScoreMethod
  /// What a sensitivity analysis varies where a request does not say.
  public var sensitivity: SensitivityPlan?

  enum CodingKeys: String, CodingKey {
    case title, description, indicators, aggregates, method, sensitivity
  }

  public init(
    title: String? = nil, indicators: [Indicator], aggregates: [Aggregate] = [], method: ScoreMethod = ScoreMethod(),
    sensitivity: SensitivityPlan? = nil
  ) {
    self.title = title
    self.indicators = indicators
    self.aggregates = aggregates
    self.method = method
    self.sensitivity = sensitivity
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    title = try container.decodeIfPresent(String.self, forKey: .title)
    description = try container.decodeIfPresent(String.self, forKey: .description)
    indicators = try container.decode([Indicator].self, forKey: .indicators)
    aggregates = try container.decodeIfPresent([Aggregate].self, forKey: .aggregates) ?? []
    method = try container.decodeIfPresent(ScoreMethod.self, forKey: .method) ?? ScoreMethod()
    sensitivity = try container.decodeIfPresent(SensitivityPlan.self, forKey: .sensitivity)
  }

  /// The scores that can be computed for every child from its answers, named by their indicators' codes.
  public var scaleScores: [ScaleScore] {
    indicators.compactMap { indicator in
      guard case .items(let scale) = indicator.origin else { return nil }
      return ScaleScore(indicator.code, scale)
    }
  }
}
