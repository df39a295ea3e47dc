import Columnar
public import MultilevelModels
import Streaming
public import SurveyStatistics

/// A multilevel model of the study's rows.
public struct ModelStep: Sendable, Decodable {
  public var step: StepName
  public var request: FitRequest
  /// The rules of an assessment, which bring weights, replicates and plausible values.
  public var preset: AssessmentPreset?
  /// Formulae of models of the same rows for likelihood-ratio tests.
  public var compare: [String]
  /// Whether the groups' random effects are written and drawn.
  public var randomEffects: Bool

  enum CodingKeys: String, CodingKey {
    case preset, compare
    case randomEffects = "random_effects"
  }

  public init(from decoder: any Decoder) throws {
    step = try StepName(from: decoder)
    request = try FitRequest(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    preset = try container.decodeIfPresent(AssessmentPreset.self, forKey: .preset)
    compare = try container.decodeIfPresent([String].self, forKey: .compare) ?? []
    randomEffects = try container.decodeIfPresent(Bool.self, forKey: .randomEffects) ?? false
  }

  /// The step with its preset carried out.
  ///
  /// - Throws: `usage` or `badData` where the preset does not fit the model or the data.
  func carryingOutPreset(of source: any Source) throws(ImmerseError) -> ModelStep {
    var step = self
    if let preset { step.request = try preset.apply(to: request, of: source) }
    return step
  }

  /// The request, and those of the models it is compared with.
  var requests: [FitRequest] { request.comparing(with: compare) }
}
