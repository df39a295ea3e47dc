public import Columnar
public import Streaming

/// Weights that reproduce known totals of several variables.
public enum Weighting {
  /// The columns a step needs.
  ///
  /// - Throws: `usage` or `badData` where request and margins contradict themselves.
  public static func columns(_ request: WeightingRequest) throws(ImmerseError) -> [ColumnRequest] {
    try request.validate()
    return CellsPlan.columns(
      weights: request.weights, classifiers: request.classifiers, numbers: request.numbers)
  }

  /// The fit that makes the weights, for a pass shared with others.
  ///
  /// - Throws: `usage` or `badData` where request and margins contradict themselves.
  public static func fit(
    _ request: WeightingRequest, of dataset: Dataset
  ) throws(ImmerseError) -> some Fit<CalibrationModel> { try cells(request, of: dataset) }

  static func cells(
    _ request: WeightingRequest, of dataset: Dataset
  ) throws(ImmerseError) -> CellsFit<CalibrationModel> {
    try request.validate()
    var (iterates, boundsWeights) = (false, false)
    if case .calibrate(let calibration) = request {
      iterates = (!calibration.function.isLinear || calibration.boundsRows) && calibration.cluster == nil
      boundsWeights = calibration.weightBounds != nil
    }
    let plan = try CellsPlan(
      weights: request.weights, classifiers: request.classifiers, numbers: request.numbers,
      collectsPatterns: iterates, separatesWeights: boundsWeights, dataset.profile)
    return CellsFit(plan: plan, purpose: "\(request)") { (cells) throws(ImmerseError) in
      switch request {
      case .rake(let rake), .poststratify(let rake): try Raking(rake, name: request.name, cells).model()
      case .calibrate(let calibration): try Calibration(calibration, name: request.name, cells).model()
      }
    }
  }

  /// Makes the weights of a source.
  ///
  /// - Throws: `badData` where the margins contradict the data, each other, or cannot all be met; the message then names
  ///   the nearest totals that can.
  /// - Complexity: One pass over the rows, and a second for the range of g where numbers are calibrated. Iterations run on the cells of the cross-classification, or on the distinct
  ///   combinations of cell and numbers; linear calibration needs one solve.
  public static func run(
    _ request: WeightingRequest, on source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> CalibrationModel {
    try run(request, of: try Dataset(source, columns: try columns(request), engine: engine), engine: engine)
  }

  /// Makes the weights of a dataset that holds at least the request's columns.
  ///
  /// - Throws: as for a source.
  public static func run(
    _ request: WeightingRequest, of dataset: Dataset, engine: Engine
  ) throws(ImmerseError) -> CalibrationModel {
    try withFactorRange(try dataset.fit(try fit(request, of: dataset), with: engine), of: dataset, with: engine)
  }

  /// The model with the range of its g, which a pass of its own finds where cells do not tell.
  static func withFactorRange(
    _ model: CalibrationModel, of dataset: Dataset, with engine: Engine
  ) throws(ImmerseError) -> CalibrationModel {
    guard model.summary.smallestFactor == nil else { return model }
    var model = model
    let range = try dataset.fit(FactorRange(model: model), with: engine)
    model.summary.smallestFactor = range?.lowerBound
    model.summary.largestFactor = range?.upperBound
    return model
  }

  /// Rakes the weights of a source.
  public static func rake(
    _ request: RakeRequest, on source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> CalibrationModel {
    try run(.rake(request), on: source, engine: engine)
  }

  /// The columns raking needs.
  public static func columns(_ request: RakeRequest) throws(ImmerseError) -> [ColumnRequest] {
    try columns(.rake(request))
  }

  /// The fit that rakes, for a pass shared with others.
  public static func fit(
    _ request: RakeRequest, of dataset: Dataset
  ) throws(ImmerseError) -> some Fit<CalibrationModel> {
    try fit(.rake(request), of: dataset)
  }
}
