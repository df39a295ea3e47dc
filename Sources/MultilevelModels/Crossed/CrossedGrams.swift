import Columnar
import LinearAlgebra
import ModelFormula
import Streaming

/// What a model of crossed factors is fitted to: for every factor the cross-products of its groups, for every two
/// factors those of the pairs of groups that occur.
struct CrossedGrams: Sendable {
  private typealias DegreesOfFreedom = InferenceOptions.DegreesOfFreedom

  struct Factor: Sendable {
    let factor: GroupingFactor
    let effects: RandomEffects
    /// The codes of each group in the factor's columns, side by side.
    let codes: [Int32]
    let count: Int
    let rowCounts: [Int]
    /// The group of each cell.
    fileprivate let numbers: [Int]
    /// Z'Z over the stored columns that carry the effects, row by row, for each group.
    fileprivate(set) var own: [Double]
    /// Z' of all columns of the frame, a row for each carrier, for each group.
    fileprivate(set) var cross: [Double]

    var carriers: Int { effects.columns.count }
  }

  /// Z_f'Z_g of the pairs of groups that occur, f before g.
  struct Pairs: Sendable {
    let first: Int
    let second: Int
    /// The groups of each pair, sorted by the first and then the second.
    let groups: [(first: Int, second: Int)]
    /// A row for each carrier of the first factor, for each pair.
    let blocks: [Double]
  }

  let plan: ModelPlan
  let frame: ModelFrame
  let scales: [ColumnScale]
  /// The factor of most effects first: it is the one that is eliminated by blocks.
  let factors: [Factor]
  let pairs: [Pairs]
  /// The cross-products of all rows over the frame's columns.
  let pooled: Matrix
  /// Rows, or what frequency weights make of them.
  let size: Double
  let rowCount: Int
  let dropped: DroppedRows
  let logWeights: Double
  let rowWeights: NestedGrams.WeightSummary

  /// - Throws: `usage` where the request asks for what crossed factors do not have.
  /// - Complexity: O(cells · factors² · columns).
  init(_ partial: GramPartial, of fit: GramFit) throws(ImmerseError) {
    try Self.check(fit.plan)
    (plan, frame, scales) = (fit.plan, fit.frame, fit.scales)
    rowCount = partial.rowCounts.reduce(0, +)
    dropped = partial.dropped
    logWeights = partial.logWeights
    rowWeights = NestedGrams.WeightSummary(
      count: rowCount, sum: partial.weightSums.reduce(0, +), sumOfSquares: partial.weightSquares.reduce(0, +))
    size = fit.plan.request.weightsKind == .frequency ? rowWeights.sum : Double(rowCount)

    let codes = partial.cells.codesByColumn()
    let columnCount = fit.frame.columns.count
    var factors: [Factor] = []
    for factor in fit.plan.factors {
      let effects = try RandomEffects(factor, frame: fit.frame, scales: fit.scales)
      let partition = Partition(
        factor,
        columns: factor.columns.compactMap { name in
          fit.frame.groups.firstIndex { $0.name == name }.map { codes[$0] }
        })
      let carriers = effects.columns.count
      var rowCounts = [Int](repeating: 0, count: partition.count)
      for (cell, group) in partition.numbers.enumerated() { rowCounts[group] += partial.rowCounts[cell] }
      factors.append(
        Factor(
          factor: factor, effects: effects, codes: partition.codes, count: partition.count,
          rowCounts: rowCounts, numbers: partition.numbers,
          own: [Double](repeating: 0, count: partition.count * carriers * carriers),
          cross: [Double](repeating: 0, count: partition.count * carriers * columnCount)))
    }
    factors.sort { $0.count * $0.effects.count > $1.count * $1.effects.count }
    let triangle = packedCount(columnCount)
    var pooled = Matrix(rows: columnCount, columns: columnCount)
    var sums = [Double](repeating: 0, count: triangle)
    partial.grams.withUnsafeBufferPointer { grams in
      for cell in 0..<partial.cells.count {
        for k in 0..<triangle { sums[k] += grams[cell * triangle + k] }
      }
      for f in factors.indices { factors[f].accumulate(grams, columnCount: columnCount) }
    }
    for i in 0..<columnCount {
      for j in 0...i {
        pooled[i, j] = sums[packed(i, j)]
        pooled[j, i] = pooled[i, j]
      }
    }
    self.pooled = pooled
    var pairs: [Pairs] = []
    for f in factors.indices {
      for g in f + 1..<max(f + 1, factors.count) {
        pairs.append(Pairs(f, g, factors, partial.grams, columnCount: columnCount))
      }
    }
    self.pairs = pairs
    self.factors = factors
  }

