public import Columnar
import CompositeIndicators
public import Streaming
import SurveyStatistics

extension StudyRun {
  /// The columns of the weights that were made, after those that identify a row; empty where the data held the weights.
  public var weightColumns: [String] {
    let steps = study.weighting
    guard let first = steps.first else { return [] }
    return steps.flatMap(\.identify) + (first.weights.map { [$0] } ?? []) + steps.map(\.output)
  }

  /// All results as one, with a row for each analysis and its result under its name; the weights are added columns.
  ///
  /// - Throws: what reading the rows throws; `failure` where a model of scores holds a number that JSON cannot.
  public func outcome(engine: Engine) throws(ImmerseError) -> AnalysisOutcome {
    var sections: [JSONValue.Member] = [
      .init("title", .string(study.title)), .init("n", .integer(rowCount)),
      .init("results", .object(analyses.map { .init($0.step.name, $0.result.json) })),
    ]
    let effects = analyses.compactMap { a in a.randomEffects.map { JSONValue.Member(a.step.name, .array($0.rows)) } }
    if !effects.isEmpty { sections.append(.init("random_effects", .object(effects))) }
    var models: [JSONValue.Member] = []
    for analysis in analyses {
      if let model = analysis.scoreModel { models.append(.init(analysis.step.name, try StudyRun.json(of: model))) }
    }
    if !models.isEmpty { sections.append(.init("score_models", .object(models))) }
    let fits = analyses.compactMap { a in
      a.savedFit.map { JSONValue.Member(a.step.name, .string(Base64.text(of: $0.bytes))) }
    }
    if !fits.isEmpty { sections.append(.init("saved", .object(fits))) }
    if !weighting.isEmpty { sections.append(.init("weighting", .array(weighting.map(\.json)))) }
    var outcome = AnalysisOutcome(
      result: AnalysisResult(
        "study",
        rows: analyses.map { analysis in
          [
            "name": .string(analysis.step.name), "title": .string(analysis.step.title),
            "analysis": .string(analysis.result.analysis), "rows": .integer(analysis.result.rows.count),
          ]
        }, sections: sections, notes: notes, provenance: Provenance.current,
        hasConverged: analyses.allSatisfy(\.result.hasConverged)))
    let columns = weightColumns
    let types = try source.types(of: columns)
    try outcome.keep(columns.map { Field($0, types[$0] ?? .float64) }, of: source, engine: engine)
    return outcome
  }

  private static func json(of model: ScoreModel) throws(ImmerseError) -> JSONValue {
    do { return try JSONValue(encoding: SavedScoreModel(model)) } catch {
      throw ImmerseError(.failure, "the model holds a number that cannot be written")
    }
  }
}
