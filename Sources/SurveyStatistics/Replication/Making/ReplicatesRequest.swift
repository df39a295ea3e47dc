import Columnar
import Streaming

/// Replicate weights to be made of a sample.
public struct ReplicatesRequest: Sendable, Hashable, Codable {
  /// How the sample was drawn; its weights are what the replicates multiply.
  public var design: SurveyDesign
  public var method: ReplicateMethod
  /// How many replicates, where the method leaves that open: 80 by default, and as many as the next Hadamard matrix has
  /// for balanced methods.
  public var count: Int?
  /// Of what is drawn at random.
  public var seed: UInt64
  /// The columns are called by this and the replicate's number.
  public var prefix: String
  /// For `jk2` of zones whose units are coded 0 and 1.
  var halves: ReplicateDesign.Halves?

  public init(
    _ method: ReplicateMethod, design: SurveyDesign, count: Int? = nil, seed: UInt64 = 1, prefix: String = "rw"
  ) {
    self.design = design
    self.method = method
    self.count = count
    self.seed = seed
    self.prefix = prefix
  }

  enum CodingKeys: String, CodingKey {
    case design, method, count, seed, prefix
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(ReplicateMethod.self, forKey: .method),
      design: try container.decodeIfPresent(SurveyDesign.self, forKey: .design) ?? SurveyDesign(),
      count: try container.decodeIfPresent(Int.self, forKey: .count),
      seed: try container.decodeIfPresent(UInt64.self, forKey: .seed) ?? 1,
      prefix: try container.decodeIfPresent(String.self, forKey: .prefix) ?? "rw")
  }

  var recipe: ReplicateRecipe {
    ReplicateRecipe(method: method, count: count, seed: seed, centre: .replicateMean, halves: halves)
  }

  /// - Throws: `usage` where the request contradicts itself.
  func validate() throws(ImmerseError) {
    try design.validate()
    if let count, !(1...10_000).contains(count) {
      throw ImmerseError(.usage, "\(count) replicates", remedy: "ask for 1 to 10,000")
    }
  }
}

/// Makes replicate weights of a sample.
///
/// ```swift
/// let design = SurveyDesign(weights: "pw", psu: ["dnum"], fpc: ["fpc"])
/// let model = try Replication.make(ReplicatesRequest(.jk1, design: design), on: source)
/// let weighted = try source.applying(model)
/// ```
public enum Replication {
  /// The columns a request needs of its data.
  public static func columns(_ request: ReplicatesRequest) throws(ImmerseError) -> [ColumnRequest] {
    try request.validate()
    return request.design.columns
  }

  /// The fit that makes the replicates, for a pass shared with others.
  ///
  /// - Throws: `usage` where the request contradicts itself.
  public static func fit(
    _ request: ReplicatesRequest, of dataset: Dataset
  ) throws(ImmerseError) -> some Fit<ReplicateModel> {
    try request.validate()
    return ReplicatesFit(
      request: request, strata: try StratumNames(request.design, dataset.profile),
      levels: dataset.profile.levels.filter { (request.design.strata + request.design.psu).contains($0.key) })
  }

  /// Makes the replicates of a source.
  ///
  /// - Throws: `badData` where the sample does not fit the method.
  /// - Complexity: One pass over the design's columns, then the number of sampling units times that of replicates.
  public static func make(
    _ request: ReplicatesRequest, on source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> ReplicateModel {
    let dataset = try Dataset(source, columns: try columns(request), engine: engine)
    return try dataset.fit(try fit(request, of: dataset), with: engine)
  }
}

/// Reads strata, sampling units and weights: all that replicates depend on.
struct ReplicatesFit: Fit {
  let request: ReplicatesRequest
  let strata: StratumNames
  /// Of the columns of strata and sampling units.
  let levels: [String: Levels]

  var columns: [ColumnRequest] { request.design.columns }

  var signature: String { "replicates \(request) \(strata.levels.map(\.names))" }

  func makePartial() -> FrameFit.Partial { FrameFit.Partial(tree: UnitTree(request.design, numbersRows: true)) }

  func finish(_ partial: FrameFit.Partial) throws(ImmerseError) -> ReplicateModel {
    let frame = try DesignFrame(partial.tree, strata: strata)
    let factors = try ReplicateFactors.make(request.recipe, partial.tree, frame)
    return ReplicateModel(request: request, tree: partial.tree, frame: frame, levels: levels, factors: factors)
  }
}
