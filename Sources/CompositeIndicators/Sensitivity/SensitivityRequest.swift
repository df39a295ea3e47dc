public import Columnar
public import Streaming

/// A request to find out how much the ranks of an index depend on the choices behind it.
///
/// As a document it is a request for scores with a key `sensitivity`, which holds the plan, and a `seed`.
public struct SensitivityRequest: Codable, Sendable, Equatable {
  /// The index as it is: framework, units, method, standard errors. Its confidence level is that of all intervals.
  public var score: ScoreRequest
  /// Settings that override those of the framework.
  public var plan: SensitivityPlan
  public var seed: UInt64

  public init(_ score: ScoreRequest, plan: SensitivityPlan = SensitivityPlan(), seed: UInt64 = 1) {
    self.score = score
    self.plan = plan
    self.seed = seed
  }

  enum CodingKeys: String, CodingKey {
    case seed
    case plan = "sensitivity"
  }

  public init(from decoder: any Decoder) throws {
    score = try ScoreRequest(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    plan = try container.decodeIfPresent(SensitivityPlan.self, forKey: .plan) ?? SensitivityPlan()
    seed = try container.decodeIfPresent(UInt64.self, forKey: .seed) ?? 1
  }

  public func encode(to encoder: any Encoder) throws {
    try score.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(plan, forKey: .plan)
    try container.encode(seed, forKey: .seed)
  }
}

/// Varies the choices behind an index and says how ranks and scores respond.
///
/// One pass reads the units; every run then works in memory. The same seed gives the same result on any number of
/// threads.
///
/// - Parameter replicates: of the same units: their errors and covariances are used.
/// - Throws: `usage` where the plan does not fit the framework, `badData` where the framework or the table is faulty or
///   a combination of methods is not defined for the units, `cancelled`.
public func sensitivity(
  _ request: SensitivityRequest, source: any Source, replicates: Replicates = .tables([]), engine: Engine = Engine()
) throws(ImmerseError) -> SensitivityResult {
  let framework = request.score.framework
  let plan = request.plan.over(framework.sensitivity ?? SensitivityPlan())
  let groups = (plan.impute ?? []).compactMap(\.group)
  let units = try request.score.units(from: source, group: groups.first, replicates, engine: engine).units
  return try SensitivityResult(
    of: framework, request.score.method, plan: plan, units: units, confidenceLevel: request.score.confidenceLevel,
    seed: request.seed, threads: engine.threads)
}
