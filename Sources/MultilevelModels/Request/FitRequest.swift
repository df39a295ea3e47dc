public import Columnar
public import SurveyStatistics

/// Which mixed model to fit, by which likelihood, with which weights.
public struct FitRequest: Sendable, Hashable, Codable {
  public enum Method: String, Sendable, Codable, CaseIterable {
    /// Maximum likelihood; pseudo-maximum likelihood with sampling weights.
    case ml
    /// Restricted maximum likelihood.
    case reml
  }

  /// What a weight says of its row or group.
  public enum WeightKind: String, Sendable, Codable, CaseIterable {
    /// The inverse chance of selection: pseudo-maximum likelihood.
    case sampling
    /// How many identical rows, or groups, stand in one: the likelihood of the data written out.
    case frequency
    /// The inverse of the residual variance up to a factor, as the `weights` of lme4; rows only.
    case precision
  }

  /// What sampling weights are the inverse of.
  public enum Conditioning: String, Sendable, Codable, CaseIterable {
    /// The probability of selection given that the group above was selected, as Stata takes them.
    case conditional
    /// The overall probability of selection.
    case unconditional
  }

  /// How the rows' weights are scaled within the lowest groups (Pfeffermann et al. 1998; Rabe-Hesketh and Skrondal 2006).
  public enum WeightScaling: String, Sendable, Codable, CaseIterable {
    case none
    /// To add up to the number of rows of the group.
    case size
    /// To add up to the effective number of rows, (Σw)² / Σw².
    case effective
    /// Rows weigh 1 and groups the mean of their rows' overall weights (Graubard and Korn 1996); two levels only.
    case gk
  }

  /// In the notation of `Formula`.
  public var formula: String
  /// ML with sampling weights, else REML, unless given.
  public var method: Method?
  /// Weight columns from the rows to the top level; levels beyond the last one weigh 1.
  public var weights: [String]
  public var weightsKind: WeightKind
  /// Needed where there is more than one sampling weight.
  public var weightsAre: Conditioning?
  public var weightScaling: WeightScaling
  /// Replicate weights, by which the variances are estimated; they multiply the weights of whole groups.
  public var replicates: ReplicateDesign?
  /// What the response stands for, where it has several imputations.
  public var plausible: [PlausibleValues]
  public var inference: InferenceOptions
  /// A column whose levels have a residual variance each.
  public var residualBy: String?
  /// Of the confidence intervals.
  public var level: Double

  public init(
    _ formula: String, method: Method? = nil, weights: [String] = [], weightsKind: WeightKind = .sampling,
    weightsAre: Conditioning? = nil, weightScaling: WeightScaling = .none, residualBy: String? = nil,
    replicates: ReplicateDesign? = nil, plausible: [PlausibleValues] = [],
    inference: InferenceOptions = InferenceOptions(), level: Double = 0.95
  ) {
    self.formula = formula
    self.method = method
    self.weights = weights
    self.weightsKind = weightsKind
    self.weightsAre = weightsAre
    self.weightScaling = weightScaling
    self.inference = inference
    self.residualBy = residualBy
    self.replicates = replicates
    self.plausible = plausible
    self.level = level
  }

  enum CodingKeys: String, CodingKey {
    case formula, method, weights
    case weightsKind = "weights_kind"
    case weightsAre = "weights_are"
    case weightScaling = "weight_scaling"
    case residualBy = "residual_by"
    case replicates, plausible
    case level
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    formula = try container.decode(String.self, forKey: .formula)
    method = try container.decodeIfPresent(Method.self, forKey: .method)
    weights = try container.decodeIfPresent([String].self, forKey: .weights) ?? []
    weightsKind = try container.decodeIfPresent(WeightKind.self, forKey: .weightsKind) ?? .sampling
    weightsAre = try container.decodeIfPresent(Conditioning.self, forKey: .weightsAre)
    weightScaling = try container.decodeIfPresent(WeightScaling.self, forKey: .weightScaling) ?? .none
    // Its keys stand beside those of the request.
    inference = try InferenceOptions(from: decoder)
    residualBy = try container.decodeIfPresent(String.self, forKey: .residualBy)
    replicates = try container.decodeIfPresent(ReplicateDesign.self, forKey: .replicates)
    plausible = try container.decodeIfPresent([PlausibleValues].self, forKey: .plausible) ?? []
    level = try container.decodeIfPresent(Double.self, forKey: .level) ?? 0.95
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(formula, forKey: .formula)
    try container.encodeIfPresent(method, forKey: .method)
    try container.encode(weights, forKey: .weights)
    try container.encode(weightsKind, forKey: .weightsKind)
    try container.encodeIfPresent(weightsAre, forKey: .weightsAre)
    try container.encode(weightScaling, forKey: .weightScaling)
    try container.encodeIfPresent(residualBy, forKey: .residualBy)
    try container.encodeIfPresent(replicates, forKey: .replicates)
    if !plausible.isEmpty { try container.encode(plausible, forKey: .plausible) }
    try container.encode(level, forKey: .level)
    try inference.encode(to: encoder)
  }

  /// Whether the result comes from several fits.
  public var isPooled: Bool { replicates != nil || !plausible.isEmpty }

  /// The request, and those of other models of the same rows, of which only the likelihood is wanted.
  public func comparing(with formulae: [String]) -> [FitRequest] {
    [self]
      + formulae.map { formula in
        var other = self
        other.formula = formula
        other.inference = InferenceOptions()
        return other
      }
  }

  /// - Throws: `usage` where the request contradicts itself.
  public func validate() throws(ImmerseError) { _ = try ModelPlan(self) }
}
