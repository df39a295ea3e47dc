public import Columnar
import LinearAlgebra
import ModelFormula
import Probability
public import Streaming

/// Adds what a fitted model says of every row: `fitted`, with the random effects of the row's groups, and `fitted_fixed`,
/// without. Of a group that was not in the fit the random effects are zero, the best there is to say.
///
/// A row that lacks a predictor, or holds a category that the fit did not know, gets no value. Neither the response nor
/// weights are read. With a seed a third column, `simulated`, is drawn from the model: new random effects, the same for
/// all rows of a group wherever they stand, and a new residual.
public struct MixedModelPrediction: Transform {
  private let frame: ModelFrame
  /// Fixed columns with their coefficients.
  private let fixed: [(column: DesignColumn, coefficient: Double)]
  private let levels: [Level]
  private let residualDeviation: Double
  private let hasOffset: Bool
  private let seed: UInt64?
  /// Columns that must be there for the frame though their values are not used.
  private let unread: [ColumnRequest]
  public let inputs: [ColumnRequest]
  public let outputs: [Field]

  private struct Level: Sendable {
    /// The variables of the factor's columns.
    let variables: [Int]
    let names: [Levels]
    let effects: [DesignColumn]
    /// The groups by their codes.
    let index: CellIndex
    /// By group, then effect.
    let modes: [Double]
    /// A root of Ψ, raw.
    let root: Matrix
    let label: String
  }

  /// - Throws: `usage` where there is an offset beside a computed response, `failure` where the equations cannot be solved.
  public init(_ fitted: MixedModel, seed: UInt64? = nil) throws(ImmerseError) {
    let parts: Parts
    switch fitted.fitted {
    case .nested(let model, let optimum): parts = try Parts(model, optimum)
    case .crossed(let model, let optimum): parts = try Parts(model, optimum)
    }
    let (frame, formula) = (parts.frame, parts.plan.formula)
    self.frame = frame
    self.seed = seed
    fixed = parts.fixed
    residualDeviation = parts.sigma
    levels = zip(parts.trees, try fitted.conditionalModes()).map { tree, modes in
      let groups = tree.factor.columns.compactMap { name in frame.groups.first { $0.name == name } }
      let count = tree.codes.count / max(1, groups.count)
      var index = CellIndex(columnCount: groups.count)
      for group in 0..<count { _ = index.insert { tree.codes[group * groups.count + $0] } }
      return Level(
        variables: groups.map(\.variable), names: groups.map(\.levels),
        effects: modes.terms.compactMap { name in frame.columns.first { $0.name == name } }, index: index,
        modes: (0..<count).flatMap { group in modes.modes.map { $0[group] } },
        root: tree.root.scaled(by: parts.sigma), label: tree.factor.label)
    }
    hasOffset = !formula.offsets.isEmpty
    if hasOffset {
      guard case .column = formula.response else {
        throw ImmerseError(
          .usage, "predictions of a computed response with an offset are not there",
          remedy: "compute the response as a column beforehand")
      }
    }
    let response = Set(try formula.responseColumns)
    let weights = Set(fitted.request.weights + parts.plan.furtherGroups)
    let grouping = Set(frame.groups.map(\.name)).subtracting(weights)
    inputs = frame.columnRequests.filter {
      grouping.contains($0.name) || !(response.contains($0.name) || weights.contains($0.name))
    }
    let read = Set(inputs.map(\.name))
    unread = frame.columnRequests.filter { !read.contains($0.name) }
    outputs =
      [Field("fitted", .float64), Field("fitted_fixed", .float64)] + (seed == nil ? [] : [Field("simulated", .float64)])
  }

  /// What nested and crossed factors have in common.
  private struct Parts {
    let plan: ModelPlan
    let frame: ModelFrame
    let fixed: [(column: DesignColumn, coefficient: Double)]
    let sigma: Double
    /// Of each factor the codes of its groups, and a root of Ψ over σ².
    let trees: [(factor: GroupingFactor, codes: [Int32], root: Matrix)]

    init(_ model: LinearMixedModel, _ optimum: Optimum) throws(ImmerseError) {
      try self.init(
        model.grams.plan, model.grams.frame, model.grams.scales, model.fixed, optimum.evaluation.profile, optimum.theta,
        zip(model.grams.nesting.levels, model.levels).map { ($0.factor, $0.codes, $1.effects) })
    }

