public import Columnar
public import Streaming

/// A request to score respondents on a scale and to say how well it measures them.
public struct ScaleRequest: Codable, Sendable, Equatable {
  public var scale: ResponseScale
  public var weights: String?
  /// The column of groups, such as countries, that are described apart.
  public var by: String?
  /// Whether the metric is set so that scores have mean 0 and SD 1 over the groups of `by`, each counted equally.
  public var standardise: Bool

  enum CodingKeys: String, CodingKey { case scale, weights, by, standardise }

  public init(_ scale: ResponseScale, weights: String? = nil, by: String? = nil, standardise: Bool = false) {
    self.scale = scale
    self.weights = weights
    self.by = by
    self.standardise = standardise
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(ResponseScale.self, forKey: .scale),
      weights: try container.decodeIfPresent(String.self, forKey: .weights),
      by: try container.decodeIfPresent(String.self, forKey: .by),
      standardise: try container.decodeIfPresent(Bool.self, forKey: .standardise) ?? false)
  }
}

/// Scores of a scale in each group, and their reliability.
public struct ScaleSummary: Codable, Sendable, Equatable {
  public struct Row: Codable, Sendable, Equatable {
    /// Nil for the average of the groups.
    public var group: String?
    /// Respondents with a score, and without one.
    public var count: Int
    public var missing: Int
    /// Weighted, with the sum of the weights as divisor; nil without a score.
    public var mean: Double?
    public var standardDeviation: Double?
    /// The root of the mean squared standard error of measurement.
    public var errorOfMeasurement: Double?
    /// 1 - mean(SE²) / variance for weighted likelihood estimates, variance / (variance + mean(SE²)) for posterior means;
    /// nil where scores do not vary.
    public var reliability: Double?

    enum CodingKeys: String, CodingKey {
      case group, count, missing, mean, reliability
      case standardDeviation = "std_dev"
      case errorOfMeasurement = "measurement_error"
    }

    /// On a metric whose zero and unit are these.
    mutating func standardise(by zero: Double, _ unit: Double) {
      mean = mean.map { ($0 - zero) / unit }
      standardDeviation = standardDeviation.map { $0 / unit }
      errorOfMeasurement = errorOfMeasurement.map { $0 / unit }
    }
  }

  /// The scale with the metric that was used.
  public let scale: ResponseScale
  /// One for each group, then their average, groups counted equally.
  public let rows: [Row]
  /// The column of groups.
  public let by: String?

  enum CodingKeys: String, CodingKey { case scale, rows, by }
}

extension ScaleSummary {
  /// Scores a scale and describes the scores; `ResponseScore(summary.scale)` then adds them to the rows.
  ///
  /// One pass over the items.
  ///
  /// - Throws: `usage` where the scale contradicts itself, `badData` where an answer or a weight is impossible or nobody
  ///   has a score.
  public init(_ request: ScaleRequest, source: any Source, engine: Engine = Engine()) throws(ImmerseError) {
    let scored = try source.applying(try ResponseScore(request.scale))
    let dataset = try Dataset(scored, columns: ScaleSummary.columns(request), engine: engine)
    try self.init(request, of: dataset, named: source.name, engine: engine)
  }

  /// The columns that describing the scores reads, of rows that have them.
  public static func columns(_ request: ScaleRequest) -> [ColumnRequest] {
    [.number(request.scale.name), .number(request.scale.name + "_se")]
      + (request.weights.map { [.number($0)] } ?? []) + (request.by.map { [.category($0)] } ?? [])
  }

  /// Describes the scores of a dataset that holds at least these columns.
  ///
  /// - Throws: as for a source, which messages call `name`.
  public init(
    _ request: ScaleRequest, of dataset: Dataset, named name: String = "data", engine: Engine
  ) throws(ImmerseError) {
    let groups = request.by.flatMap { dataset.profile.levels[$0]?.names } ?? []
    let sums = try dataset.fit(
      ScaleSummaryFit(name: request.scale.name, weights: request.weights, by: request.by, groups: groups),
      with: engine)
    var scale = request.scale
    guard let whole = sums.last, let mean = whole.mean, let deviation = whole.deviation else {
      throw ImmerseError(
        .badData, "nobody answered enough items to have a score", place: .init(file: name), variable: scale.name)
    }
    var rows = sums.map { $0.row(scale.estimator) }
    if request.standardise {
      guard deviation > 0 else {
        throw ImmerseError(.badData, "the scores do not vary and cannot be standardised", variable: scale.name)
      }
      scale.metric = ResponseScale.Moments(
        mean: scale.metric.mean + scale.metric.sd * mean, sd: scale.metric.sd * deviation)
      for index in rows.indices { rows[index].standardise(by: mean, deviation) }
    }
    self.scale = scale
    by = request.by
    self.rows = rows
  }
}

/// Weighted sums of scores in one group.
struct GroupSums: Sendable {
  var group: String?
  var count = 0
  var missing = 0
  var weight = 0.0
  var sum = 0.0
  var squares = 0.0
  var errors = 0.0

