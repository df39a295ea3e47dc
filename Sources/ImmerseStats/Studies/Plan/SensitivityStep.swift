public import CompositeIndicators

/// How the scores of an earlier step respond to the choices behind them.
public struct SensitivityStep: Sendable, Decodable {
  public var step: StepName
  /// The name of the scores: their framework, units and standard errors are used.
  public var score: String
  /// What is varied; settings left out are those of the framework.
  public var plan: SensitivityPlan
  public var seed: UInt64

  enum CodingKeys: String, CodingKey {
    case score, seed
  }

  public init(from decoder: any Decoder) throws {
    step = try StepName(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    score = try container.decode(String.self, forKey: .score)
    seed = try container.decodeIfPresent(UInt64.self, forKey: .seed) ?? 1
    plan = try SensitivityPlan(from: decoder)
  }
}
