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
  /// Whether the fit is written, for other rows to be added to it.
  public var save: Bool
  /// Fits of other rows that are taken in, by the names of their files.
  public var merge: [String]

  enum CodingKeys: String, CodingKey {
    case preset, compare, save, merge
    case randomEffects = "random_effects"
  }

  public init(from decoder: any Decoder) throws {
    step = try StepName(from: decoder)
    request = try FitRequest(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    preset = try container.decodeIfPresent(AssessmentPreset.self, forKey: .preset)
    compare = try container.decodeIfPresent([String].self, forKey: .compare) ?? []
    randomEffects = try container.decodeIfPresent(Bool.self, forKey: .randomEffects) ?? false
    save = try container.decodeIfPresent(Bool.self, forKey: .save) ?? false
    merge = try container.decodeIfPresent([String].self, forKey: .merge) ?? []
  }

  /// The step with its preset carried out.
  ///
  /// - Throws: `usage` or `badData` where the preset does not fit the model or the data.
  func carryingOutPreset(of source: any Source) throws(ImmerseError) -> ModelStep {
    var step = self
    if let preset { step.request = try preset.apply(to: request, of: source) }
    return step
  }

  /// Whether the model is fitted by way of a fit that can be written and merged.
  var isPortable: Bool { save || !merge.isEmpty }

  /// The fit to the rows and to those of the fits that are merged.
  ///
  /// - Throws: `usage` for what saved fits do not hold, and what gathering and merging throw.
  func portableFit(
    to source: any Source, _ inputs: any StudyInputs, _ engine: Engine
  ) throws(ImmerseError) -> SavedFit {
    guard compare.isEmpty else {
      throw ImmerseError(
        .usage, "models are compared by fits to the same rows, and such are neither saved nor merged",
        variable: step.name, remedy: "compare models in a step of its own")
    }
    var fit = try SavedFit(request, of: source, engine: engine)
    for name in merge { try fit.merge(try inputs.savedFit(name)) }
    return fit
  }

  /// The request, and those of the models it is compared with.
  var requests: [FitRequest] { request.comparing(with: compare) }
}