    init(_ model: CrossedModel, _ optimum: OptimumOf<CrossedEvaluation>) throws(ImmerseError) {
      try self.init(
        model.grams.plan, model.grams.frame, model.grams.scales, model.fixed, optimum.evaluation.profile, optimum.theta,
        model.factors.map { ($0.factor, $0.codes, $0.effects) })
    }

    private init(
      _ plan: ModelPlan, _ frame: ModelFrame, _ scales: [ColumnScale], _ fixed: [Int], _ profile: ProfiledEstimates,
      _ theta: [Double], _ factors: [(GroupingFactor, [Int32], RandomEffects)]
    ) throws(ImmerseError) {
      self.plan = plan
      self.frame = frame
      self.fixed = zip(fixed, try FixedEffects.estimates(fixed, frame, scales, profile)).map { (frame.columns[$0], $1) }
      sigma = profile.residualVariance.squareRoot() * scales[frame.response].scale
      var trees: [(factor: GroupingFactor, codes: [Int32], root: Matrix)] = []
      var first = 0
      do {
        for (factor, codes, effects) in factors {
          trees.append((factor, codes, try effects.rawFactor(theta[first..<first + effects.thetaCount])))
          first += effects.thetaCount
        }
      } catch { throw .unsolvable }
      self.trees = trees
    }
  }

  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    var batch = batch
    let count = batch.rowCount
    var complete = batch
    for request in unread {
      let isText = request.kind == .category
      complete.set(
        request.name,
        isText ? Column([String?](repeating: nil, count: count)) : Column([Double](repeating: 1, count: count)))
    }
    let rows = try FrameRows(frame, complete)
    var isKnown = [Bool](repeating: true, count: count)
    for (column, _) in fixed {
      for part in column.parts where part.coding != .number {
        guard let codes = rows.codes(part.variable)?.array else { continue }
        for row in 0..<count where codes[row] < 0 { isKnown[row] = false }
      }
    }
    var scratch = [Double](repeating: 0, count: count)
    func values(_ column: DesignColumn) -> [Double] {
      scratch.withUnsafeMutableBufferPointer { target in
        if let base = target.baseAddress { rows.write(column, rows: 0..<count, scale: .identity, to: base) }
      }
      return scratch
    }
    var mean = [Double](repeating: 0, count: count)
    for (column, coefficient) in fixed {
      for (row, value) in values(column).enumerated() { mean[row] += coefficient * value }
    }
    if hasOffset {
      // The response less the offset, where the response is set to 1.
      for (row, value) in values(frame.columns[frame.response]).enumerated() { mean[row] += 1 - value }
    }
    var fitted = mean
    var simulated = mean
    for level in levels {
      let columns = level.effects.map(values)
      add(level, rows, columns, count, to: &fitted, &simulated)
    }
    if let seed {
      let streams = RandomStreams(seed: seed, purpose: "simulated residual")
      for row in 0..<count {
        var stream = streams[batch.firstRow + row]
        simulated[row] += residualDeviation * stream.normal()
      }
    }
    func column(_ values: [Double]) -> Column {
      Column(zip(values, isKnown).map { $1 && $0.isFinite ? $0 : .nan })
    }
    batch.set("fitted", column(fitted))
    batch.set("fitted_fixed", column(mean))
    if seed != nil { batch.set("simulated", column(simulated)) }
    return batch
  }

  /// Adds one level's effects: the modes of groups known from the fit, and new draws where they are asked for.
  private func add(
    _ level: Level, _ rows: FrameRows, _ columns: [[Double]], _ count: Int, to fitted: inout [Double],
    _ simulated: inout [Double]
  ) {
    let codes = level.variables.compactMap { rows.codes($0)?.array }
    guard codes.count == level.variables.count else { return }
    var index = level.index
    let known = index.count
    let width = columns.count
    let streams = seed.map { RandomStreams(seed: $0, purpose: "simulated effects of \(level.label)") }
    for row in 0..<count where codes.allSatisfy({ $0[row] >= 0 }) {
      let group = index.insert { codes[$0][row] }
      if group < known {
        for effect in 0..<width { fitted[row] += level.modes[group * width + effect] * columns[effect][row] }
      }
      guard let streams else { continue }
      let name = codes.indices.map { level.names[$0][Int(codes[$0][row])] }.joined(separator: ":")
      var stream = streams[Int(truncatingIfNeeded: fnv1a(name.utf8))]
      let draws = (0..<level.root.columns).map { _ in stream.normal() }
      for effect in 0..<width {
        let own = draws.indices.reduce(0) { $0 + level.root[effect, $1] * draws[$1] }
        simulated[row] += own * columns[effect][row]
      }
    }
  }
}
