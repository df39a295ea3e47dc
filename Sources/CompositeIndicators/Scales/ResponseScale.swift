import Columnar

/// A scale of items with known parameters of a (generalised) partial credit model, and how answers become a score.
///
/// ```yaml
/// name: belonging
/// minimum: 1                      # the code of the lowest category
/// items:
///   - {name: BEL2, slope: 1.2, thresholds: [-2.0, -0.9, 0.3, 1.4]}
///   - {name: BEL1, slope: 0.9, thresholds: [-1.5, -0.6, 0.1, 1.9], reversed: true}
/// estimator: wle
/// minimum_items: 2
/// ```
///
/// The probability of category k is proportional to exp Σ_{v≤k} slope (θ - threshold_v), that of the lowest category to
/// 1: Muraki (1992), Applied Psychological Measurement 16, 159-176. Slopes of 1 make it the partial credit model of
/// Masters (1982), one threshold the two-parameter logistic model, with threshold = -intercept / slope. A constant such as
/// 1.7 is to be multiplied into the slopes. Thresholds need not ascend.
public struct ResponseScale: Codable, Sendable, Equatable {
  public enum Estimator: String, Codable, Sendable, CaseIterable {
    /// Weighted likelihood: Warm (1989), Psychometrika 54, 427-450.
    case wle
    /// The mean of the posterior distribution under a normal population.
    case eap
  }

  /// The column of scores; that of their standard errors is called `<name>_se`.
  public var name: String
  public var items: [ResponseItem]
  /// The code of the lowest category of all items.
  public var minimum: Int
  public var estimator: Estimator
  /// Respondents who answered fewer items have no score; default: one answer is enough.
  public var minimumItems: Int?
  /// The distribution that `eap` assumes.
  public var population: Moments
  /// What is subtracted from θ, and what it is then divided by.
  public var metric: Moments
  /// The column of the groups for which items may have parameters of their own.
  public var group: String?

  /// A mean and a standard deviation.
  public struct Moments: Codable, Sendable, Equatable {
    public var mean: Double
    public var sd: Double

    enum CodingKeys: String, CodingKey { case mean, sd }

    public init(mean: Double = 0, sd: Double = 1) {
      self.mean = mean
      self.sd = sd
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      mean = try container.decodeIfPresent(Double.self, forKey: .mean) ?? 0
      sd = try container.decodeIfPresent(Double.self, forKey: .sd) ?? 1
    }
  }

  enum CodingKeys: String, CodingKey {
    case name, items, minimum, estimator, population, metric, group
    case minimumItems = "minimum_items"
  }

  public init(
    _ name: String, _ items: [ResponseItem], minimum: Int = 0, estimator: Estimator = .wle, minimumItems: Int? = nil,
    population: Moments = Moments(), metric: Moments = Moments(), group: String? = nil
  ) {
    self.name = name
    self.items = items
    self.minimum = minimum
    self.estimator = estimator
    self.minimumItems = minimumItems
    self.population = population
    self.metric = metric
    self.group = group
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(String.self, forKey: .name), try container.decode([ResponseItem].self, forKey: .items),
      minimum: try container.decodeIfPresent(Int.self, forKey: .minimum) ?? 0,
      estimator: try container.decodeIfPresent(Estimator.self, forKey: .estimator) ?? .wle,
      minimumItems: try container.decodeIfPresent(Int.self, forKey: .minimumItems),
      population: try container.decodeIfPresent(Moments.self, forKey: .population) ?? Moments(),
      metric: try container.decodeIfPresent(Moments.self, forKey: .metric) ?? Moments(),
      group: try container.decodeIfPresent(String.self, forKey: .group))
  }

  /// - Throws: `usage` where the scale contradicts itself or an item has no parameters.
  func check() throws(ImmerseError) {
    func refuse(_ problem: String, _ variable: String, _ remedy: String? = nil) -> ImmerseError {
      ImmerseError(.usage, problem, variable: variable, remedy: remedy)
    }
    if items.isEmpty { throw refuse("the scale has no items", name) }
    if Set(items.map(\.name)).count < items.count { throw refuse("the scale names an item twice", name) }
    if let minimumItems, minimumItems < 1 || minimumItems > items.count {
      throw refuse("the minimum number of items must lie between 1 and \(items.count)", name)
    }
    guard [population, metric].allSatisfy({ $0.sd > 0 && $0.sd.isFinite && $0.mean.isFinite }) else {
      throw refuse("a standard deviation must be above zero", name)
    }
    guard (-1_000_000...1_000_000).contains(minimum) else { throw refuse("the lowest category is out of range", name) }
    for item in items {
      let sets = [item.parameters] + (item.byGroup ?? [:]).sorted { $0.key < $1.key }.map(\.value)
      for parameters in sets { try parameters.check(item.name) }
      if Set(sets.map(\.thresholds.count)).count > 1 {
        throw refuse("has another number of thresholds in some group", item.name)
      }
      if item.byGroup != nil && group == nil {
        throw refuse(
          "has parameters by group, but the scale names no column of groups", item.name, "give the scale a group")
      }
    }
  }
}

/// An item of a scale with its parameters.
public struct ResponseItem: Codable, Sendable, Equatable {
  public struct Parameters: Codable, Sendable, Equatable {
    public var slope: Double
    /// One fewer than categories.
    public var thresholds: [Double]

    enum CodingKeys: String, CodingKey { case slope, thresholds }

    public init(slope: Double = 1, thresholds: [Double]) {
      self.slope = slope
      self.thresholds = thresholds
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      slope = try container.decodeIfPresent(Double.self, forKey: .slope) ?? 1
      thresholds = try container.decodeOneOrMore(Double.self, forKey: .thresholds) ?? []
    }

    func check(_ item: String) throws(ImmerseError) {
      func refuse(_ problem: String, _ remedy: String? = nil) -> ImmerseError {
        ImmerseError(.usage, problem, variable: item, remedy: remedy)
      }
      guard !thresholds.isEmpty else {
        throw refuse(
          "has no thresholds: an item needs two categories at least", "give one threshold fewer than categories")
      }
      guard thresholds.count < 255 else { throw refuse("has more than 255 categories") }
      guard slope > 0 && slope.isFinite else {
        throw refuse("the slope must be above zero", "declare items worded against the scale as reversed")
      }
      guard thresholds.allSatisfy(\.isFinite) else { throw refuse("a threshold is not a number") }
    }
  }

  public var name: String
  public var parameters: Parameters
  /// Whether the highest answer is the lowest category.
  public var isReversed: Bool
  /// Parameters of its own in some groups: partial invariance.
  public var byGroup: [String: Parameters]?

  enum CodingKeys: String, CodingKey {
    case name
    case isReversed = "reversed"
    case byGroup = "by_group"
  }

  public init(
    _ name: String, slope: Double = 1, thresholds: [Double], reversed: Bool = false,
    byGroup: [String: Parameters]? = nil
  ) {
    self.name = name
    parameters = Parameters(slope: slope, thresholds: thresholds)
    isReversed = reversed
    self.byGroup = byGroup
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    parameters = try Parameters(from: decoder)
    isReversed = try container.decodeIfPresent(Bool.self, forKey: .isReversed) ?? false
    byGroup = try container.decodeIfPresent([String: Parameters].self, forKey: .byGroup)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try parameters.encode(to: encoder)
    if isReversed { try container.encode(isReversed, forKey: .isReversed) }
    try container.encodeIfPresent(byGroup, forKey: .byGroup)
  }

  var categories: Int { parameters.thresholds.count + 1 }
}
