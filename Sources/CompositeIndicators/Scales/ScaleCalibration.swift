public import Columnar
public import Streaming

/// Item parameters by marginal maximum likelihood, from answers weighted by survey weights.
///
/// The population of each group is normal; its mean and standard deviation are estimated together with the items. Groups
/// count equally (senate weights). The metric: for `gpcm` θ has mean 0 and SD 1 over the equally weighted groups, for
/// `pcm` slopes are 1 and θ has mean 0. Source: Bock and Aitkin (1981), Psychometrika 46, 443-459; Muraki (1992).
///
/// ```yaml
/// name: belonging
/// items: [BEL1, BEL2, BEL3]
/// reversed: [BEL1]
/// minimum: 1
/// maximum: 5
/// model: gpcm
/// ```
public struct ScaleCalibration: Codable, Sendable, Equatable {
  public enum Model: String, Codable, Sendable, CaseIterable {
    /// Slopes and thresholds; with two categories the two-parameter logistic model.
    case gpcm
    /// Thresholds only; with two categories the Rasch model.
    case pcm
  }

  public var name: String
  public var items: [String]
  public var reversed: [String]
  /// The codes of the lowest and highest category.
  public var minimum: Int
  public var maximum: Int
  public var model: Model
  public var weights: String?
  /// The column of groups, such as countries or languages within countries.
  public var group: String?
  /// Groups in which an item has parameters of its own, by item: partial invariance.
  public var free: [String: [String]]
  /// Where given, items whose misfit in a group (RMSD) is above it get parameters of their own there, and all is
  /// estimated again.
  public var freeAbove: Double?

  enum CodingKeys: String, CodingKey {
    case name, items, reversed, minimum, maximum, model, weights, group, free
    case freeAbove = "free_above"
  }

  public init(
    _ name: String, _ items: [String], reversed: [String] = [], minimum: Int = 0, maximum: Int, model: Model = .gpcm,
    weights: String? = nil, group: String? = nil, free: [String: [String]] = [:], freeAbove: Double? = nil
  ) {
    self.name = name
    self.items = items
    self.reversed = reversed
    self.minimum = minimum
    self.maximum = maximum
    self.model = model
    self.weights = weights
    self.group = group
    self.free = free
    self.freeAbove = freeAbove
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(String.self, forKey: .name), try container.decode([String].self, forKey: .items),
      reversed: try container.decodeOneOrMore(String.self, forKey: .reversed) ?? [],
      minimum: try container.decodeIfPresent(Int.self, forKey: .minimum) ?? 0,
      maximum: try container.decode(Int.self, forKey: .maximum),
      model: try container.decodeIfPresent(Model.self, forKey: .model) ?? .gpcm,
      weights: try container.decodeIfPresent(String.self, forKey: .weights),
      group: try container.decodeIfPresent(String.self, forKey: .group),
      free: try container.decodeIfPresent([String: [String]].self, forKey: .free) ?? [:],
      freeAbove: try container.decodeIfPresent(Double.self, forKey: .freeAbove))
  }

  var categories: Int { maximum - minimum + 1 }

  /// The scale with thresholds that only say how many categories there are.
  var uncalibrated: ResponseScale {
    ResponseScale(
      name,
      items.map {
        ResponseItem($0, thresholds: Array(repeating: 0, count: categories - 1), reversed: reversed.contains($0))
      }, minimum: minimum, group: group)
  }

  /// - Throws: `usage` where the settings contradict each other.
  func check() throws(ImmerseError) {
    guard (1..<255).contains(maximum - minimum) else {
      throw ImmerseError(
        .usage, "a scale needs two categories at least: the highest code must be above the lowest", variable: name)
    }
    guard items.count > 1 else { throw ImmerseError(.usage, "a calibration needs two items at least", variable: name) }
    for item in reversed + free.keys.sorted() where !items.contains(item) {
      throw ImmerseError(.usage, "is not among the items of the scale", variable: item)
    }
    if group == nil && (!free.isEmpty || freeAbove != nil) {
      throw ImmerseError(.usage, "parameters by group need a column of groups", variable: name)
    }
    if let freeAbove, !(freeAbove > 0) {
      throw ImmerseError(.usage, "the limit of misfit must be above zero", variable: "free_above")
    }
    try uncalibrated.check()
  }
}

