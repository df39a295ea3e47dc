import Columnar

/// Weights to be calibrated to known totals of categories and numbers.
public struct CalibrationRequest: Sendable, Hashable, Codable {
  /// The column of weights to start from; without it every row starts at 1.
  public var weights: String?
  public var margins: [Margin]
  public var method: CalibrationMethod
  /// Lower and upper bound of g, the calibrated over the starting weight.
  public var bounds: [Double]?
  /// Lower and upper bound of the calibrated weights themselves.
  public var weightBounds: [Double]?
  /// The column whose values the margins' domains are; each is calibrated by itself.
  public var by: String?
  /// The column of clusters of which all rows are to have the same g, such as schools.
  public var cluster: String?
  /// The column the calibrated weights are written to.
  public var output: String
  /// Newton's method stops when every margin is met to this relative error.
  public var tolerance: Double
  public var iterations: Int

  public init(
    weights: String? = nil, margins: [Margin], method: CalibrationMethod = .linear, bounds: [Double]? = nil,
    weightBounds: [Double]? = nil, by: String? = nil, cluster: String? = nil, output: String = "weight",
    tolerance: Double = 1e-12,
    iterations: Int = 100
  ) {
    self.weights = weights
    self.margins = margins
    self.method = method
    self.bounds = bounds
    self.weightBounds = weightBounds
    self.by = by
    self.cluster = cluster
    self.output = output
    self.tolerance = tolerance
    self.iterations = iterations
  }

  enum CodingKeys: String, CodingKey {
    case weights, margins, method, bounds
    case weightBounds = "weight_bounds"
    case by, cluster, output, tolerance, iterations
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      weights: try container.decodeIfPresent(String.self, forKey: .weights),
      margins: try container.decode([Margin].self, forKey: .margins),
      method: try container.decodeIfPresent(CalibrationMethod.self, forKey: .method) ?? .linear,
      bounds: try container.decodeIfPresent([Double].self, forKey: .bounds),
      weightBounds: try container.decodeIfPresent([Double].self, forKey: .weightBounds),
      by: try container.decodeIfPresent(String.self, forKey: .by),
      cluster: try container.decodeIfPresent(String.self, forKey: .cluster),
      output: try container.decodeIfPresent(String.self, forKey: .output) ?? "weight",
      tolerance: try container.decodeIfPresent(Double.self, forKey: .tolerance) ?? 1e-12,
      iterations: try container.decodeIfPresent(Int.self, forKey: .iterations) ?? 100)
  }

  var function: CalibrationFunction {
    CalibrationFunction(
      method: method, lower: bounds?.first ?? (method == .raking ? 0 : -.infinity), upper: bounds?.last ?? .infinity)
  }

  /// - Throws: `usage` where the request contradicts itself, `badData` where the margins do.
  func validate() throws(ImmerseError) {
    try margins.validate(by: by)
    if let bounds {
      guard bounds.count == 2, bounds[0] < 1, bounds[1] > 1 else {
        throw ImmerseError(
          .usage, "the bounds of g have to lie on both sides of 1, the value at which every weight starts",
          remedy: "write them as 0.5,2")
      }
      guard method != .raking || bounds[0] >= 0, method != .logit || bounds[1].isFinite && bounds[0].isFinite else {
        throw ImmerseError(.usage, "these bounds are none that \(method.rawValue) calibration can have")
      }
    } else if method == .logit || (method == .truncated && weightBounds == nil) {
      throw ImmerseError(
        .usage, "\(method.rawValue) calibration needs bounds of g", remedy: "give them as --bounds 0.5,2")
    }
    if let weightBounds {
      guard weightBounds.count == 2, weightBounds[0] < weightBounds[1], weightBounds[1] > 0 else {
        throw ImmerseError(.usage, "the bounds of the weights are not a range", remedy: "write them as 20,45")
      }
      guard cluster == nil else {
        throw ImmerseError(
          .usage, "bounds of the weights cannot be met by one g for each cluster", remedy: "bound g with --bounds")
      }
      guard method != .logit else {
        throw ImmerseError(
          .usage, "logit calibration bounds g, not the weights", remedy: "use --method linear or raking")
      }
    }
  }
}
