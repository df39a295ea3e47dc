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
  /// Whether `adjust` and `average` also treat a stratum of several PSUs of which a domain has one
  /// (`survey.adjust.domain.lonely` in R).
  public var adjustsLonelyInDomains: Bool
  /// Whether the first stage carries the whole variance, its FPC included, whatever stages follow
  /// (`survey.ultimate.cluster` in R).
  public var ultimateCluster: Bool
  /// For units drawn with probabilities of their own without replacement; the FPC then holds the probabilities.
  public var pps: UnequalProbabilities?
  /// Columns of the inclusion probabilities at each stage: without a column of weights, a row weighs one over their
  /// product.
  public var probabilities: [String]
  /// Replicate weights by which variances are estimated; nil for linearisation.
  public var replicates: ReplicateDesign?

  public init(
    weights: String? = nil, strata: [String] = [], psu: [String] = [], fpc: [String] = [],
    lonelyPSU: LonelyPSU = .fail, adjustsLonelyInDomains: Bool = false, ultimateCluster: Bool = false,
    pps: UnequalProbabilities? = nil, probabilities: [String] = [], replicates: ReplicateDesign? = nil
  ) {
    self.weights = weights
    self.strata = strata
    self.psu = psu
    self.fpc = fpc
    self.lonelyPSU = lonelyPSU
    self.adjustsLonelyInDomains = adjustsLonelyInDomains
    self.ultimateCluster = ultimateCluster
    self.pps = pps
    self.probabilities = probabilities
    self.replicates = replicates
  }

  enum CodingKeys: String, CodingKey {
    case weights, strata, psu, fpc
    case lonelyPSU = "lonely_psu"
    case adjustsLonelyInDomains = "adjust_domain_lonely"
    case ultimateCluster = "ultimate_cluster"
    case pps, probabilities, replicates
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    weights = try container.decodeIfPresent(String.self, forKey: .weights)
    strata = try container.decodeIfPresent([String].self, forKey: .strata) ?? []
    psu = try container.decodeIfPresent([String].self, forKey: .psu) ?? []
    fpc = try container.decodeIfPresent([String].self, forKey: .fpc) ?? []
    lonelyPSU = try container.decodeIfPresent(LonelyPSU.self, forKey: .lonelyPSU) ?? .fail
    adjustsLonelyInDomains = try container.decodeIfPresent(Bool.self, forKey: .adjustsLonelyInDomains) ?? false
    ultimateCluster = try container.decodeIfPresent(Bool.self, forKey: .ultimateCluster) ?? false
    pps = try container.decodeIfPresent(UnequalProbabilities.self, forKey: .pps)
    probabilities = try container.decodeIfPresent([String].self, forKey: .probabilities) ?? []
    replicates = try container.decodeIfPresent(ReplicateDesign.self, forKey: .replicates)
  }

  /// Sampling stages: one more than zero PSU columns, because then the rows are the units.
  var stageCount: Int { max(1, psu.count) }

  var columns: [ColumnRequest] {
    (weights.map { [.number($0)] } ?? []) + (strata + psu).map { .category($0) }
      + (fpc + probabilities).map { .number($0) }
  }

  /// Whether weights have to be worked out from population sizes, which takes a pass over the ids first.
  public var weighsByFPC: Bool { weights == nil && probabilities.isEmpty && !fpc.isEmpty }

  /// Whether each row needs a place of its own where rows are the sampling units.
  var numbersRows: Bool { replicates != nil || pps != nil }

  func validate() throws(ImmerseError) {
    guard fpc.isEmpty || fpc.count == stageCount else {
      throw ImmerseError(
        .usage, "\(fpc.count) FPC columns for \(stageCount) stages of sampling",
        remedy: "give one FPC column for each stage")
    }
    try replicates?.validate(self)
    try pps?.validate(self)
    guard weights == nil || probabilities.isEmpty else {
      throw ImmerseError(
        .usage, "weights are given, and by probabilities besides", variable: weights,
        remedy: "give --weights or --probabilities")
    }
    guard !adjustsLonelyInDomains || lonelyPSU == .adjust || lonelyPSU == .average else {
      throw ImmerseError(
        .usage, "--lonely-psu \(lonelyPSU.rawValue) has nothing to adjust in domains",
        remedy: "choose --lonely-psu adjust or average with --adjust-domain-lonely")
    }
    if let column = Dictionary(grouping: psu, by: \.self).first(where: { $1.count > 1 })?.key {
      throw ImmerseError(.usage, "is named as two stages of sampling", variable: column)
    }
  }
}

extension Batch {
  /// The design's weight of every row: of its column, or one over the product of its probabilities; nil where the design
  /// names neither.
  ///
  /// - Throws: `badData` for a weight or a probability that cannot be one.
  func weights(of design: SurveyDesign) throws(ImmerseError) -> [Double]? {
    if let name = design.weights { return try weights(name).array }
    if design.probabilities.isEmpty { return nil }
    return try baseWeights(design.probabilities)
  }

  /// One over the product of inclusion probabilities.
  func baseWeights(_ probabilities: [String]) throws(ImmerseError) -> [Double] {
    var weights = [Double](repeating: 1, count: rowCount)
    for name in probabilities {
      let column = try numbers(name)
      for row in weights.indices {
        guard column[row] > 0, column[row] <= 1 else {
          throw ImmerseError(
            .badData, "is no inclusion probability: missing, not above 0, or above 1", row: firstRow + row,
            variable: name, remedy: "give the probability of each row's unit at this stage")
        }
        weights[row] /= column[row]
      }
    }
    if let row = weights.firstIndex(where: { !$0.isFinite }) {
      throw ImmerseError(
        .badData, "gives a weight that is more than a number can hold", row: firstRow + row,
        variable: probabilities.first)
    }
    return weights
  }
}
