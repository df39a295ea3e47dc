import Columnar
import CompositeIndicators
import DataShaping
import Expressions
import MultilevelModels
import Streaming
import SurveyStatistics

/// A study's rows, read once: joined, derived, with frozen levels and, where the study asks for it, calibrated weights.
struct StudyData {
  let source: any Source
  let dataset: Dataset
  /// What the steps made of the weights; nil where they are in the data.
  let weights: MadeWeights?
  /// Its models, presets carried out.
  let modelSteps: [ModelStep]
  /// The study's estimates, presets carried out.
  let requests: [EstimateRequest]
  /// What did not match between the rows and the joined tables.
  let notes: [Note]

  /// Two passes: the first reads the files, the second, over memory, makes the weights and checks the joins.
  init(_ study: Study, _ frameworks: [Framework], _ inputs: any StudyInputs, _ engine: Engine) throws(ImmerseError) {
    let codebook = try study.codebook.map { c throws(ImmerseError) in try inputs.codebook(c).metadata }
    let opened = try inputs.rows(
      study.data, dialect: study.dialect, codebook: codebook ?? [:], labels: study.valueLabels)
    let long = try study.reshape.map { r throws(ImmerseError) in try LongSource(opened, r, engine: engine) }
    let rows: any Source = long ?? opened
    let tables = try inputs.tables(study.join, to: rows, engine: engine)
    var source = try rows.joining(tables).deriving(study.derive)
    for scale in study.scales {
      source = try source.applying(try ResponseScore(try inputs.requiredDocument(ResponseScale.self, scale)))
    }
    for scale in StudyData.scales(frameworks) { source = try source.applying(scale) }
    let steps = try StudyData.steps(study, inputs)
    var columns = tables.flatMap(\.inputs)
    if let steps { columns += try steps.columns(of: source) + Estimation.columns(of: study.design) }
    let requests = try study.estimates.map { s throws(ImmerseError) in try s.request(of: study, source) }
    self.requests = requests
    for request in requests { columns += try Estimation.columns(request) }
    for (step, framework) in zip(study.scores, frameworks) {
      columns += try Estimation.columns(UnitEstimates.request(step, framework, study.design))
    }
    modelSteps = try study.models.map { s throws(ImmerseError) in try s.carryingOutPreset(of: source) }
    for step in modelSteps { columns += try MixedModel.columns(step.request) }
    let made = Set(study.weighting.map(\.output))
    columns.removeAll { made.contains($0.name) }
    var unprofiled: Set<String> = []
    for request in requests { unprofiled.formUnion(try Estimation.unprofiled(request)) }
    let profiled = try Dataset(source, columns: columns, unprofiled: unprofiled, engine: engine)

    var pass = Pass()
    let checks = tables.map { pass.add(JoinCheck($0)) }
    let models = try pass.run(over: profiled, with: engine)
    var notes = InputNotes.contradictions(in: opened) + (long.map(InputNotes.contradictions) ?? [])
    if profiled.profile.droppedRowCount > 0 {
      notes.append(
        Note(
          "dropped_rows",
          "\(profiled.profile.droppedRowCount) of \(profiled.rowCount) rows had no value of the reshaped variables and were "
            + "left out"))
    }
    for (table, check) in zip(tables, checks) { notes += table.notes(try models[check]) }
    let weights = try steps.map { s throws(ImmerseError) in
      try s.run(on: source, profiled, under: study.design, engine: engine)
    }
    self.notes = notes + (weights?.notes ?? [])
    self.weights = weights
    dataset = weights?.dataset ?? profiled
    self.source = weights?.source ?? source
  }

  /// The request under the design that knows of the steps.
  func weighted(_ request: EstimateRequest, in study: Study) -> EstimateRequest {
    var request = request
    if let design = weights?.design, request.design == study.design { request.design = design }
    return request
  }

  private static func steps(_ study: Study, _ inputs: any StudyInputs) throws(ImmerseError) -> WeightSteps? {
    var steps: [WeightStep] = []
    for step in study.weighting {
      let margins = try step.margins.map { m throws(ImmerseError) in try inputs.margins(m) }
      let covariance = try step.covariance.map { c throws(ImmerseError) in try inputs.squareTable(c) }
      steps.append(try step.step(after: steps.last?.output, margins ?? [], covariance: covariance ?? []))
    }
    return steps.isEmpty ? nil : WeightSteps(steps)
  }

  /// The scale scores of all frameworks, each once.
  private static func scales(_ frameworks: [Framework]) -> [ScaleScore] {
    var scales: [ScaleScore] = []
    for scale in frameworks.flatMap(\.scaleScores) where !scales.contains(where: { $0.name == scale.name }) {
      scales.append(scale)
    }
    return scales
  }
}