/// A calibrated scale, and how well it fits.
public struct CalibrationResult: Codable, Sendable, Equatable {
  public struct Group: Codable, Sendable, Equatable {
    /// Nil without groups.
    public var name: String?
    public var mean: Double
    public var sd: Double
    public var count: Int

    enum CodingKeys: String, CodingKey { case name, mean, sd, count }
  }

  public struct Fit: Codable, Sendable, Equatable {
    public var item: String
    public var group: String?
    /// The root of the squared difference of observed and model probabilities, averaged over the group's distribution of
    /// θ and over the categories.
    public var rmsd: Double
    /// Respondents who answered.
    public var count: Int
    /// Whether the item has parameters of its own in the group.
    public var isFree: Bool

    enum CodingKeys: String, CodingKey {
      case item, group, rmsd, count
      case isFree = "free"
    }
  }

  /// Ready to score with.
  public let scale: ResponseScale
  public let groups: [Group]
  public let fits: [Fit]
  /// Of the items in each group, without a model of θ.
  public internal(set) var reliability: [ScaleReliability] = []
  /// With weights rescaled to sum to the number of respondents, and groups to equal sums.
  public let logLikelihood: Double
  public let iterations: Int
  /// Whether the last iteration changed no parameter by more than `tolerance`.
  public let hasConverged: Bool
  public let tolerance: Double
  public let count: Int
  public let patterns: Int

  enum CodingKeys: String, CodingKey {
    case scale, groups, fits, reliability, iterations, tolerance, count, patterns
    case logLikelihood = "log_likelihood"
    case hasConverged = "converged"
  }
}

extension ScaleCalibration {
  /// One pass gathers the patterns of answers; the estimation then works on patterns.
  ///
  /// - Throws: `usage` where the settings contradict each other, `badData` where an answer or weight is impossible or a
  ///   category or group is empty.
  public func run(on source: any Source, engine: Engine = Engine()) throws(ImmerseError) -> CalibrationResult {
    try run(of: try Dataset(source, columns: columns, engine: engine), engine: engine)
  }

  /// The items' parameters from a dataset that holds at least these columns.
  ///
  /// - Throws: as for a source.
  public func run(of dataset: Dataset, engine: Engine) throws(ImmerseError) -> CalibrationResult {
    try check()
    let (table, groups) = try patterns(of: dataset, engine)
    for (item, names) in free.sorted(by: { $0.key < $1.key }) {
      if let stray = names.first(where: { !groups.contains($0) }) {
        throw ImmerseError(.usage, "is to be free in \"\(stray)\", but there is no such group", variable: item)
      }
    }
    var estimation = try MarginalEstimation(self, table, groups, free: free)
    var result = try estimation.run()
    if let freeAbove {
      var released = free
      for fit in result.fits where fit.rmsd > freeAbove && !fit.isFree {
        if let group = fit.group { released[fit.item, default: []].append(group) }
      }
      if released != free {
        estimation = try MarginalEstimation(self, table, groups, free: released)
        result = try estimation.run()
      }
    }
    result.reliability = reliability(table, groups)
    return result
  }

  /// The columns that it reads.
  public var columns: [ColumnRequest] {
    items.map { ColumnRequest.number($0) } + (weights.map { [.number($0)] } ?? [])
      + (group.map { [.category($0)] } ?? [])
  }

  /// The patterns of answers of every group, and the groups' names.
  func patterns(
    of dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) -> (table: PatternTable, groups: [String]) {
    let groups = group.flatMap { dataset.profile.levels[$0]?.names } ?? []
    return (try dataset.fit(PatternFit(calibration: self, groups: groups), with: engine), groups)
  }
}
