public import Columnar
public import Streaming

/// One step in the making of weights, from the column of weights it starts at to the one it writes.
public enum WeightStep: Sendable, Hashable {
  case nonresponse(NonresponseRequest)
  case totals(WeightingRequest)
  case trim(TrimRequest)

  /// The step's name in results.
  public var name: String {
    switch self {
    case .nonresponse: "nonresponse"
    case .totals(let request): request.name
    case .trim: "trim"
    }
  }

  /// The column of weights it starts at; nil where every row starts at 1.
  public var weights: String? {
    switch self {
    case .nonresponse(let request): request.weights
    case .totals(let request): request.weights
    case .trim(let request): request.weights
    }
  }

  /// The column the weights are written to.
  public var output: String {
    switch self {
    case .nonresponse(let request): request.output
    case .totals(let request): request.output
    case .trim(let request): request.output
    }
  }

  /// Whether linearised variances know how its weights move with the sample: they take trimmed weights and modelled
  /// propensities as fixed.
  var isLinearised: Bool {
    switch self {
    case .nonresponse(let request): request.covariates.isEmpty
    case .totals: true
    case .trim: false
    }
  }

  /// The same step from another column of weights to another.
  func moved(from weights: String, to output: String) -> WeightStep {
    switch self {
    case .nonresponse(var request):
      (request.weights, request.output) = (weights, output)
      return .nonresponse(request)
    case .totals(let request): return .totals(request.moved(from: weights, to: output))
    case .trim(var request):
      (request.weights, request.output) = (weights, output)
      return .trim(request)
    }
  }

  /// The same step to other totals, in the order of its margins.
  func shiftingTotals(by shifts: [Double]) -> WeightStep {
    if case .totals(let request) = self { .totals(request.shiftingTotals(by: shifts)) } else { self }
  }

  /// The columns it reads.
  ///
  /// - Throws: `usage` or `badData` where the request contradicts itself.
  public func columns(of source: any Source) throws(ImmerseError) -> [ColumnRequest] {
    switch self {
    case .nonresponse(let request): return try Nonresponse.columns(request, of: source)
    case .totals(let request): return try Weighting.columns(request)
    case .trim(let request):
      try request.validate()
      return [.number(request.weights)]
    }
  }

  /// The fit that makes the weights, for a pass shared with others.
  ///
  /// - Throws: `usage` or `badData` where the request contradicts itself.
  func fit(of dataset: Dataset) throws(ImmerseError) -> CellsFit<WeightStepModel> {
    switch self {
    case .nonresponse(let request): try Nonresponse.cells(request, of: dataset).mapped { .nonresponse($0) }
    case .totals(let request): try Weighting.cells(request, of: dataset).mapped { .totals($0) }
    case .trim(let request): try Trimming.cells(request, of: dataset).mapped { .trim($0) }
    }
  }
}

/// As a document: an object whose one key names the step.
extension WeightStep: Codable {
  private enum Step: String, CodingKey { case nonresponse, trim }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Step.self)
    if container.contains(.nonresponse) {
      self = .nonresponse(try container.decode(NonresponseRequest.self, forKey: .nonresponse))
    } else if container.contains(.trim) {
      self = .trim(try container.decode(TrimRequest.self, forKey: .trim))
    } else {
      self = .totals(try WeightingRequest(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    if case .totals(let request) = self { return try request.encode(to: encoder) }
    var container = encoder.container(keyedBy: Step.self)
    switch self {
    case .nonresponse(let request): try container.encode(request, forKey: .nonresponse)
    case .trim(let request): try container.encode(request, forKey: .trim)
    case .totals: break
    }
  }
}

/// A step's weights, frozen: applied to rows, it adds their column.
public enum WeightStepModel: Transform {
  case nonresponse(NonresponseModel)
  case totals(CalibrationModel)
  case trim(TrimModel)

  private var transform: any Transform {
    switch self {
    case .nonresponse(let model): model
    case .totals(let model): model
    case .trim(let model): model
    }
  }

  /// The columns by which it tells rows apart or whose totals it meets.
  var auxiliaryColumns: [String] {
    switch self {
    case .nonresponse(let model): model.request.classes + model.request.covariates
    case .totals(let model): model.plan.classes.columns + model.plan.numbers
    case .trim: []
    }
  }

  public var inputs: [ColumnRequest] { transform.inputs }
  public var outputs: [Field] { transform.outputs }
  public func apply(to batch: Batch) throws(ImmerseError) -> Batch { try transform.apply(to: batch) }
}
