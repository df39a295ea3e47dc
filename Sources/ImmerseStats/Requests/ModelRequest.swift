import Columnar
public import MultilevelModels
import Streaming

/// A multilevel model and what is wanted beside its result.
public struct ModelRequest: Sendable, Decodable {
  public var request: FitRequest
  /// Formulae of models of the same rows for likelihood-ratio tests.
  public var compare: [String]
  /// Whether the groups' random effects are part of the result.
  public var randomEffects: Bool
  /// Whether fitted values come back as columns.
  public var predict: Bool
  /// Whether the fit is part of the result, as a text that a ``PredictionRequest`` takes.
  public var save: Bool

  enum CodingKeys: String, CodingKey {
    case compare, predict, save
    case randomEffects = "random_effects"
  }

  public init(from decoder: any Decoder) throws {
    // Its keys stand beside those of the fit.
    request = try FitRequest(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    compare = try container.decodeIfPresent([String].self, forKey: .compare) ?? []
    randomEffects = try container.decodeIfPresent(Bool.self, forKey: .randomEffects) ?? false
    predict = try container.decodeIfPresent(Bool.self, forKey: .predict) ?? false
    save = try container.decodeIfPresent(Bool.self, forKey: .save) ?? false
  }

  func run(on source: any Source, engine: Engine) throws(ImmerseError) -> AnalysisOutcome {
    guard save else {
      let requests = request.comparing(with: compare)
      return try outcome(of: try MixedModel.fit(requests, to: source, engine: engine), source, engine)
    }
    guard compare.isEmpty else {
      throw ImmerseError(.usage, "models are compared by fits to the same rows, and such are not saved")
    }
    var saved = try SavedFit(request, of: source, engine: engine)
    var outcome = try outcome(of: [try saved.model(threads: engine.threads)], source, engine)
    outcome.result.sections.append(.init("saved", .string(Base64.text(of: saved.bytes))))
    return outcome
  }

  func outcome(
    of models: [MixedModel], _ source: (any Source)?, _ engine: Engine
  ) throws(ImmerseError) -> AnalysisOutcome {
    var outcome = AnalysisOutcome(result: try MixedModel.analysis(of: models))
    if randomEffects {
      let effects = GroupPrediction.analysis(try models[0].groupPredictions())
      outcome.result.sections.append(.init("random_effects", .array(effects.rows)))
    }
    if predict, let source { try outcome.add(try MixedModelPrediction(models[0]), to: source, engine: engine) }
    return outcome
  }
}

/// Fitted values of rows by a fit of other rows.
public struct PredictionRequest: Sendable, Decodable {
  /// What a fit with `save` has as its `saved`.
  public var model: String

  func run(on source: any Source, engine: Engine) throws(ImmerseError) -> AnalysisOutcome {
    guard let bytes = Base64.bytes(of: model) else {
      throw ImmerseError(.badData, "this is no saved fit", variable: "model", remedy: "take what a fit has as `saved`")
    }
    var saved = try SavedFit(bytes)
    let model = try saved.model(threads: engine.threads)
    var outcome = AnalysisOutcome(
      result: AnalysisResult(
        "fit.predict", rows: [], sections: [.init("n", .integer(source.rowCount))],
        hasConverged: model.result.convergence.converged))
    try outcome.add(try MixedModelPrediction(model), to: source, engine: engine)
    return outcome
  }
}
