import Columnar

/// A step that makes weights meet known totals.
public enum WeightingRequest: Sendable, Hashable {
  /// Counts of categories by iterative proportional fitting.
  case rake(RakeRequest)
  /// Counts of the categories of one variable, or of one combination of variables: raking that ends with its first sweep.
  case poststratify(RakeRequest)
  /// Totals of categories and numbers.
  case calibrate(CalibrationRequest)

  /// The step's name in results.
  public var name: String {
    switch self {
    case .rake: "rake"
    case .poststratify: "poststratify"
    case .calibrate: "calibrate"
    }
  }

  var margins: [Margin] {
    switch self {
    case .rake(let request), .poststratify(let request): request.margins
    case .calibrate(let request): request.margins
    }
  }

  var by: String? {
    switch self {
    case .rake(let request), .poststratify(let request): request.by
    case .calibrate(let request): request.by
    }
  }

  var weights: String? {
    switch self {
    case .rake(let request), .poststratify(let request): request.weights
    case .calibrate(let request): request.weights
    }
  }

  /// The columns that tell cells apart, clusters that share a g last.
  var classifiers: [String] {
    let columns = margins.classifiers(by: by)
    guard case .calibrate(let request) = self, let cluster = request.cluster else { return columns }
    return columns.filter { $0 != cluster } + [cluster]
  }

  /// The columns whose numbers are read: those that margins add up, and then the rows' bounds.
  var numbers: [String] {
    let numbers = margins.numbers
    guard case .calibrate(let request) = self else { return numbers }
    return request.unitBounds.reduce(into: numbers) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The column the weights are written to.
  public var output: String {
    switch self {
    case .rake(let request), .poststratify(let request): request.output
    case .calibrate(let request): request.output
    }
  }

  /// The covariance of the totals, by row; empty where they are known.
  var covariance: [[Double]] {
    if case .calibrate(let request) = self, !request.covariance.isEmpty { return request.covariance }
    return margins.covariance
  }

  /// The same step to other totals, in the order of the margins.
  func shiftingTotals(by shifts: [Double]) -> WeightingRequest {
    func shifted(_ margins: [Margin]) -> [Margin] {
      zip(margins, shifts).map { margin, shift in
        var margin = margin
        margin.total += shift
        return margin
      }
    }
    switch self {
    case .rake(var request):
      request.margins = shifted(request.margins)
      return .rake(request)
    case .poststratify(var request):
      request.margins = shifted(request.margins)
      return .poststratify(request)
    case .calibrate(var request):
      request.margins = shifted(request.margins)
      return .calibrate(request)
    }
  }

  /// The same step from another column of weights to another.
  func moved(from weights: String, to output: String) -> WeightingRequest {
    func moved(_ request: RakeRequest) -> RakeRequest {
      var request = request
      (request.weights, request.output) = (weights, output)
      return request
    }
    switch self {
    case .rake(let request): return .rake(moved(request))
    case .poststratify(let request): return .poststratify(moved(request))
    case .calibrate(var request):
      (request.weights, request.output) = (weights, output)
      return .calibrate(request)
    }
  }

  /// - Throws: `usage` where the request contradicts itself, `badData` where the margins do.
  public func validate() throws(ImmerseError) {
    switch self {
    case .rake(let request): try request.validate()
    case .poststratify(let request):
      try request.validate()
      if let other = request.margins.first(where: { $0.variable != request.margins[0].variable }) {
        throw ImmerseError(
          .badData, "the margins also give totals of \"\(request.margins[0].variable)\"", variable: other.variable,
          remedy: "post-strata are the categories of one variable; join variables with colons, or use rake")
      }
    case .calibrate(let request): try request.validate()
    }
  }
}

/// As a document: an object whose one key names the step.
extension WeightingRequest: Codable {
  private enum Step: String, CodingKey, CaseIterable {
    case rake, poststratify, calibrate
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Step.self)
    if container.contains(.rake) {
      self = .rake(try container.decode(RakeRequest.self, forKey: .rake))
    } else if container.contains(.poststratify) {
      self = .poststratify(try container.decode(RakeRequest.self, forKey: .poststratify))
    } else {
      self = .calibrate(try container.decode(CalibrationRequest.self, forKey: .calibrate))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Step.self)
    switch self {
    case .rake(let request): try container.encode(request, forKey: .rake)
    case .poststratify(let request): try container.encode(request, forKey: .poststratify)
    case .calibrate(let request): try container.encode(request, forKey: .calibrate)
    }
  }
}
