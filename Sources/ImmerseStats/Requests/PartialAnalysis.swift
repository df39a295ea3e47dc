public import Columnar
import MultilevelModels
public import Streaming
import SurveyStatistics

/// An analysis of rows that lie in several places: each place gathers its part, and the parts are merged.
///
/// It takes two passes. The first, without a profile, learns what all parts have to agree on, such as levels and
/// provisional means; its finished profile is what the second pass is given everywhere.
public struct PartialAnalysis: Sendable {
  /// What a finished pass yields.
  public enum Finished: Sendable {
    case profile([UInt8])
    case outcome(AnalysisOutcome)
  }

  private var part: any Part
  private let engine: Engine

  /// - Parameter profile: what the first pass has finished with; nil for the first pass.
  /// - Throws: `usage` where the request contradicts itself or cannot be carried out in parts, `badData` where the
  ///   profile's bytes are damaged.
  public init(_ request: AnalysisRequest, profile: [UInt8]?, engine: Engine = Engine()) throws(ImmerseError) {
    self.engine = engine
    let columns = try PartialAnalysis.columns(request)
    guard let profile else {
      part = PartOf(ProfileFit(columns: columns), columns: columns, profile: nil, report: { .profile($0.blob) })
      return
    }
    let known = try Profile(blob: profile)
    let dataset = Dataset(withoutRows: known)
    switch request {
    case .estimate(let request):
      part = PartialAnalysis.estimates(
        try Estimation.fit(request, of: dataset, with: engine), columns: columns, profile: known)
    case .fit(let request):
      part = PartOf(
        try MixedModel.grams(try request.plain, of: dataset), columns: columns, profile: known,
        report: { (grams) throws(ImmerseError) in
          .outcome(try request.outcome(of: [try MixedModel(grams, threads: engine.threads)], nil, engine))
        })
    case .rake, .poststratify, .calibrateWeights:
      guard let request = request.weighting else { throw PartialAnalysis.indivisible }
      part = PartOf(
        try Weighting.fit(request, of: dataset), columns: columns, profile: known,
        report: { .outcome(AnalysisOutcome(result: $0.analysis)) })
    default: throw PartialAnalysis.indivisible
    }
  }

  private static func estimates(
    _ fit: some Fit<EstimateResult>, columns: [ColumnRequest], profile: Profile
  ) -> any Part {
    PartOf(
      fit, columns: columns, profile: profile, report: { .outcome(AnalysisOutcome(result: $0.analysis)) })
  }

  private static func columns(_ request: AnalysisRequest) throws(ImmerseError) -> [ColumnRequest] {
    switch request {
    case .estimate(let request):
      guard ![.glm, .ttest, .ranktest, .chisq, .quantile, .segregation].contains(request.kind) else {
        throw ImmerseError(
          .usage, "a \(request.kind.rawValue) looks at the rows more than twice, so it is not had in parts",
          remedy: "bring the rows together")
      }
      guard !request.design.weighsByFPC else {
        throw ImmerseError(
          .usage, "weights that follow from population sizes cannot be worked out in parts",
          remedy: "name a column of weights in the design")
      }
      return try Estimation.columns(request)
    case .fit(let request): return try MixedModel.columns(try request.plain)
    case .rake, .poststratify, .calibrateWeights:
      guard let request = request.weighting else { throw indivisible }
      return try Weighting.columns(request)
    default: throw indivisible
    }
  }

  private static var indivisible: ImmerseError {
    ImmerseError(
      .usage, "scores, and weights in several steps, are not computed in parts", remedy: "bring the rows together")
  }

  /// Takes in more rows.
  ///
  /// - Throws: `badData` where the rows contradict the request.
  public mutating func update(_ source: any Source) throws(ImmerseError) { try part.update(source, engine) }

  /// The part as bytes, for a `merge` elsewhere.
  public var serialized: [UInt8] { part.serialized }

  /// Takes in a part that was gathered elsewhere for the same request and profile.
  ///
  /// - Throws: `badData` where the bytes are damaged or belong to another request, profile or version.
  public mutating func merge(_ bytes: [UInt8]) throws(ImmerseError) { try part.merge(bytes) }

  /// - Throws: what the analysis throws.
  public func finish() throws(ImmerseError) -> Finished {
    var finished = try part.finish()
    if case .outcome(var outcome) = finished {
      outcome.result.provenance = Provenance.current
      finished = .outcome(outcome)
    }
    return finished
  }
}

extension ModelRequest {
  /// The fit alone.
  ///
  /// - Throws: `usage` where what is wanted beside it needs the rows once more.
  fileprivate var plain: FitRequest {
    get throws(ImmerseError) {
      guard compare.isEmpty, !predict, !save else {
        throw ImmerseError(.usage, "comparisons, fitted values and saved fits are not had in parts")
      }
      return request
    }
  }
}

/// A part whose fit is known only to itself.
private protocol Part: Sendable {
  mutating func update(_ source: any Source, _ engine: Engine) throws(ImmerseError)
  var serialized: [UInt8] { get }
  mutating func merge(_ bytes: [UInt8]) throws(ImmerseError)
  func finish() throws(ImmerseError) -> PartialAnalysis.Finished
}

private struct PartOf<F: Fit>: Part {
  private let fit: F
  private var partial: F.Partial
  private let columns: [ColumnRequest]
  private let profile: Profile?
  private let report: @Sendable (F.Model) throws(ImmerseError) -> PartialAnalysis.Finished

  init(
    _ fit: F, columns: [ColumnRequest], profile: Profile?,
    report: @escaping @Sendable (F.Model) throws(ImmerseError) -> PartialAnalysis.Finished
  ) {
    self.fit = fit
    partial = fit.makePartial()
    self.columns = columns
    self.profile = profile
    self.report = report
  }

  mutating func update(_ source: any Source, _ engine: Engine) throws(ImmerseError) {
    let rows = try Dataset(source, columns: columns, profile: profile)
    try partial.merge(try rows.gather(fit, with: engine))
  }

  var serialized: [UInt8] { SavedPartial.encode(partial, of: fit) }

  mutating func merge(_ bytes: [UInt8]) throws(ImmerseError) {
    try partial.merge(try SavedPartial.decode(bytes, of: fit))
  }

  func finish() throws(ImmerseError) -> PartialAnalysis.Finished { try report(try fit.finish(partial)) }
}