  private static func check(_ plan: ModelPlan) throws(ImmerseError) {
    let labels = plan.factors.map(\.label).joined(separator: " and ")
    if plan.isSampled {
      throw ImmerseError(
        .usage,
        "the groups of \(labels) cross, and with sampling weights only nested groups can be fitted: the "
          + "pseudo-likelihood of crossed groups does not factor by group, so no weight of a group can enter it",
        remedy: "leave one of the factors out, or the weights; where identifiers restart within each group above, "
          + "write (1 | above/below)")
    }
    if plan.request.weights.count > 1 {
      throw ImmerseError(
        .usage, "the groups of \(labels) cross, so only rows can have weights", remedy: "name one column of weights")
    }
    if let column = plan.request.residualBy {
      throw ImmerseError(
        .usage, "residual variances by \(column) are fitted for nested groups only, and those of \(labels) cross",
        remedy: "leave --residual-by out")
    }
    let inference = plan.inference
    guard inference.standardErrors == .model, inference.designColumns.isEmpty else {
      throw ImmerseError(
        .usage,
        "the groups of \(labels) cross, so there are no independent groups to build a sandwich or cr2 from",
        remedy: "use the model's standard errors")
    }
    guard [nil, DegreesOfFreedom.none, .satterthwaite].contains(inference.degreesOfFreedom) else {
      throw ImmerseError(
        .usage,
        "the groups of \(labels) cross, and degrees of freedom by Kenward and Roger, containment and the design need "
          + "groups that are independent or nested",
        remedy: "use --df satterthwaite or none")
    }
  }
}

extension CrossedGrams.Factor {
  fileprivate mutating func accumulate(_ grams: UnsafeBufferPointer<Double>, columnCount: Int) {
    let (columns, triangle) = (effects.columns, packedCount(columnCount))
    let numbers = numbers
    cross.withUnsafeMutableBufferPointer { cross in
      for (cell, group) in numbers.enumerated() {
        for (z, row) in columns.enumerated() {
          let target = (group * columns.count + z) * columnCount
          for column in 0..<columnCount {
            cross[target + column] += grams[cell * triangle + packed(max(row, column), min(row, column))]
          }
        }
      }
    }
    for group in 0..<count {
      for z in columns.indices {
        for (y, column) in columns.enumerated() {
          own[(group * columns.count + z) * columns.count + y] =
            cross[(group * columns.count + z) * columnCount + column]
        }
      }
    }
  }
}

extension CrossedGrams.Pairs {
  fileprivate init(
    _ first: Int, _ second: Int, _ factors: [CrossedGrams.Factor], _ grams: [Double], columnCount: Int
  ) {
    let (f, g) = (factors[first], factors[second])
    var index = KeyIndex()
    let numbers = zip(f.numbers, g.numbers).map { index.insert(KeyIndex.pair($0, $1)) }
    // In the order of the groups, so that nothing depends on the order of the rows.
    let order = index.keys.indices.sorted { index.keys[$0] < index.keys[$1] }
    var position = [Int](repeating: 0, count: order.count)
    for (new, old) in order.enumerated() { position[old] = new }
    let size = f.carriers * g.carriers
    var blocks = [Double](repeating: 0, count: order.count * size)
    let triangle = packedCount(columnCount)
    let offsets = f.effects.columns.flatMap { row in
      g.effects.columns.map { packed(max(row, $0), min(row, $0)) }
    }
    for (cell, number) in numbers.enumerated() {
      for (k, offset) in offsets.enumerated() {
        blocks[position[number] * size + k] += grams[cell * triangle + offset]
      }
    }
    self.first = first
    self.second = second
    groups = order.map {
      let parts = KeyIndex.parts(index.keys[$0])
      return (parts.first, parts.second)
    }
    self.blocks = blocks
  }
}
