public import Columnar

/// Which mixed model to fit, by which likelihood, with which weights.
public struct FitRequest: Sendable, Hashable, Codable {
  public enum Method: String, Sendable, Codable, CaseIterable {
    /// Maximum likelihood; pseudo-maximum likelihood with sampling weights.
    case ml
    /// Restricted maximum likelihood.
    case reml
  }

  /// What the weights of rows and groups are the inverse of.
  public enum WeightKind: String, Sendable, Codable, CaseIterable {
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
  /// REML without weights and ML with them, unless given.
  public var method: Method?
  /// Sampling weight columns from the rows to the top level; levels beyond the last one weigh 1.
  public var weights: [String]
  /// Needed where there is more than one weight.
  public var weightsAre: WeightKind?
  public var weightScaling: WeightScaling
  public var inference: InferenceOptions
  /// Of the confidence intervals.
  public var level: Double

  public init(
    _ formula: String, method: Method? = nil, weights: [String] = [], weightsAre: WeightKind? = nil,
    weightScaling: WeightScaling = .none, inference: InferenceOptions = InferenceOptions(), level: Double = 0.95
  ) {
    self.formula = formula
    self.method = method
    self.weights = weights
    self.weightsAre = weightsAre
    self.weightScaling = weightScaling
    self.inference = inference
    self.level = level
  }

  enum CodingKeys: String, CodingKey {
    case formula, method, weights
    case weightsAre = "weights_are"
    case weightScaling = "weight_scaling"
    case level
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    formula = try container.decode(String.self, forKey: .formula)
    method = try container.decodeIfPresent(Method.self, forKey: .method)
    weights = try container.decodeIfPresent([String].self, forKey: .weights) ?? []
    weightsAre = try container.decodeIfPresent(WeightKind.self, forKey: .weightsAre)
    weightScaling = try container.decodeIfPresent(WeightScaling.self, forKey: .weightScaling) ?? .none
    // Its keys stand beside those of the request.
    inference = try InferenceOptions(from: decoder)
    level = try container.decodeIfPresent(Double.self, forKey: .level) ?? 0.95
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(formula, forKey: .formula)
    try container.encodeIfPresent(method, forKey: .method)
    try container.encode(weights, forKey: .weights)
    try container.encodeIfPresent(weightsAre, forKey: .weightsAre)
    try container.encode(weightScaling, forKey: .weightScaling)
    try container.encode(level, forKey: .level)
    try inference.encode(to: encoder)
  }

  /// - Throws: `usage` where the request contradicts itself.
  public func validate() throws(ImmerseError) { _ = try ModelPlan(self) }
}
