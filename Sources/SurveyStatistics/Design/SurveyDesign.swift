import Columnar
import Streaming

/// How the sample was drawn: which columns say so, and what to do with a stratum that has one PSU.
///
/// PSU ids are nested: the same id in two strata is two PSUs, and a later stage's ids count within their parent. Without
/// PSUs every row is one.
public struct SurveyDesign: Sendable, Hashable, Codable {
  /// What to do with a stratum in which only one PSU was sampled (survey 4.5's meaning).
  public enum LonelyPSU: String, Sendable, Codable, CaseIterable {
    /// Refuse to estimate a variance.
    case fail
    /// The PSU was certain to be sampled, so it adds nothing to the variance.
    case certainty
    /// Its contribution is left out.
    case remove
    /// Its deviation is taken from the mean PSU total of all strata.
    case adjust
    /// The stratum adds the mean contribution of the strata with more than one PSU.
    case average
  }

  /// The column of sampling weights. Without it, weights come from the FPC where given, else each row weighs 1.
  public var weights: String?
  /// First-stage strata; several columns are crossed.
  public var strata: [String]
  /// Sampling units from the first stage to the last.
  public var psu: [String]
  /// One a stage: population sizes (all at least 1) or sampling fractions (all at most 1).
  public var fpc: [String]
  public var lonelyPSU: LonelyPSU
  /// Replicate weights by which variances are estimated; nil for linearisation.
  public var replicates: ReplicateDesign?

  public init(
    weights: String? = nil, strata: [String] = [], psu: [String] = [], fpc: [String] = [],
    lonelyPSU: LonelyPSU = .fail, replicates: ReplicateDesign? = nil
  ) {
    self.weights = weights
    self.strata = strata
    self.psu = psu
    self.fpc = fpc
    self.lonelyPSU = lonelyPSU
    self.replicates = replicates
  }

  enum CodingKeys: String, CodingKey {
    case weights, strata, psu, fpc
    case lonelyPSU = "lonely_psu"
    case replicates
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    weights = try container.decodeIfPresent(String.self, forKey: .weights)
    strata = try container.decodeIfPresent([String].self, forKey: .strata) ?? []
    psu = try container.decodeIfPresent([String].self, forKey: .psu) ?? []
    fpc = try container.decodeIfPresent([String].self, forKey: .fpc) ?? []
    lonelyPSU = try container.decodeIfPresent(LonelyPSU.self, forKey: .lonelyPSU) ?? .fail
    replicates = try container.decodeIfPresent(ReplicateDesign.self, forKey: .replicates)
  }

  /// Sampling stages: one more than zero PSU columns, because then the rows are the units.
  var stageCount: Int { max(1, psu.count) }

  var columns: [ColumnRequest] {
    (weights.map { [.number($0)] } ?? []) + (strata + psu).map { .category($0) } + fpc.map { .number($0) }
  }

  /// Whether weights have to be worked out from population sizes, which takes a pass over the ids first.
  public var weighsByFPC: Bool { weights == nil && !fpc.isEmpty }

  func validate() throws(ImmerseError) {
    guard fpc.isEmpty || fpc.count == stageCount else {
      throw ImmerseError(
        .usage, "\(fpc.count) FPC columns for \(stageCount) stages of sampling",
        remedy: "give one FPC column for each stage")
    }
    try replicates?.validate(self)
    if let column = Dictionary(grouping: psu, by: \.self).first(where: { $1.count > 1 })?.key {
      throw ImmerseError(.usage, "is named as two stages of sampling", variable: column)
    }
  }
}
