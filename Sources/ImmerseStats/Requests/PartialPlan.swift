import Columnar
import CompositeIndicators
import MultilevelModels
import Streaming
import SurveyStatistics

/// How an analysis is carried out in parts: the columns it reads, and the passes it takes over them.
struct PartialPlan: Sendable {
  let columns: [ColumnRequest]
  /// The rows with what has to be worked out of each by itself.
  private(set) var prepare: @Sendable (any Source) throws(ImmerseError) -> any Source = { $0 }
  private let run: @Sendable (Dataset, Engine) throws(ImmerseError) -> AnalysisResult

  /// - Throws: `usage` where the request contradicts itself or cannot be carried out in parts.
  init(_ request: AnalysisRequest) throws(ImmerseError) {
    switch request {
    case .estimate(let request):
      try PartialPlan.check(request)
      columns = try Estimation.columns(request)
      run = { (rows, engine) throws(ImmerseError) in try Estimation.run(request, of: rows, engine: engine).analysis }
    case .fit(let request):
      guard !request.predict, !request.save else {
        throw ImmerseError(.usage, "fitted values and saved fits are not had in parts")
      }
      let fits = request.request.comparing(with: request.compare)
      columns = (try fits.map { f throws(ImmerseError) in try MixedModel.columns(f) }).flatMap(\.self).merged
      run = { (rows, engine) throws(ImmerseError) in
        let models = try fits.map { f throws(ImmerseError) in try MixedModel.fit(f, to: rows, engine: engine) }
        return try request.outcome(of: models, nil, engine).result
      }
    case .rake, .poststratify, .calibrateWeights:
      guard let request = request.weighting else { throw PartialPlan.indivisible }
      columns = try Weighting.columns(request)
      run = { (rows, engine) throws(ImmerseError) in try Weighting.run(request, of: rows, engine: engine).analysis }
    case .diagnose(let request):
      columns = Diagnosis.columns(request)
      run = { (rows, engine) throws(ImmerseError) in try Diagnosis.run(request, of: rows, engine: engine).analysis }
    case .scale(let request):
      let score = try ResponseScore(request.scale)
      columns = ScaleSummary.columns(request)
      prepare = { (source) throws(ImmerseError) in try source.applying(score) }
      run = { (rows, engine) throws(ImmerseError) in try ScaleSummary(request, of: rows, engine: engine).analysis }
    case .calibrate(let request):
      columns = request.columns
      run = { (rows, engine) throws(ImmerseError) in try request.run(of: rows, engine: engine).analysis }
    default: throw PartialPlan.indivisible
    }
  }

  /// The result, or nil where one more pass is needed, whose fit the record then holds.
  ///
  /// - Throws: what the analysis throws.
  func outcome(
    _ profile: Profile, _ record: PassRecord, _ engine: Engine
  ) throws(ImmerseError) -> AnalysisOutcome? {
    do throws(ImmerseError) {
      return AnalysisOutcome(result: try run(Dataset(profile, record: record), engine))
    } catch {
      if record.wanted == nil { throw error }
      return nil
    }
  }

  private static func check(_ request: EstimateRequest) throws(ImmerseError) {
    let design = request.design
    guard ![.quantile, .ranktest].contains(request.kind) else {
      throw ImmerseError(
        .usage, "a \(request.kind.rawValue) keeps every value, so it is not had in parts",
        remedy: "bring the rows together")
    }
    guard !design.weighsByFPC else {
      throw ImmerseError(
        .usage, "weights that follow from population sizes cannot be worked out in parts",
        remedy: "name a column of weights in the design")
    }
    let given = try Estimation.unprofiled(request)
    let numbersRows = design.pps != nil || design.replicates != nil && given.isEmpty
    guard !numbersRows || !design.psu.isEmpty else {
      throw ImmerseError(
        .usage, "this design numbers its rows, as no sampling units are named, so it is not had in parts",
        remedy: "name the sampling units, or columns of replicates")
    }
  }

  private static var indivisible: ImmerseError {
    ImmerseError(
      .usage, "scores of units, and weights in several steps, are not computed in parts",
      remedy: "bring the rows together")
  }
}
