import Columnar
public import SurveyStatistics

/// How the design's weights are made from the base weights.
public struct WeightingStep: Sendable, Decodable {
  /// rake, poststratify or calibrate.
  public enum Step: String, Sendable, Decodable {
    case rake, poststratify, calibrate
  }

  public var step: Step
  /// The column of base weights; without it every row starts at 1.
  public var weights: String?
  /// A file of population totals.
  public var margins: String
  /// The column that holds the margins' domains.
  public var by: String?
  /// The distance of `calibrate`, and its bounds of g and of the weights.
  public var method: CalibrationMethod
  public var bounds: [Double]?
  public var weightBounds: [Double]?
  /// The column of clusters that share a g.
  public var cluster: String?
  /// The column the weights are written to; the design names it.
  public var output: String
  /// The columns that identify a row in the file of weights.
  public var identify: [String]

  enum CodingKeys: String, CodingKey {
    case step, weights, margins, by, method, bounds
    case weightBounds = "weight_bounds"
    case cluster, output, identify
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    step = try container.decodeIfPresent(Step.self, forKey: .step) ?? .rake
    weights = try container.decodeIfPresent(String.self, forKey: .weights)
    margins = try container.decode(String.self, forKey: .margins)
    by = try container.decodeIfPresent(String.self, forKey: .by)
    method = try container.decodeIfPresent(CalibrationMethod.self, forKey: .method) ?? .linear
    bounds = try container.decodeIfPresent([Double].self, forKey: .bounds)
    weightBounds = try container.decodeIfPresent([Double].self, forKey: .weightBounds)
    cluster = try container.decodeIfPresent(String.self, forKey: .cluster)
    output = try container.decode(String.self, forKey: .output)
    identify = try container.decodeIfPresent([String].self, forKey: .identify) ?? []
  }

  func request(_ margins: [Margin]) -> WeightingRequest {
    let rake = RakeRequest(weights: weights, margins: margins, by: by, output: output)
    switch step {
    case .rake: return .rake(rake)
    case .poststratify: return .poststratify(rake)
    case .calibrate:
      return .calibrate(
        CalibrationRequest(
          weights: weights, margins: margins, method: method, bounds: bounds, weightBounds: weightBounds, by: by,
          cluster: cluster,
          output: output))
    }
  }
}
