import Columnar
import ModelFormula
import Streaming

/// What a mixed model is fitted to: the tree of groups, their weights, and the cross-products of the lowest ones.
///
/// Weights are conditional and scaled: a group's cross-products hold its rows' weights as they enter the likelihood.
struct NestedGrams: Sendable {
  /// Rows or groups of one level with the weights by which they enter.
  struct WeightSummary: Sendable {
    var count: Int
    var sum: Double
    var sumOfSquares: Double
  }

  let plan: ModelPlan
  let frame: ModelFrame
  let scales: [ColumnScale]
  let nesting: Nesting
  /// The conditional weight of every group, by level.
  var weights: [[Double]]
  /// Packed lower triangles over the frame's columns, for each lowest group.
  let grams: [Double]
  /// The sum of the rows' weights in each lowest group; of precision weights, the number of rows.
  let sizes: [Double]
  /// The rows of each lowest group.
  let rowCounts: [Int]
  /// The codes of each lowest group in the columns of the sample's design.
  let designCodes: [String: [Int32]]
  /// The parts of the groups by residual class, where there are such.
  let classes: ResidualClasses?
  /// The sum of the logarithms of precision weights.
  let logWeights: Double
  let rowCount: Int
  let dropped: DroppedRows
  /// Of the rows, then of the groups from the lowest level up.
  let weightSummaries: [WeightSummary]

  /// - Returns: nil where factors cross.
  /// - Throws: `badData` where weights are not constant within their groups.
  init?(_ partial: GramPartial, of fit: GramFit) throws(ImmerseError) {
    guard
      let nesting = try Nesting(partial.cells, factors: fit.plan.factors, columns: fit.frame.groups.map(\.name))
    else { return nil }
    rowCount = partial.rowCounts.reduce(0, +)
    dropped = partial.dropped
    plan = fit.plan
    frame = fit.frame
    scales = fit.scales
    self.nesting = nesting
    designCodes = try Self.designCodes(partial, fit, nesting)

    logWeights = partial.logWeights

    let scaling = WeightScaler(fit.plan.request)
    var weights = try Self.levelWeights(partial, fit, nesting)
    let groupCount = nesting.levels[0].count
    var totals = [WeightSummary](repeating: WeightSummary(count: 0, sum: 0, sumOfSquares: 0), count: groupCount)
    var givenWeights = [Double](repeating: 1, count: groupCount)
    for (group, cell) in zip(nesting.groups, nesting.cells) {
      totals[group].count += partial.rowCounts[cell]
      totals[group].sum += partial.weightSums[cell]
      totals[group].sumOfSquares += partial.weightSquares[cell]
      if fit.higherWeightCount > 0 { givenWeights[group] = partial.higherWeights[cell * fit.higherWeightCount] }
    }
    rowCounts = totals.map(\.count)
    let scaled = zip(totals, givenWeights).map { scaling.scaled($0, groupWeight: $1) }
    var rows = WeightSummary(count: rowCount, sum: 0, sumOfSquares: 0)
    for (group, own) in scaled.enumerated() {
      weights[0][group] *= own.groupFactor
      rows.sum += own.weights.sum
      rows.sumOfSquares += own.weights.sumOfSquares
    }
    let isPrecise = fit.plan.request.weightsKind == .precision
    sizes = scaled.map { isPrecise ? Double($0.weights.count) : $0.weights.sum }
    self.weights = weights
    let size = packedCount(fit.frame.columns.count)
    let factors = scaled.map(\.gramFactor)
    var grams = [Double](repeating: 0, count: groupCount * size)
    grams.withUnsafeMutableBufferPointer { target in
      partial.grams.withUnsafeBufferPointer { source in
        for (group, cell) in zip(nesting.groups, nesting.cells) {
          for k in 0..<size { target[group * size + k] += factors[group] * source[cell * size + k] }
        }
      }
    }
    self.grams = grams
    classes = try fit.plan.request.residualBy.map { column throws(ImmerseError) in
      try ResidualClasses(column, partial, fit, nesting, factors: factors)
    }
    weightSummaries =
      [rows]
      + weights.map { weights in
        WeightSummary(
          count: weights.count, sum: weights.reduce(0, +), sumOfSquares: weights.reduce(0) { $0 + $1 * $1 })
      }
  }

  /// - Throws: `badData` where a column differs within a lowest group.
  private static func designCodes(
    _ partial: GramPartial, _ fit: GramFit, _ nesting: Nesting
  ) throws(ImmerseError) -> [String: [Int32]] {
    let names = fit.plan.inference.designColumns
    var result: [String: [Int32]] = [:]
    if names.isEmpty { return result }
    let columns = partial.cells.codesByColumn()
    for name in names {
      guard let position = fit.frame.groups.firstIndex(where: { $0.name == name }) else { continue }
      var codes = [Int32](repeating: -1, count: nesting.levels[0].count)
      for (group, cell) in zip(nesting.groups, nesting.cells) {
        let code = columns[position][cell]
        guard codes[group] < 0 || codes[group] == code else {
          throw .divided([nesting.levels[0].factor.label], by: names)
        }
        codes[group] = code
      }
      result[name] = codes
    }
    return result
  }

  /// The text of a grouping column's level.
  func levelName(_ column: String, _ code: Int32) -> String? {
    frame.groups.first { $0.name == column }?.levels[Int(code)]
  }

  /// The groups' conditional weights by level; 1 where none is given.
  private static func levelWeights(
    _ partial: GramPartial, _ fit: GramFit, _ nesting: Nesting
  ) throws(ImmerseError) -> [[Double]] {
    let given = fit.higherWeightCount
    var weights = nesting.levels.map { [Double](repeating: 1, count: $0.count) }
    // Every group takes the weight of the first lowest group it holds, which the others must share.
    var ancestors = nesting.groups
    for (depth, level) in nesting.levels.prefix(given).enumerated() {
      var seen = [Bool](repeating: false, count: level.count)
      for (cell, group) in zip(nesting.cells, ancestors) {
        let weight = partial.higherWeights[cell * given + depth]
        if !seen[group] {
          weights[depth][group] = weight
          seen[group] = true
        } else if !isSameWeight(weights[depth][group], weight) {
          throw .varyingWeight(fit.plan.request.weights[depth + 1], within: [level.factor])
        }
      }
      ancestors = ancestors.map { level.parents[$0] }
    }
    if fit.plan.request.weightsAre == .unconditional {
      for depth in 0..<max(0, given - 1) {
        for group in weights[depth].indices {
          weights[depth][group] /= weights[depth + 1][nesting.levels[depth].parents[group]]
        }
      }
    }
    return weights
  }
}
