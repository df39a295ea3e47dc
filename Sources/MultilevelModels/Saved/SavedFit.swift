public import Columnar
import ModelFormula
public import Streaming

/// A fitted model with the cross-products it was fitted to, small enough to keep and to send: it can be finished again,
/// take in new rows and new groups, and merge with what was gathered from other rows, without the rows it has seen.
///
/// ```swift
/// var saved = try SavedFit(FitRequest("math ~ escs + (1 | school)"), of: table)
/// let model = try saved.model(threads: 2)
/// let bytes = saved.bytes
/// ```
///
/// What it holds of each lowest group are sums over its rows; where a group has no more rows than the model has columns
/// they can tell its rows. Terms whose columns depend on all rows, as `poly` and `cwc` do, are refused.
public struct SavedFit: Sendable {
  public var request: FitRequest
  /// What all rows agreed on; scales stay those of the first.
  var profile: Profile
  var fit: GramFit
  var partial: GramPartial
  /// Where the last search ended, in fitted coordinates.
  var theta: [Double]?

  /// Rows taken in so far.
  public var rowCount: Int { partial.rowCounts.reduce(0, +) }

  /// Gathers the rows of a source.
  ///
  /// - Throws: what `MixedModel.fit` throws before its search.
  public init(_ request: FitRequest, of source: any Source, engine: Engine = Engine()) throws(ImmerseError) {
    let plan = try ModelPlan(request)
    let dataset = try Dataset(source, columns: try plan.columns, engine: engine)
    try self.init(plan, profile: dataset.profile)
    partial = try dataset.gather(fit, with: engine)
  }

  /// No rows yet.
  init(_ plan: ModelPlan, profile: Profile) throws(ImmerseError) {
    if let term = plan.formula.termsOfAllRows.first {
      throw ImmerseError(
        .usage, "the columns of \(term) depend on all rows, so its fit cannot be saved, resumed or merged",
        remedy: "compute the column beforehand, or use I( )")
    }
    guard !plan.request.isPooled else {
      throw ImmerseError(
        .usage, "a fit with replicate weights or plausible values cannot be saved", remedy: "save the fit of each")
    }
    request = plan.request
    self.profile = profile
    fit = try GramFit(plan, profile: profile)
    partial = fit.makePartial()
  }

  /// Finds the optimum, from where the last search ended.
  ///
  /// - Throws: what `MixedModel.init` throws.
  public mutating func model(threads: Int) throws(ImmerseError) -> MixedModel {
    let model = try MixedModel(try fit.finish(partial), threads: threads, cancellation: nil, from: theta)
    theta = model.fittedTheta
    return model
  }

  /// Takes in more rows; groups may be new, the levels of predictors may not.
  ///
  /// - Throws: `badData` where a predictor has a new level, or a row contradicts the request.
  public mutating func add(_ source: any Source, engine: Engine = Engine()) throws(ImmerseError) {
    let columns = try fit.plan.columns
    let seen = try Dataset(source, columns: columns, engine: engine).profile
    var part = try self.extended(to: seen)
    let rows = try Dataset(source, columns: columns, profile: part.profile)
    part.partial = try rows.gather(part.fit, with: engine)
    try merge(part)
  }

  /// Takes in what was gathered from other rows for the same request.
  ///
  /// - Throws: `badData` where requests or the levels of predictors differ, or a group's weights do.
  public mutating func merge(_ other: SavedFit) throws(ImmerseError) {
    guard other.gathered == gathered else {
      throw ImmerseError(
        .badData, "the saved fits belong to different requests",
        remedy: "merge fits of one formula and one set of weights")
    }
    var whole = try extended(to: other.profile)
    guard whole.fit.frame.columns.map(\.name) == other.fit.frame.columns.map(\.name) else {
      throw .differingLevels
    }
    whole.partial = partial.recoded(for: whole.fit)
    try whole.partial.merge(other.partial.rescaled(from: other.fit, for: whole.fit).recoded(for: whole.fit))
    self = whole
  }

  /// What the cross-products depend on: not how estimates are judged.
  private var gathered: FitRequest {
    var own = request
    own.inference = InferenceOptions(
      psu: request.inference.psu, strata: request.inference.strata, fpc: request.inference.fpc)
    own.level = 0.95
    return own
  }

  /// This fit, without its rows, for groups of another profile too.
  private func extended(to other: Profile) throws(ImmerseError) -> SavedFit {
    var extended = try SavedFit(fit.plan, profile: profile.extended(by: other))
    guard extended.fit.frame.columns.map(\.name) == fit.frame.columns.map(\.name) else { throw .differingLevels }
    extended.theta = theta
    return extended
  }
}

extension ImmerseError {
  fileprivate static let differingLevels = ImmerseError(
    .badData, "the levels of a predictor are not the same in all parts, so its columns differ",
    remedy: "fit the parts together, or list the levels they share with factor(x, levels = c(...))")
}
