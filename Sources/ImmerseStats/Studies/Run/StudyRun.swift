public import Columnar
import CompositeIndicators
public import MultilevelModels
public import Streaming
public import SurveyStatistics

/// A study carried out: the results of all its analyses, ready to be written or shown.
public struct StudyRun: Sendable {
  public struct Analysis: Sendable {
    public var step: StepName
    public var result: AnalysisResult
    /// The random effects of a model's groups, where they were asked for.
    public var randomEffects: AnalysisResult?
    /// The model of scores, where it is to be saved.
    public var scoreModel: ScoreModel?
    /// The fit of a model, where it is to be saved.
    public var savedFit: SavedFit?
  }

  public let study: Study
  public let estimates: [Analysis]
  public let scores: [Analysis]
  public let sensitivities: [Analysis]
  public let models: [Analysis]
  /// What every step did to the weights.
  public let weighting: [AnalysisResult]
  /// The weights that were made, beside those they were made from; nil where they are in the data.
  public let diagnosis: DiagnosisResult?
  /// What was read, and what did not match.
  public let rowCount: Int
  public let notes: [Note]
  /// The rows with the weights that were made.
  public let source: any Source

  public var analyses: [Analysis] { estimates + scores + sensitivities + models }

  /// Carries out a study.
  ///
  /// The plan: pass 0 reads the files; pass 1 makes the weights and checks the joins; pass 2 serves every estimate and
  /// every model at once. Scores are then computed from estimates.
  ///
  /// - Parameter name: what messages call the study, such as the path of its file.
  /// - Throws: `noInput`, `badData` or `usage` with the place in the study or the data.
  public init(
    _ study: Study, named name: String, inputs: any StudyInputs, engine: Engine = Engine()
  ) throws(ImmerseError) {
    var study = study
    if let joint = study.design.pps?.jointFile { study.design.pps?.joint = try inputs.squareTable(joint) }
    try study.checkNames(name)
    var frameworks: [Framework] = []
    for step in study.scores {
      frameworks.append(try inputs.framework(step.framework).restricted(to: step.level))
    }
    let data = try StudyData(study, frameworks, inputs, engine)
    let dataset = data.dataset

    var pass = Pass()
    func estimate(_ request: EstimateRequest) throws(ImmerseError) -> Pass.Ticket<EstimateResult> {
      let request = data.weighted(request, in: study)
      let knowsSteps = request.design.weights == study.weighting.last?.output && request.design.replicates == nil
      return pass.add(
        try Estimation.fit(
          request, of: dataset, calibrated: knowsSteps ? data.weights?.calibrated ?? [] : [], with: engine))
    }
    let estimateTickets = try data.requests.map { r throws(ImmerseError) in try estimate(r) }
    var unitTickets: [Pass.Ticket<EstimateResult>] = []
    for (step, framework) in zip(study.scores, frameworks) {
      unitTickets.append(try estimate(UnitEstimates.request(step, framework, study.design)))
    }
    // Models of several fits, and those that are saved, read the rows by themselves.
    let modelTickets = try data.modelSteps.map { s throws(ImmerseError) in
      try s.requests.map { request throws(ImmerseError) in
        request.isPooled || s.isPortable ? nil : pass.add(try MixedModel.grams(request, of: dataset, with: engine))
      }
    }
    let models = try pass.run(over: dataset, with: engine)

    var estimates: [Analysis] = []
    for (step, ticket) in zip(study.estimates, estimateTickets) {
      estimates.append(Analysis(step: step.step, result: StudyRun.published(try models[ticket])))
    }
    var scores: [Analysis] = []
    var results: [String: ScoreResult] = [:]
    var units: [String: (request: ScoreRequest, table: UnitEstimates)] = [:]
    for ((step, framework), ticket) in zip(zip(study.scores, frameworks), unitTickets) {
      let table = try UnitEstimates(step, framework, try models[ticket])
      let request = ScoreRequest(
        framework, unit: step.unit, period: step.period, reference: step.reference, method: step.method,
        standardErrors: table.standardErrors, analyse: step.analyse, unitWeights: step.unitWeights)
      units[step.step.name] = (request, table)
      let model = try step.apply.map { m throws(ImmerseError) in try inputs.scoreModel(m) }
      let result = try StudyRun.score(step, request, table, model, engine)
      var comparisons: [(with: String, RankComparison)] = []
      for earlier in step.compare {
        guard let other = results[earlier] else {
          throw ImmerseError(
            .badData, "\"\(earlier)\" is no earlier analysis of the study's scores", place: .init(file: name),
            variable: step.step.name, remedy: "name scores that stand before these")
        }
        comparisons.append((earlier, try RankComparison(result, other)))
      }
      results[step.step.name] = result
      scores.append(try StudyRun.analysis(step, request, result, comparisons, table, engine))
    }
    var sensitivities: [Analysis] = []
    for step in study.sensitivity {
      guard let (request, table) = units[step.score] else {
        throw ImmerseError(
          .badData, "\"\(step.score)\" is no analysis of the study's scores", place: .init(file: name),
          variable: step.step.name, remedy: "name one of \(Spelling.list(study.scores.map(\.step.name)))")
      }
      let result = try CompositeIndicators.sensitivity(
        SensitivityRequest(request, plan: step.plan, seed: step.seed), source: table.table,
        replicates: table.replicates,
        engine: engine)
      sensitivities.append(Analysis(step: step.step, result: result.analysis()))
    }
    var fits: [Analysis] = []
    for (step, tickets) in zip(data.modelSteps, modelTickets) {
      if step.isPortable {
        var fit = try step.portableFit(to: data.source, inputs, engine)
        var analysis = try StudyRun.fit(step, [try fit.model(threads: engine.threads)])
        if step.save { analysis.savedFit = fit }
        fits.append(analysis)
        continue
      }
      var own: [MixedModel] = []
      for (request, ticket) in zip(step.requests, tickets) {
        if let ticket {
          own.append(try MixedModel(try models[ticket], threads: engine.threads))
        } else {
          own.append(try MixedModel.fit(request, to: dataset, engine: engine))
        }
      }
      fits.append(try StudyRun.fit(step, own))
    }
    self.study = study
    self.estimates = estimates
    self.scores = scores
    self.sensitivities = sensitivities
    self.models = fits
    weighting = data.weights?.models.map(\.analysis) ?? []
    diagnosis = try data.weights.flatMap { made throws(ImmerseError) in
      try StudyRun.diagnosis(of: made, study.weighting, engine)
    }
    rowCount = dataset.profile.rowCount
    notes = data.notes
    source = data.source
  }