  var mean: Double? { weight > 0 ? sum / weight : nil }
  private var variance: Double? { mean.map { max(0, squares / weight - $0 * $0) } }
  var deviation: Double? { variance.map { $0.squareRoot() } }

  func row(_ estimator: ResponseScale.Estimator) -> ScaleSummary.Row {
    let error = weight > 0 ? errors / weight : nil
    var reliability: Double?
    if let variance, let error, variance > 0 {
      reliability = estimator == .wle ? 1 - error / variance : variance / (variance + error)
    }
    return ScaleSummary.Row(
      group: group, count: count, missing: missing, mean: mean, standardDeviation: deviation,
      errorOfMeasurement: error.map { $0.squareRoot() }, reliability: reliability)
  }

  /// All groups with the same total weight.
  static func equally(_ groups: [GroupSums]) -> GroupSums {
    var whole = GroupSums()
    for group in groups {
      whole.count += group.count
      whole.missing += group.missing
      guard group.weight > 0 else { continue }
      whole.weight += 1
      whole.sum += group.sum / group.weight
      whole.squares += group.squares / group.weight
      whole.errors += group.errors / group.weight
    }
    return whole
  }
}

/// The sums of every group in one pass.
struct ScaleSummaryFit: Fit {
  let name: String
  let weights: String?
  let by: String?
  let groups: [String]

  var columns: [ColumnRequest] {
    [.number(name), .number(name + "_se")] + (weights.map { [.number($0)] } ?? [])
      + (by.map { [.category($0)] } ?? [])
  }

  var signature: String {
    "scale summary;\(name);\(weights ?? "");\(by ?? "");\(groups.joined(separator: ","))"
  }

  func makePartial() -> ScaleSummaryPartial {
    ScaleSummaryPartial(name: name, weights: weights, by: by, groups: max(groups.count, 1))
  }

  func finish(_ partial: ScaleSummaryPartial) throws(ImmerseError) -> [GroupSums] {
    var sums = partial.sums
    for (index, group) in groups.enumerated() { sums[index].group = group }
    return by == nil ? sums : sums + [GroupSums.equally(sums)]
  }
}

struct ScaleSummaryPartial: Partial {
  private let name: String
  private let weights: String?
  private let by: String?
  private(set) var sums: [GroupSums]

  init(name: String, weights: String?, by: String?, groups: Int) {
    self.name = name
    self.weights = weights
    self.by = by
    sums = Array(repeating: GroupSums(), count: groups)
  }

  mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let (scores, errors) = (try batch.numbers(name), try batch.numbers(name + "_se"))
    let weight = try batch.checkedWeights(weights)
    var codes: Buffer<Int32>?
    if let by { codes = try batch.categories(by).codes }
    for row in 0..<batch.rowCount {
      // Rows without a group are described by none.
      let group = codes.map { Int($0[row]) } ?? 0
      let w = weight?[row] ?? 1
      guard group >= 0 && w > 0 else { continue }
      let (score, error) = (scores[row], errors[row])
      if score.isNaN {
        sums[group].missing += 1
        continue
      }
      sums[group].count += 1
      sums[group].weight += w
      sums[group].sum += w * score
      sums[group].squares += w * score * score
      sums[group].errors += w * error * error
    }
  }

  mutating func merge(_ other: ScaleSummaryPartial) throws(ImmerseError) {
    for index in sums.indices {
      sums[index].count += other.sums[index].count
      sums[index].missing += other.sums[index].missing
      sums[index].weight += other.sums[index].weight
      sums[index].sum += other.sums[index].sum
      sums[index].squares += other.sums[index].squares
      sums[index].errors += other.sums[index].errors
    }
  }

  func write(to blob: inout BlobWriter) {
    blob.write(sums.flatMap { [$0.count, $0.missing] })
    blob.write(sums.flatMap { [$0.weight, $0.sum, $0.squares, $0.errors] })
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    let counts = try blob.integers()
    let records = try blob.records(of: 4)
    guard counts.count == 2 * sums.count, records.count == sums.count else { throw .brokenPartial }
    for (index, record) in records.enumerated() {
      (sums[index].count, sums[index].missing) = (counts[2 * index], counts[2 * index + 1])
      (sums[index].weight, sums[index].sum) = (record[0], record[1])
      (sums[index].squares, sums[index].errors) = (record[2], record[3])
    }
  }
}

extension Batch {
  /// The weights of the rows; nil without a column of weights.
  ///
  /// - Throws: `badData` where a weight is missing, negative or infinite.
  func checkedWeights(_ name: String?) throws(ImmerseError) -> Buffer<Double>? {
    guard let name else { return nil }
    let weights = try numbers(name)
    if let row = weights.withUnsafeBufferPointer({ $0.firstIndex { !($0 >= 0 && $0.isFinite) } }) {
      throw ImmerseError(
        .badData, "the weight is missing, negative or infinite", row: firstRow + row, variable: name,
        remedy: "give every row a weight of zero or more")
    }
    return weights
  }
}
