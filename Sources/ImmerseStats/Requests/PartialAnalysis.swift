public import Columnar
import CompositeIndicators
import MultilevelModels
public import Streaming
import SurveyStatistics

/// An analysis of rows that lie in several places: each place gathers its part, and the parts are merged.
///
/// It takes several passes. The first, without a profile, learns what all parts have to agree on, such as levels and
/// provisional means. Every finished pass yields bytes that the next one is given everywhere, until one yields the result:
/// the second for most analyses, one more for each Newton step of a model.
public struct PartialAnalysis: Sendable {
  /// What a finished pass yields.
  public enum Finished: Sendable {
    /// What the next pass is given.
    case profile([UInt8])
    case outcome(AnalysisOutcome)
  }

  private let plan: PartialPlan
  /// What the passes before have learned; nil in the first.
  private let known: (profile: Profile, gathered: [[UInt8]])?
  private var part: any Part
  private let engine: Engine

  /// - Parameter profile: what the pass before has finished with; nil for the first pass.
  /// - Throws: `usage` where the request contradicts itself or cannot be carried out in parts, `badData` where the
  ///   profile's bytes are damaged.
  public init(_ request: AnalysisRequest, profile: [UInt8]?, engine: Engine = Engine()) throws(ImmerseError) {
    self.engine = engine
    plan = try PartialPlan(request)
    guard let profile else {
      known = nil
      part = PartOf(ProfileFit(columns: plan.columns))
      return
    }
    let (levels, record) = try PassRecord.reading(profile)
    known = (levels, record.gathered)
    let isFinished = try plan.outcome(levels, record, engine) != nil
    guard !isFinished, let wanted = record.wanted else {
      throw ImmerseError(.badData, "the profile is that of another request", variable: "profile")
    }
    part = wanted.part
  }

  /// Takes in more rows.
  ///
  /// - Throws: `badData` where the rows contradict the request.
  public mutating func update(_ source: any Source) throws(ImmerseError) {
    let rows = try Dataset(try plan.prepare(source), columns: plan.columns, profile: known?.profile)
    try part.update(rows, engine)
  }

  /// The part as bytes, for a `merge` elsewhere.
  public var serialized: [UInt8] { part.serialized }

  /// Takes in a part that was gathered elsewhere for the same request and profile.
  ///
  /// - Throws: `badData` where the bytes are damaged or belong to another request, profile or version.
  public mutating func merge(_ bytes: [UInt8]) throws(ImmerseError) { try part.merge(bytes) }

  /// - Throws: what the analysis throws.
  public func finish() throws(ImmerseError) -> Finished {
    guard let known else {
      let fit = ProfileFit(columns: plan.columns)
      let profile = try fit.finish(try SavedPartial.decode(part.serialized, of: fit))
      return .profile(PassRecord([]).blob(under: profile))
    }
    let record = PassRecord(known.gathered + [part.serialized])
    guard var outcome = try plan.outcome(known.profile, record, engine) else {
      return .profile(record.blob(under: known.profile))
    }
    outcome.result.provenance = Provenance.current
    return .outcome(outcome)
  }
}

/// A part whose fit is known only to itself.
private protocol Part: Sendable {
  mutating func update(_ rows: Dataset, _ engine: Engine) throws(ImmerseError)
  var serialized: [UInt8] { get }
  mutating func merge(_ bytes: [UInt8]) throws(ImmerseError)
}

extension Fit {
  fileprivate var part: any Part { PartOf(self) }
}

private struct PartOf<F: Fit>: Part {
  private let fit: F
  private var partial: F.Partial

  init(_ fit: F) {
    self.fit = fit
    partial = fit.makePartial()
  }

  mutating func update(_ rows: Dataset, _ engine: Engine) throws(ImmerseError) {
    try partial.merge(try rows.gather(fit, with: engine))
  }

  var serialized: [UInt8] { SavedPartial.encode(partial, of: fit) }

  mutating func merge(_ bytes: [UInt8]) throws(ImmerseError) {
    try partial.merge(try SavedPartial.decode(bytes, of: fit))
  }
}
