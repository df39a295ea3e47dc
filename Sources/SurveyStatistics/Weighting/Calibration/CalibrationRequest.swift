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
  /// The columns of the lower and upper bound of each row's g.
  public var unitBounds: [String]
  /// What a miss of a margin without a cost of its own costs: weights minimise their distance + Σ cost (miss)²/2, with
  /// the distance Σ d (g − 1)²/2 where it is linear. Nil where such margins are to be met exactly.
  public var cost: Double?
  /// The covariance of totals that were themselves estimated, in the order of the margins; empty where they are known, or
  /// independent with the margins' standard errors.
  public var covariance: [[Double]]
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
    weightBounds: [Double]? = nil, unitBounds: [String] = [], cost: Double? = nil, covariance: [[Double]] = [],
    by: String? = nil, cluster: String? = nil, output: String = "weight", tolerance: Double = 1e-12,
    iterations: Int = 100
  ) {
    self.weights = weights
    self.margins = margins
    self.method = method
    self.bounds = bounds
    self.weightBounds = weightBounds
    self.unitBounds = unitBounds
    self.cost = cost
    self.covariance = covariance
    self.by = by
    self.cluster = cluster
    self.output = output
    self.tolerance = tolerance
    self.iterations = iterations
  }

  enum CodingKeys: String, CodingKey {
    case weights, margins, method, bounds
    case weightBounds = "weight_bounds"
    case unitBounds = "unit_bounds"
    case cost, covariance, by, cluster, output, tolerance, iterations
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      weights: try container.decodeIfPresent(String.self, forKey: .weights),
      margins: try container.decode([Margin].self, forKey: .margins),
      method: try container.decodeIfPresent(CalibrationMethod.self, forKey: .method) ?? .linear,
      bounds: try container.decodeIfPresent([Double].self, forKey: .bounds),
      weightBounds: try container.decodeIfPresent([Double].self, forKey: .weightBounds),
      unitBounds: try container.decodeIfPresent([String].self, forKey: .unitBounds) ?? [],
      cost: try container.decodeIfPresent(Double.self, forKey: .cost),
      covariance: try container.decodeIfPresent([[Double]].self, forKey: .covariance) ?? [],
      by: try container.decodeIfPresent(String.self, forKey: .by),
      cluster: try container.decodeIfPresent(String.self, forKey: .cluster),
      output: try container.decodeIfPresent(String.self, forKey: .output) ?? "weight",
      tolerance: try container.decodeIfPresent(Double.self, forKey: .tolerance) ?? 1e-12,
      iterations: try container.decodeIfPresent(Int.self, forKey: .iterations) ?? 100)
  }

  var function: CalibrationFunction {
    let isPositive = method == .raking || method == .sinh
    return CalibrationFunction(
      method: method, lower: bounds?.first ?? (isPositive ? 0 : -.infinity), upper: bounds?.last ?? .infinity)
  }

  /// Whether some rows' g has bounds that are not those of all.
  var boundsRows: Bool { weightBounds != nil || !unitBounds.isEmpty }

  /// By margin, one over the cost of a miss; 0 where it is to be met exactly.
  var ridges: [Double] { margins.map { ($0.cost ?? cost).map { 1 / $0 } ?? 0 } }

  /// - Throws: `usage` where the request contradicts itself, `badData` where the margins do.
  func validate() throws(ImmerseError) {
    try margins.validate(by: by)
    try validateBounds()
    guard cost.map({ $0 > 0 }) ?? true else {
      throw ImmerseError(
        .usage, "a cost of misses of \(cost ?? 0)", remedy: "give a positive one, or none to meet totals exactly")
    }
    if !covariance.isEmpty {
      guard margins.allSatisfy({ $0.standardError == nil }) else {
        throw ImmerseError(
          .usage, "the margins have standard errors and a covariance", remedy: "give one or the other")
      }
      try TotalsCovariance.check(covariance, of: margins)
    }
  }

  private func validateBounds() throws(ImmerseError) {
    if let bounds {
      guard bounds.count == 2, bounds[0] < 1, bounds[1] > 1 else {
        throw ImmerseError(
          .usage, "the bounds of g have to lie on both sides of 1, the value at which every weight starts",
          remedy: "write them as 0.5,2")
      }
      guard bounds[0] >= 0 || method != .raking && method != .sinh,
        method != .logit || bounds[1].isFinite && bounds[0].isFinite
      else {
        throw ImmerseError(.usage, "these bounds are none that \(method.rawValue) calibration can have")
      }
    } else if (method == .logit || method == .truncated && weightBounds == nil) && unitBounds.isEmpty {
      throw ImmerseError(
        .usage, "\(method.rawValue) calibration needs bounds of g", remedy: "give them as --bounds 0.5,2")
    }
    guard cluster == nil || !boundsRows else {
      throw ImmerseError(
        .usage, "bounds of the weights cannot be met by one g for each cluster", remedy: "bound g with --bounds")
    }
    guard unitBounds.isEmpty || unitBounds.count == 2 && bounds == nil && weightBounds == nil else {
      throw ImmerseError(
        .usage, "the rows' own bounds are the columns of the lower and the upper one, and stand for all others",
        remedy: "name two columns, and give no other bounds")
    }
    if let weightBounds {
      guard weightBounds.count == 2, weightBounds[0] < weightBounds[1], weightBounds[1] > 0 else {
        throw ImmerseError(.usage, "the bounds of the weights are not a range", remedy: "write them as 20,45")
      }
      guard method != .logit else {
        throw ImmerseError(
          .usage, "logit calibration bounds g, not the weights", remedy: "use --method linear or raking")
      }
    }
  }
}

/// The covariance of totals that were themselves estimated.
enum TotalsCovariance {
  /// - Throws: `badData` where it is not symmetric, of the margins' size, with variances that none of them can have.
  static func check(_ covariance: [[Double]], of margins: [Margin]) throws(ImmerseError) {
    let size = margins.count
    guard covariance.count == size, covariance.allSatisfy({ $0.count == size }) else {
      throw ImmerseError(
        .badData, "the covariance of the totals is not one of \(size) margins",
        remedy: "give as many rows and columns as there are margins, in their order")
    }
    for a in 0..<size {
      for b in 0..<size {
        // Written so that NaN fails.
        let bound = (covariance[a][a] * covariance[b][b]).squareRoot()
        let isPossible = covariance[a][b].magnitude <= bound * (1 + 1e-9) && covariance[a][b] == covariance[b][a]
        guard covariance[a][a] >= 0, covariance[a][a].isFinite, isPossible else {
          throw ImmerseError(
            .badData, "no totals have this covariance of \(margins[a].name) and \(margins[b].name)",
            variable: margins[a].variable,
            remedy: "give variances on the diagonal, and the same covariance on both sides")
        }
      }
    }
  }
}
