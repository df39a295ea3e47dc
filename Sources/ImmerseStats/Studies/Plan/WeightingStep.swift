import Columnar
public import SurveyStatistics

/// How the design's weights are made from the base weights, or one of several steps by which they are.
public struct WeightingStep: Sendable, Decodable {
  public enum Step: String, Sendable, Decodable {
    case rake, poststratify, calibrate, nonresponse, trim
  }

  public var step: Step
  /// The column of weights it starts at: by default that of the step before, and in the first step 1 in every row.
  public var weights: String?
  /// A file of population totals; `nonresponse` has none, and `trim` only where totals are to be kept.
  public var margins: String?
  /// The column that holds the margins' domains.
  public var by: String?
  /// The distance of `calibrate`, and its bounds of g and of the weights.
  public var method: CalibrationMethod
  public var bounds: [Double]?
  public var weightBounds: [Double]?
  /// The columns of the bounds of each row's own g.
  public var unitBounds: [String]
  /// Of `calibrate`: the cost of missing margins without a cost of their own.
  public var cost: Double?
  /// Of `calibrate`: a file of the covariance of estimated totals.
  public var covariance: String?
  /// The column of clusters that share a g.
  public var cluster: String?
  /// Of `nonresponse`: the column that is 1 for respondents, and classes or covariates.
  public var respondents: String?
  public var classes: [String]
  public var covariates: [String]
  public var propensityClasses: Int?
  /// Of `trim`.
  public var lower: Double?
  public var upper: Double?
  public var strict: Bool
  /// The column the weights are written to; the design names that of the last step.
  public var output: String
  /// The columns that identify a row in the file of weights.
  public var identify: [String]

  enum CodingKeys: String, CodingKey {
    case step, weights, margins, by, method, bounds
    case weightBounds = "weight_bounds"
    case unitBounds = "unit_bounds"
    case cost, covariance, cluster, respondents, classes, covariates
    case propensityClasses = "propensity_classes"
    case lower, upper, strict, output, identify
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    step = try container.decodeIfPresent(Step.self, forKey: .step) ?? .rake
    weights = try container.decodeIfPresent(String.self, forKey: .weights)
    margins = try container.decodeIfPresent(String.self, forKey: .margins)
    by = try container.decodeIfPresent(String.self, forKey: .by)
    method = try container.decodeIfPresent(CalibrationMethod.self, forKey: .method) ?? .linear
    bounds = try container.decodeIfPresent([Double].self, forKey: .bounds)
    weightBounds = try container.decodeIfPresent([Double].self, forKey: .weightBounds)
    unitBounds = try container.decodeIfPresent([String].self, forKey: .unitBounds) ?? []
    cost = try container.decodeIfPresent(Double.self, forKey: .cost)
    covariance = try container.decodeIfPresent(String.self, forKey: .covariance)
    cluster = try container.decodeIfPresent(String.self, forKey: .cluster)
    respondents = try container.decodeIfPresent(String.self, forKey: .respondents)
    classes = try container.decodeIfPresent([String].self, forKey: .classes) ?? []
    covariates = try container.decodeIfPresent([String].self, forKey: .covariates) ?? []
    propensityClasses = try container.decodeIfPresent(Int.self, forKey: .propensityClasses)
    lower = try container.decodeIfPresent(Double.self, forKey: .lower)
    upper = try container.decodeIfPresent(Double.self, forKey: .upper)
    strict = try container.decodeIfPresent(Bool.self, forKey: .strict) ?? false
    output = try container.decode(String.self, forKey: .output)
    identify = try container.decodeIfPresent([String].self, forKey: .identify) ?? []
    let needed: CodingKeys? =
      switch step {
      case .rake, .poststratify, .calibrate: margins == nil ? .margins : nil
      case .nonresponse: respondents == nil ? .respondents : nil
      case .trim: lower == nil && upper == nil ? .upper : nil
      }
    if let needed {
      throw DecodingError.keyNotFound(
        needed,
        .init(
          codingPath: decoder.codingPath, debugDescription: "\(step.rawValue) needs the key \"\(needed.rawValue)\""))
    }
  }

  /// - Parameter earlier: the column of weights of the step before.
  func step(after earlier: String?, _ margins: [Margin], covariance: [[Double]]) throws(ImmerseError) -> WeightStep {
    let weights = weights ?? earlier
    let rake = RakeRequest(weights: weights, margins: margins, by: by, output: output)
    switch step {
    case .rake: return .totals(.rake(rake))
    case .poststratify: return .totals(.poststratify(rake))
    case .calibrate:
      return .totals(
        .calibrate(
          CalibrationRequest(
            weights: weights, margins: margins, method: method, bounds: bounds, weightBounds: weightBounds,
            unitBounds: unitBounds, cost: cost, covariance: covariance, by: by, cluster: cluster, output: output)))
    case .nonresponse:
      return .nonresponse(
        NonresponseRequest(
          weights: weights, respondents: respondents ?? "", classes: classes, covariates: covariates,
          propensityClasses: propensityClasses, output: output))
    case .trim:
      guard let weights else {
        throw ImmerseError(.usage, "there are no weights to trim", variable: output, remedy: "name them as `weights`")
      }
      if margins.isEmpty {
        return .trim(TrimRequest(weights: weights, lower: lower, upper: upper, strict: strict, output: output))
      }
      return .totals(
        .calibrate(
          CalibrationRequest(
            weights: weights, margins: margins, weightBounds: [lower ?? 0, upper ?? .greatestFiniteMagnitude], by: by,
            output: output)))
    }
  }
}