  /// The last step's weights beside those the first started at, with the balance of what the steps know of the rows.
  private static func diagnosis(
    of made: MadeWeights, _ steps: [WeightingStep], _ engine: Engine
  ) throws(ImmerseError) -> DiagnosisResult? {
    guard let last = steps.last?.output else { return nil }
    return try Diagnosis.run(
      DiagnosisRequest(weights: last, base: steps.first?.weights, variables: made.auxiliaryColumns), of: made.dataset,
      engine: engine)
  }

  private static func published(_ result: EstimateResult) -> AnalysisResult {
    var analysis = result.analysis
    analysis.rows = result.rows.map(InterimDisclosure.json)
    let withheld = result.rows.count(where: InterimDisclosure.withholds)
    if withheld > 0 { analysis.sections.removeAll { ["tests", "vcov"].contains($0.key) } }
    if withheld > 0 {
      analysis.notes.append(
        Note("withheld", "\(withheld) of \(result.rows.count) estimates are withheld. " + InterimDisclosure.statement))
    }
    return analysis
  }

  private static func score(
    _ step: ScoreStep, _ request: ScoreRequest, _ units: UnitEstimates, _ model: ScoreModel?, _ engine: Engine
  ) throws(ImmerseError) -> ScoreResult {
    if let model {
      return try CompositeIndicators.score(
        model, request, source: units.table, replicates: units.replicates, engine: engine)
    }
    if step.save { try request.requireOneModel() }
    return units.replicates.isEmpty
      ? try CompositeIndicators.score(request, source: units.table, engine: engine)
      : try CompositeIndicators.score(request, source: units.table, replicates: units.replicates, engine: engine)
  }

  private static func analysis(
    _ step: ScoreStep, _ request: ScoreRequest, _ scores: ScoreResult,
    _ comparisons: [(with: String, RankComparison)], _ units: UnitEstimates, _ engine: Engine
  ) throws(ImmerseError) -> Analysis {
    var result = try scores.analysis(request, source: units.table, engine: engine)
    result.sections += RankComparison.sections(comparisons)
    if units.withheld > 0 {
      result.notes.append(
        Note(
          "withheld",
          "\(units.withheld) estimates of small cells were left out of the scores. " + InterimDisclosure.statement))
    }
    return Analysis(step: step.step, result: result, scoreModel: step.save ? scores.model : nil)
  }

  /// A model with its comparisons and random effects.
  private static func fit(_ step: ModelStep, _ models: [MixedModel]) throws(ImmerseError) -> Analysis {
    let effects = step.randomEffects ? GroupPrediction.analysis(try models[0].groupPredictions()) : nil
    return Analysis(step: step.step, result: try MixedModel.analysis(of: models), randomEffects: effects)
  }
}
