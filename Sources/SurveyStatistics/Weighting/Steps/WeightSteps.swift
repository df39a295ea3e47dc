public import Columnar
public import Streaming

/// The making of weights in several steps, each of which starts where the one before ended, and of replicate weights that
/// receive every step.
///
/// ```swift
/// let steps = WeightSteps([.nonresponse(response), .totals(.rake(margins)), .trim(bounds)], replicates: ["rw1-rw80"])
/// let made = try steps.run(on: source)
/// let weighted = made.source
/// ```
public struct WeightSteps: Sendable, Hashable, Codable {
  public var steps: [WeightStep]
  /// Columns of replicates of the weights that the first step starts at, also as ranges; empty where there are none.
  public var replicates: [String]

  public init(_ steps: [WeightStep], replicates: [String] = []) {
    self.steps = steps
    self.replicates = replicates
  }

  enum CodingKeys: String, CodingKey { case steps, replicates }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode([WeightStep].self, forKey: .steps),
      replicates: try container.decodeIfPresent([String].self, forKey: .replicates) ?? [])
  }

  /// The column the last step writes to.
  public var output: String? { steps.last?.output }

  /// The columns the steps read of the rows as they are.
  ///
  /// - Throws: `usage` or `badData` where a step contradicts itself, or the one before it.
  public func columns(of source: any Source) throws(ImmerseError) -> [ColumnRequest] {
    try validate()
    let made = Set(steps.map(\.output))
    var columns = try replicateColumns.map { ColumnRequest.number($0) }
    for step in steps { columns += try step.columns(of: source).filter { !made.contains($0.name) } }
    return columns.merged
  }

  var replicateColumns: [String] { get throws(ImmerseError) { try ColumnRange.names(replicates) } }

  /// Carries the steps out, on the weights and then on every replicate.
  ///
  /// The replicates of a step that writes `weight` are called `weight1`, `weight2` ...
  ///
  /// - Throws: `usage` where a step does not start where the one before ended; `badData` where a step cannot be carried out,
  ///   in a replicate too, whose column the message then names.
  /// - Complexity: A pass or two for each step; for the replicates one more where the step rests on cells, and one for
  ///   every eight of them where it rests on the rows' numbers or weights, so that working memory stays within bounds.
  public func run(on source: any Source, engine: Engine = Engine()) throws(ImmerseError) -> MadeWeights {
    let replicates = try replicateColumns
    let dataset = try Dataset(
      source, columns: try columns(of: source), unprofiled: Set(replicates), engine: engine)
    return try run(on: MadeWeights(source: source, dataset: dataset, replicates: replicates), with: engine)
  }

  /// - Parameters:
  ///   - separator: what stands between the name of the weights and the number of a replicate.
  ///   - variance: of the replicates, where it is known.
  func run(
    on start: MadeWeights, separator: String = "", variance: ReplicateVariance? = nil, with engine: Engine
  ) throws(ImmerseError) -> MadeWeights {
    try validate()
    var made = start
    for step in steps { try carryOut(step, on: &made, separator, variance, engine) }
    return made
  }

  private func carryOut(
    _ step: WeightStep, on made: inout MadeWeights, _ separator: String, _ variance: ReplicateVariance?,
    _ engine: Engine
  ) throws(ImmerseError) {
    let dataset = made.dataset
    let fit = try step.fit(of: dataset)
    var model = try dataset.fit(fit, with: engine)
    if case .totals(let calibration) = model {
      model = .totals(try Weighting.withFactorRange(calibration, of: dataset, with: engine))
    }
    let shifts = made.replicates.isEmpty ? [] : try TotalShifts.of(step, variance)
    let copies = made.replicates.enumerated().map { index, column in
      let copy = step.moved(from: column, to: "\(step.output)\(separator)\(index + 1)")
      return shifts.isEmpty ? copy : copy.shiftingTotals(by: shifts[index])
    }
    let size = fit.plan.collectsPatterns ? 8 : max(1, copies.count)
    var replicated: [WeightStepModel] = []
    for first in stride(from: 0, to: copies.count, by: size) {
      var pass = Pass()
      let group = copies[first..<min(first + size, copies.count)]
      let tickets = try group.map { c throws(ImmerseError) in pass.add(try c.fit(of: dataset)) }
      let models = try pass.run(over: dataset, with: engine)
      for (copy, ticket) in zip(group, tickets) {
        replicated.append(try inReplicate(copy.weights ?? "") { () throws(ImmerseError) in try models[ticket] })
      }
    }
    try made.add(AdjustedWeights(models: [model] + replicated), with: engine)
    made.models.append(model)
    made.replicates = copies.map(\.output)
  }

  /// Says of which replicate an error speaks.
  private func inReplicate<Result>(
    _ column: String, _ work: () throws(ImmerseError) -> Result
  ) throws(ImmerseError) -> Result {
    do { return try work() } catch {
      var error = error
      error.problem = "in the replicate \"\(column)\": " + error.problem
      throw error
    }
  }

  /// - Throws: `usage` where the steps are none, or do not follow each other.
  func validate() throws(ImmerseError) {
    guard !steps.isEmpty else {
      throw ImmerseError(
        .usage, "no step by which weights are made", remedy: "name rake, calibrate, nonresponse or trim")
    }
    for (earlier, later) in zip(steps, steps.dropFirst()) where later.weights != earlier.output {
      throw ImmerseError(
        .usage,
        "the step \(later.name) starts at \(later.weights.map { "\"\($0)\"" } ?? "1"), but the one before it wrote "
          + "\"\(earlier.output)\"", variable: later.output,
        remedy: "let each step start at the weights of the one before")
    }
    var seen: Set<String> = []
    if let twice = steps.map(\.output).first(where: { !seen.insert($0).inserted }) {
      throw ImmerseError(.usage, "two steps write the weights of this name", variable: twice, remedy: "name them apart")
    }
    guard replicates.isEmpty || steps[0].weights != nil else {
      throw ImmerseError(.usage, "replicate weights need those of the full sample", remedy: "give --weights")
    }
  }
}

/// The weights of one step with those of the replicates.
struct AdjustedWeights: Transform {
  let models: [WeightStepModel]

  var inputs: [ColumnRequest] { models.flatMap(\.inputs).merged }
  var outputs: [Field] { models.flatMap(\.outputs) }

  func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    var adjusted = batch
    for model in models { adjusted = try model.apply(to: adjusted) }
    return adjusted
  }
}
