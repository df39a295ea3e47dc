public import CompositeIndicators
public import SurveyStatistics

/// Scores of countries or regions by a framework, from estimates of each.
public struct ScoreStep: Sendable, Decodable {
  public var step: StepName
  /// The framework's file.
  public var framework: String
  /// The column that names the units.
  public var unit: String
  /// What the units are: indicators observed at a coarser level cannot tell them apart and are left out.
  public var level: MeasurementLevel
  /// The column of years or other periods, where units are to be scored in each; ranks are within a period.
  public var period: String?
  /// The periods that steps are fitted to.
  public var reference: ReferenceUnits
  /// Settings that override those of the framework.
  public var method: ScoreMethod
  /// A file with the model of an earlier study, by which units are scored; nothing is fitted.
  public var apply: String?
  /// Whether the model is written beside the scores.
  public var save: Bool
  /// Names of other scores of the study whose ranks these are compared with.
  public var compare: [String]
  /// Whether the scores are analysed, and by which column of the data units are weighted then.
  public var analyse: Bool
  public var unitWeights: String?
  /// Replicates, in place of linearised standard errors, to each of which every step is fitted anew; those of the study's
  /// design where it has any.
  public var replicates: ReplicateDesign?
  /// Quantities that indicators measure by several imputations, such as `math=PV1MATH-PV10MATH`.
  public var plausible: [PlausibleValues]

  enum CodingKeys: String, CodingKey {
    case framework, unit, level, period, reference, apply, save, compare, analyse, replicates, plausible
    case unitWeights = "unit_weights"
  }

  public init(from decoder: any Decoder) throws {
    step = try StepName(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    framework = try container.decode(String.self, forKey: .framework)
    unit = try container.decode(String.self, forKey: .unit)
    level = try container.decodeIfPresent(MeasurementLevel.self, forKey: .level) ?? .country
    period = try container.decodeIfPresent(String.self, forKey: .period)
    reference = try container.decodeIfPresent(ReferenceUnits.self, forKey: .reference) ?? .pooled
    apply = try container.decodeIfPresent(String.self, forKey: .apply)
    save = try container.decodeIfPresent(Bool.self, forKey: .save) ?? false
    compare = try container.decodeIfPresent([String].self, forKey: .compare) ?? []
    analyse = try container.decodeIfPresent(Bool.self, forKey: .analyse) ?? false
    unitWeights = try container.decodeIfPresent(String.self, forKey: .unitWeights)
    method = try ScoreMethod(from: decoder)
    replicates = try container.decodeIfPresent(ReplicateDesign.self, forKey: .replicates)
    plausible = try container.decodeIfPresent([PlausibleValues].self, forKey: .plausible) ?? []
  }
}

extension MeasurementLevel {
  /// From the finest to the coarsest.
  private var coarseness: Int {
    switch self {
    case .child: 0
    case .site: 1
    case .region: 2
    case .country: 3
    }
  }

  func isCoarser(than other: MeasurementLevel) -> Bool { coarseness > other.coarseness }
}

extension Framework {
  /// The framework without the indicators that are observed at a coarser level than the units, and without the
  /// aggregates that are left empty.
  func restricted(to level: MeasurementLevel) -> Framework {
    var restricted = self
    restricted.indicators = indicators.filter { !($0.measuredAt ?? .child).isCoarser(than: level) }
    while true {
      let parents = Set(restricted.indicators.flatMap(\.parents) + restricted.aggregates.flatMap(\.parents))
      let kept = restricted.aggregates.filter { parents.contains($0.code) }
      if kept.count == restricted.aggregates.count { return restricted }
      restricted.aggregates = kept
    }
  }

  /// The column that holds an indicator of children, sites or countries before units are scored.
  static func column(of indicator: Indicator) -> String {
    if case .column(let column, _) = indicator.origin { column } else { indicator.code }
  }
}
