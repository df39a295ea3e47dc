import Columnar
import ModelFormula
import Streaming

/// What a mixed model is fitted to: the tree of groups, their weights, and the cross-products of the lowest ones.
///
/// Weights are conditional and scaled: a group's cross-products hold its rows' weights as they enter the likelihood.
public struct NestedGrams: Sendable {
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
  let weights: [[Double]]
  /// Packed lower triangles over the frame's columns, for each lowest group.
  let grams: [Double]
  /// The sum of the rows' weights in each lowest group.
  let sizes: [Double]
  /// The codes of each lowest group in the columns of the sample's design.
  let designCodes: [String: [Int32]]
  let rowCount: Int
  let dropped: DroppedRows
  /// Of the rows, then of the groups from the lowest level up.
  let weightSummaries: [WeightSummary]

  /// - Throws: `badData` where no row is left, groups are not nested or weights are not constant within their groups.
  init(_ partial: GramPartial, of fit: GramFit) throws(ImmerseError) {
    rowCount = partial.rowCounts.reduce(0, +)
    dropped = partial.dropped
    guard rowCount > 0 else {
      throw ImmerseError(
        .badData, "no row has a value in every variable of the model", remedy: "look at the missing values")
    }
    plan = fit.plan
    frame = fit.frame
    scales = fit.scales
    let nesting = try Nesting(
      partial.cells, factors: fit.plan.factors, columns: fit.frame.groups.map(\.name))
    self.nesting = nesting
    designCodes = try Self.designCodes(partial, fit, nesting)

    let scaling = WeightScaler(fit.plan.request)
    var weights = try Self.levelWeights(partial, fit, nesting)
    var factors: [Double] = []
    var rows = WeightSummary(count: rowCount, sum: 0, sumOfSquares: 0)
    var sizes: [Double] = []
    for (group, cell) in nesting.cells.enumerated() {
      let count = Double(partial.rowCounts[cell])
      let scaled = scaling.scaled(
        count: count, sum: partial.weightSums[cell], squares: partial.weightSquares[cell],
        groupWeight: fit.higherWeightCount > 0 ? partial.higherWeights[cell * fit.higherWeightCount] : 1)
      factors.append(scaled.gramFactor)
      sizes.append(scaled.size)
      weights[0][group] *= scaled.groupFactor
      rows.sum += scaled.size
      rows.sumOfSquares += scaled.sumOfSquares
    }
    self.sizes = sizes
    self.weights = weights
    let size = packedCount(fit.frame.columns.count)
    grams = [Double](unsafeUninitializedCapacity: nesting.cells.count * size) { target, count in
      partial.grams.withUnsafeBufferPointer { source in
        for (group, cell) in nesting.cells.enumerated() {
          for k in 0..<size { target[group * size + k] = factors[group] * source[cell * size + k] }
        }
      }
      count = nesting.cells.count * size
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
    guard nesting.cells.count == nesting.levels[0].count else {
      throw .divided([nesting.levels[0].factor.label], by: names)
    }
    if names.isEmpty { return [:] }
    let codes = nesting.cells.map { partial.cells.codes(of: $0) }
    return names.reduce(into: [:]) { result, name in
      guard let position = fit.frame.groups.firstIndex(where: { $0.name == name }) else { return }
      result[name] = codes.map { $0[position] }
    }
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
    var ancestors = Array(nesting.cells.indices)
    for (depth, level) in nesting.levels.prefix(given).enumerated() {
      var seen = [Bool](repeating: false, count: level.count)
      for (lowest, group) in ancestors.enumerated() {
        let weight = partial.higherWeights[nesting.cells[lowest] * given + depth]
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

/// How the rows' weights of one lowest group enter the likelihood, from their sum and their sum of squares.
private struct WeightScaler {
  let scaling: FitRequest.WeightScaling
  let isUnconditional: Bool

  init(_ request: FitRequest) {
    scaling = request.weightScaling
    isUnconditional = request.weightsAre == .unconditional
  }

  /// - Parameters:
  ///   - sum: of the rows' weights as given, `squares` of their squares.
  ///   - groupWeight: the lowest group's weight as given.
  /// - Returns: what to multiply the group's cross-products by, the sum of its rows' scaled weights and of their
  ///   squares, and what to multiply the group's own weight by.
  func scaled(
    count: Double, sum: Double, squares: Double, groupWeight: Double
  ) -> (gramFactor: Double, size: Double, sumOfSquares: Double, groupFactor: Double) {
    // A factor that is the same for all rows of the group cancels in the scalings `size` and `effective`.
    let conditional = isUnconditional ? 1 / groupWeight : 1
    let factor =
      switch scaling {
      case .none: conditional
      case .size: count / sum
      case .effective: sum / squares
      case .gk: 1.0
      }
    if scaling == .gk { return (1, count, count, conditional * sum / count) }
    return (factor, factor * sum, factor * factor * squares, 1)
  }
}
