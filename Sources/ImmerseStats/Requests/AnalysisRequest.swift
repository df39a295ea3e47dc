public import Columnar
public import CompositeIndicators
import MultilevelModels
public import Streaming
public import SurveyStatistics

/// One analysis as other languages ask for it: an object with a single key that names the analysis.
///
/// ```json
/// {"estimate": {"kind": "mean", "variables": ["api00"], "design": {"weights": "pw", "psu": ["dnum"]}}}
/// ```
public enum AnalysisRequest: Sendable, Decodable {
  case estimate(EstimateRequest)
  case fit(ModelRequest)
  case predict(PredictionRequest)
  case score(ScoreRequest)
  case sensitivity(SensitivityRequest)
  /// Scores of rows on a scale of items.
  case scale(ScaleRequest)
  case calibrate(ScaleCalibration)
  case rake(RakeRequest)
  case poststratify(RakeRequest)
  case calibrateWeights(CalibrationRequest)
  /// Weights made in one or more steps, replicates included.
  case weight(WeightSteps)
  case replicates(ReplicatesRequest)
  case diagnose(DiagnosisRequest)

  private enum Name: String, CodingKey, CaseIterable {
    case estimate, fit, predict, score, sensitivity, scale, calibrate, rake, poststratify, weight
    case calibrateWeights = "calibrate_weights"
    case replicates, diagnose
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    let names = Name.allCases.filter(container.contains)
    guard names.count == 1, let name = names.first else {
      throw ImmerseError(
        .usage, names.isEmpty ? "the request names no analysis" : "the request names more than one analysis",
        remedy: "its one key is \(Spelling.list(Name.allCases.map(\.rawValue)))")
    }
    switch name {
    case .estimate: self = .estimate(try container.decode(EstimateRequest.self, forKey: name))
    case .fit: self = .fit(try container.decode(ModelRequest.self, forKey: name))
    case .predict: self = .predict(try container.decode(PredictionRequest.self, forKey: name))
    case .score: self = .score(try container.decode(ScoreRequest.self, forKey: name))
    case .sensitivity: self = .sensitivity(try container.decode(SensitivityRequest.self, forKey: name))
    case .scale: self = .scale(try container.decode(ScaleRequest.self, forKey: name))
    case .calibrate: self = .calibrate(try container.decode(ScaleCalibration.self, forKey: name))
    case .rake: self = .rake(try container.decode(RakeRequest.self, forKey: name))
    case .poststratify: self = .poststratify(try container.decode(RakeRequest.self, forKey: name))
    case .calibrateWeights: self = .calibrateWeights(try container.decode(CalibrationRequest.self, forKey: name))
    case .weight: self = .weight(try container.decode(WeightSteps.self, forKey: name))
    case .replicates: self = .replicates(try container.decode(ReplicatesRequest.self, forKey: name))
    case .diagnose: self = .diagnose(try container.decode(DiagnosisRequest.self, forKey: name))
    }
  }

  /// - Throws: `badData` where the text is not JSON, a setting is unknown or has a value of the wrong kind.
  public init(json: [UInt8]) throws(ImmerseError) {
    self = try JSONValue(parsing: json, file: "request").decode(AnalysisRequest.self, file: "request")
  }
}

/// What an analysis yields.
public struct AnalysisOutcome: Sendable {
  public var result: AnalysisResult
  /// The columns that a request adds to its rows, such as weights; without columns where it adds none.
  public var addedFields: [Field] = []
  /// Those columns, in the order of the rows.
  public var addedRows: [Batch] = []

  /// Those columns as a table.
  public var addedColumns: Table {
    get throws(ImmerseError) {
      var columns: [(name: String, column: Column)] = []
      for field in addedFields {
        columns.append((field.name, try Column.joined(addedRows.compactMap { $0[field.name] }, type: field.type)))
      }
      return Table(columns)
    }
  }
}

extension AnalysisRequest {
  /// The request as a weighting step; nil where it is none.
  var weighting: WeightingRequest? {
    switch self {
    case .rake(let request): .rake(request)
    case .poststratify(let request): .poststratify(request)
    case .calibrateWeights(let request): .calibrate(request)
    default: nil
    }
  }

  /// Carries the request out on rows.
  ///
  /// - Throws: what the analysis throws.
  public func run(on source: any Source, engine: Engine = Engine()) throws(ImmerseError) -> AnalysisOutcome {
    var outcome: AnalysisOutcome
    switch self {
    case .estimate(let request):
      outcome = AnalysisOutcome(result: try Estimation.run(request, on: source, engine: engine).analysis)
    case .fit(let request): outcome = try request.run(on: source, engine: engine)
    case .predict(let request): outcome = try request.run(on: source, engine: engine)
    case .score(let request):
      let scores = try CompositeIndicators.score(request, source: source, engine: engine)
      outcome = AnalysisOutcome(result: try scores.analysis(request, source: source, engine: engine))
    case .sensitivity(let request):
      outcome = AnalysisOutcome(
        result: try CompositeIndicators.sensitivity(request, source: source, engine: engine).analysis())
    case .scale(let request):
      let summary = try ScaleSummary(request, source: source, engine: engine)
      outcome = AnalysisOutcome(result: summary.analysis)
      try outcome.add(try ResponseScore(summary.scale), to: source, engine: engine)
    case .calibrate(let request):
      outcome = AnalysisOutcome(result: try request.run(on: source, engine: engine).analysis)
    case .rake, .poststratify, .calibrateWeights:
      guard let request = weighting else { throw ImmerseError(.failure, "a weighting step without its request") }
      let model = try Weighting.run(request, on: source, engine: engine)
      outcome = AnalysisOutcome(result: model.analysis)
      try outcome.add(model, to: source, engine: engine)
    case .weight(let steps):
      let made = try steps.run(on: source, engine: engine)
      outcome = AnalysisOutcome(result: made.analysis)
      try outcome.keep(made.added.map { Field($0, .float64) }, of: made.source, engine: engine)
    case .replicates(let request):
      let model = try Replication.make(request, on: source, engine: engine)
      outcome = AnalysisOutcome(result: model.summary.analysis)
      try outcome.add(model, to: source, engine: engine)
    case .diagnose(let request):
      outcome = AnalysisOutcome(result: try Diagnosis.run(request, on: source, engine: engine).analysis)
    }
    outcome.result.provenance = Provenance.current
    return outcome
  }
}

extension AnalysisOutcome {
  /// Applies a frozen model to every row, and keeps the columns it adds.
  mutating func add(
    _ model: some Transform, to source: any Source, engine: Engine
  ) throws(ImmerseError) {
    try keep(model.outputs, of: try source.applying(model), engine: engine)
  }

  /// Keeps columns that were added to the rows.
  mutating func keep(
    _ fields: [Field], of source: any Source, engine: Engine
  ) throws(ImmerseError) {
    var collector = BatchCollector()
    try source.export(fields.map { ColumnRequest($0.name, .native) }, to: &collector, with: engine)
    addedFields = fields
    addedRows = collector.batches
  }
}

/// Keeps the batches that would else be written.
private struct BatchCollector: BatchWriter {
  struct Encoder: BatchEncoder {
    func encode(_ batch: Batch) throws(ImmerseError) -> Batch { batch }
  }

  let encoder = Encoder()
  var batches: [Batch] = []

  mutating func append(_ encoded: Batch) throws(ImmerseError) { batches.append(encoded) }
}
