public import Columnar
import ModelFormula
public import Streaming

/// A Gaussian mixed model of nested groups, with sampling weights at every level, or of crossed groups.
///
/// ```swift
/// let request = FitRequest("math ~ escs + migrant + (1 + migrant | school) + (1 | region)")
/// let model = try MixedModel.fit(request, to: table)
/// for row in model.result.rows { print(row.term, row.estimate, row.standardError) }
/// ```
///
/// Rows are read once into cross-products by lowest group; everything after costs in proportion to the number of groups.
/// Nesting is read from the data: schools that each lie in one region are nested in regions, pupils who change schools
/// cross with them. Rows with a missing value
/// in any variable of the model, or a weight of zero, are left out and counted.
public struct MixedModel: Sendable {
  public let request: FitRequest
  public let result: MixedModelResult
  let fitted: Fitted

  enum Fitted: Sendable {
    case nested(LinearMixedModel, Optimum)
    case crossed(CrossedModel, OptimumOf<CrossedEvaluation>)
  }

  /// The columns a request needs of its data.
  ///
  /// - Throws: `usage` where the request contradicts itself.
  public static func columns(_ request: FitRequest) throws(ImmerseError) -> [ColumnRequest] {
    try ModelPlan(request).columns
  }

  /// Fits the model to a source in one call.
  ///
  /// - Throws: `usage` where the request contradicts itself; `badData` where the data contradict it: a factor has one group, the response does not vary, a group's weight differs between its rows.
  /// - Complexity: One reading of the columns for their profile and one for the cross-products, O(rows · columns²),
  ///   and some 20 evaluations of O(groups · effects · columns²).
  public static func fit(
    _ request: FitRequest, to source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> MixedModel {
    try fit(request, to: try Dataset(source, columns: try columns(request), engine: engine), engine: engine)
  }

  /// Fits the model to a dataset that holds at least its columns.
  public static func fit(
    _ request: FitRequest, to dataset: Dataset, engine: Engine
  ) throws(ImmerseError) -> MixedModel {
    let plan = try ModelPlan(request)
    if request.isPooled { return try pooled(plan, dataset, engine) }
    return try MixedModel(
      try dataset.fit(try grams(request, of: dataset, with: engine), with: engine), threads: engine.threads,
      cancellation: engine.cancellation)
  }

  /// The fit that reads the rows, for a pass shared with others; its model is what `init(_:threads:)` takes.
  ///
  /// Where terms depend on all rows, as means to centre at do, the rows are read here once.
  ///
  /// - Throws: `usage` where the request contradicts itself, `badData` where the dataset's columns contradict it.
  public static func grams(
    _ request: FitRequest, of dataset: Dataset, with engine: Engine = Engine()
  ) throws(ImmerseError) -> some Fit<ModelGrams> {
    guard !request.isPooled else {
      throw ImmerseError(
        .usage, "a model with replicate weights or plausible values takes several fits",
        remedy: "fit it by itself, from all its rows")
    }
    return try gramFit(try ModelPlan(request), of: dataset, with: engine)
  }

  static func gramFit(
    _ plan: ModelPlan, of dataset: Dataset, with engine: Engine
  ) throws(ImmerseError) -> GramFit {
    let statistics = try TermStatistics.fit(
      plan.formula, furtherNumbers: plan.request.weights, furtherGroups: plan.furtherGroups, profile: dataset.profile)
    if let term = plan.formula.termsOfAllRows.first, dataset.rowCount == 0, dataset.profile.rowCount > 0 {
      throw ImmerseError(
        .usage, "the columns of \(term) depend on all rows, so the model cannot be fitted in parts",
        remedy: "compute the column beforehand")
    }
    return try GramFit(
      plan, profile: dataset.profile,
      statistics: try statistics.map { fit throws(ImmerseError) in try dataset.fit(fit, with: engine) }
        ?? TermStatistics())
  }

  init(request: FitRequest, result: MixedModelResult, fitted: Fitted) {
    self.request = request
    self.result = result
    self.fitted = fitted
  }

  /// Finds the optimum from the cross-products of the rows, which are not needed any more.
  ///
  /// - Throws: `badData` where the groups or the response do not allow the model, `failure` where it cannot be solved,
  ///   `cancelled`.
  public init(_ grams: ModelGrams, threads: Int, cancellation: Cancellation? = nil) throws(ImmerseError) {
    try self.init(grams, threads: threads, cancellation: cancellation, from: nil)
  }

  /// - Parameter theta: where the search begins, in fitted coordinates.
  init(
    _ grams: ModelGrams, threads: Int, cancellation: Cancellation?, from theta: [Double]?
  ) throws(ImmerseError) {
    switch grams.structure {
    case .nested(let grams):
      let model = try LinearMixedModel(grams, threads: threads)
      let optimum = try model.optimum(from: theta, cancellation: cancellation)
      request = grams.plan.request
      result = try MixedModelResult(model, optimum)
      fitted = .nested(model, optimum)
    case .crossed(let grams):
      let model = try CrossedModel(grams, threads: threads)
      let optimum = try model.optimum(from: theta, cancellation: cancellation)
      request = grams.plan.request
      result = try MixedModelResult(model, optimum)
      fitted = .crossed(model, optimum)
    }
  }

  /// Where the search ended, in fitted coordinates.
  var fittedTheta: [Double] {
    switch fitted {
    case .nested(_, let optimum): optimum.theta
    case .crossed(_, let optimum): optimum.theta
    }
  }

  /// Predictions of the random effects of every group, for each factor from the lowest up.
  public func conditionalModes() throws(ImmerseError) -> [ConditionalModes] {
    switch fitted {
    case .nested(let model, let optimum): try model.conditionalModes(optimum)
    case .crossed(let model, let optimum): try model.conditionalModes(optimum)
    }
  }

  /// The criterion at θ as lme4 prints it (`convergence.theta`), for profiles and checks.
  ///
  /// - Throws: `usage` where θ has another length than the model's, `failure` where the equations cannot be solved.
  public func criterion(at theta: [Double]) throws(ImmerseError) -> Double {
    let count = result.convergence.theta.count
    guard theta.count == count else {
      throw ImmerseError(.usage, "theta has \(theta.count) elements where the model has \(count)")
    }
    switch fitted {
    case .nested(let model, _): return try model.evaluate(theta, .raw).criterion
    case .crossed(let model, _): return try model.evaluate(theta, .raw).profile.criterion
    }
  }
}
