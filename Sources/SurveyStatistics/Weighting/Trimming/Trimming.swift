public import Columnar
public import Streaming

/// Cuts weights off at bounds and spreads what was cut off evenly over the others (R survey's `trimWeights`).
///
/// Weights of zero, such as those of non-respondents, stay zero. Totals of categories that an earlier step met are lost;
/// calibration with bounds on the weights keeps them.
public enum Trimming {
  /// - Throws: `badData` where the sum of weights does not fit between the bounds.
  /// - Complexity: One pass; rounds run on the distinct weights.
  public static func run(
    _ request: TrimRequest, on source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> TrimModel {
    try request.validate()
    let dataset = try Dataset(source, columns: [.number(request.weights)], engine: engine)
    return try dataset.fit(try cells(request, of: dataset), with: engine)
  }

  static func cells(_ request: TrimRequest, of dataset: Dataset) throws(ImmerseError) -> CellsFit<TrimModel> {
    let plan = try CellsPlan(
      weights: request.weights, classifiers: [], separatesWeights: true, dataset.profile)
    return CellsFit(plan: plan, purpose: "\(request)") { (cells) throws(ImmerseError) in
      try model(request, cells.patterns)
    }
  }

  private static func model(_ request: TrimRequest, _ patterns: Patterns) throws(ImmerseError) -> TrimModel {
    var weights: [(weight: Double, count: Double)] = []
    for pattern in 0..<patterns.count where patterns.weights[pattern] > 0 {
      weights.append((patterns.weights[pattern] / patterns.counts[pattern], patterns.counts[pattern]))
    }
    let before = weights.reduce(0) { $0 + $1.weight * $1.count }
    guard before > 0, before.isFinite else {
      throw ImmerseError(
        .badData, before > 0 ? "the weights sum to more than a number can hold" : "all weights are zero",
        variable: request.weights, remedy: "check the weight column")
    }
    let (lower, upper) = (request.lower ?? 0, request.upper ?? .infinity)
    let rows = weights.reduce(0) { $0 + $1.count }
    guard rows * lower <= before, rows * upper >= before else {
      throw ImmerseError(
        .badData,
        "\(NumberText.shortest(rows)) weights between the bounds cannot sum to \(NumberText.shortest(before)), as the "
          + "untrimmed ones do", variable: request.weights,
        remedy: "the mean weight, \(NumberText.shortest(before / rows)), has to lie between the bounds")
    }
    var shifts: [Double] = []
    var trimmed = (low: 0.0, high: 0.0)
    var isTrimmed = weights.map { _ in false }
    while shifts.isEmpty || request.strict {
      var (excess, free, found) = (0.0, 0.0, false)
      for index in weights.indices where !isTrimmed[index] {
        let (weight, count) = weights[index]
        let cut = min(max(weight, lower), upper)
        if cut == weight {
          free += count
          continue
        }
        if weight < lower { trimmed.low += count } else { trimmed.high += count }
        excess += (weight - cut) * count
        weights[index].weight = cut
        isTrimmed[index] = true
        found = true
      }
      if !found { break }
      guard free > 0 else { break }
      shifts.append(excess / free)
      for index in weights.indices where !isTrimmed[index] { weights[index].weight += excess / free }
    }
    let after = weights.reduce(0) { $0 + $1.weight * $1.count }
    guard (after - before).magnitude <= 1e-9 * before else {
      throw ImmerseError(
        .badData, "every weight lies outside the bounds, so none is left to take up what was cut off",
        variable: request.weights, remedy: "widen the bounds")
    }
    return TrimModel(
      request: request, lower: lower, upper: upper, shifts: shifts,
      summary: TrimSummary(
        count: Int(rows), raised: Int(trimmed.low), lowered: Int(trimmed.high), rounds: shifts.count,
        sumBefore: before, sumAfter: after, smallest: weights.map(\.weight).min() ?? 0,
        largest: weights.map(\.weight).max() ?? 0))
  }
}

/// Trimmed weights, frozen: a weight outside the bounds goes to the bound, every other one receives its share.
public struct TrimModel: Transform {
  let request: TrimRequest
  let lower: Double
  let upper: Double
  /// What each round added to every weight that was inside the bounds.
  let shifts: [Double]
  public let summary: TrimSummary

  public var inputs: [ColumnRequest] { [.number(request.weights)] }
  public var outputs: [Field] { [Field(request.output, .float64)] }

  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let weights = try batch.weights(request.weights)
    var trimmed = batch
    trimmed.set(request.output, Column(weights.array.map(value)))
    return trimmed
  }

  private func value(_ weight: Double) -> Double {
    if weight == 0 { return 0 }
    var weight = weight
    for shift in shifts {
      if weight < lower { return lower }
      if weight > upper { return upper }
      weight += shift
    }
    return request.strict || shifts.isEmpty ? min(max(weight, lower), upper) : weight
  }
}

/// What trimming did to the weights.
public struct TrimSummary: Sendable, Hashable {
  /// Rows with a weight.
  public var count: Int
  public var raised: Int
  public var lowered: Int
  public var rounds: Int
  public var sumBefore: Double
  public var sumAfter: Double
  public var smallest: Double
  public var largest: Double
}
