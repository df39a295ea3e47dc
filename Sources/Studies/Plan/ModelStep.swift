public import MultilevelModels

/// A multilevel model of the study's rows.
public struct ModelStep: Sendable, Decodable {
  public var step: StepName
  public var request: FitRequest
  /// Formulae of models of the same rows for likelihood-ratio tests.
  public var compare: [String]
  /// Whether the groups' random effects are written and drawn.
  public var randomEffects: Bool

  enum CodingKeys: String, CodingKey {
    case compare
    case randomEffects = "random_effects"
  }

  public init(from decoder: any Decoder) throws {
    step = try StepName(from: decoder)
    request = try FitRequest(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    compare = try container.decodeIfPresent([String].self, forKey: .compare) ?? []
    randomEffects = try container.decodeIfPresent(Bool.self, forKey: .randomEffects) ?? false
  }

  /// The request, and those of the models it is compared with.
  var requests: [FitRequest] {
    [request]
      + compare.map { formula in
        var other = request
        other.formula = formula
        other.inference = InferenceOptions()
        return other
      }
  }
}
