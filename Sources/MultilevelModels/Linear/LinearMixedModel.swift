import Columnar
import LinearAlgebra
import ModelFormula
import RealModule
import Streaming

/// The likelihood of a Gaussian mixed model as a function of θ, over the cross-products of nested groups.
///
/// For rows in groups j in groups k ... the pseudo-likelihood of Rabe-Hesketh and Skrondal (2006) is profiled over the
/// fixed effects and σ. One evaluation climbs the tree of groups and costs O(groups · q · columns²), whatever the number
/// of rows; its exact gradient is one descent of the same tree.
struct LinearMixedModel: Sendable {
  /// One level of groups in the order of evaluation.
  struct Level: Sendable {
    let effects: RandomEffects
    let shape: StepShape
    let parents: [Int]
    let parentCount: Int
    /// Conditional weights, and their products with those of all groups above.
    var weights: [Double]
    var totalWeights: [Double]
    /// Runs of siblings, each short enough to be one piece of work.
    let segments: [Range<Int>]
    /// Runs of segments, each large enough to be worth a thread.
    let tasks: [Range<Int>]

    var count: Int { parents.count }
    var weightOfGroups: Double { totalWeights.reduce(0, +) }
  }

  let grams: NestedGrams
  var isRestricted: Bool
  let threads: Int
  /// The frame's columns of the fixed effects that are estimated, and of those that depend on earlier ones.
  let fixed: [Int]
  let dependent: [Int]
  /// The frame's columns in the order of the stored triangles: those used by the lowest level only, ..., the fixed
  /// effects, the response. Every level needs a tail of it.
  let layout: [Int]
  private(set) var levels: [Level]
  /// Packed triangles of the lowest groups in the order of the layout.
  private(set) var lowest: [Double]
  /// Weighted sums of the lowest groups' triangles by parent, in the columns that the parents need.
  private(set) var pooledLowest: [Double]
  let residuals: ResidualVariances?
  /// The sum of all weights.
  private(set) var size: Double
  private(set) var pooled: Matrix

  /// The divisor of the residual variance.
  var degreesOfFreedom: Double { isRestricted ? size - Double(fixed.count) : size }

  init(_ grams: NestedGrams, threads: Int) throws(ImmerseError) {
    self.grams = grams
    self.threads = threads
    isRestricted = grams.plan.method == .reml
    let frame = grams.frame
    let depth = grams.nesting.levels.count
    var effects: [RandomEffects] = []
    for level in grams.nesting.levels {
      effects.append(try RandomEffects(level.factor, frame: frame, scales: grams.scales))
    }
    var totalWeights = grams.weights
    for level in (0..<depth - 1).reversed() {
      for (group, parent) in grams.nesting.levels[level].parents.enumerated() {
        totalWeights[level][group] *= totalWeights[level + 1][parent]
      }
    }
    size = zip(totalWeights[0], grams.sizes).reduce(0) { $0 + $1.0 * $1.1 }
    let pooled = Self.pooled(grams, weights: totalWeights[0])
    self.pooled = pooled
    let dependentPositions = pooled.submatrix(rows: frame.fixed, columns: frame.fixed).dependentColumns()
    dependent = dependentPositions.map { frame.fixed[$0] }
    fixed = frame.fixed.indices.filter { !dependentPositions.contains($0) }.map { frame.fixed[$0] }
    let fixed = fixed
    // Frequency weights stand for rows and groups that are there.
    let isCounted = grams.plan.request.weightsKind == .frequency && !grams.plan.request.weights.isEmpty
    let (tree, counts) = (grams.nesting.levels, totalWeights.map { Int($0.reduce(0, +)) })
    try Identification(
      frame: frame,
      factors: tree.indices.map { (tree[$0].factor.label, isCounted ? counts[$0] : tree[$0].count, effects[$0]) },
      rowCount: isCounted ? Int(size) : grams.rowCount, fixedCount: fixed.count, pooled: pooled, size: size
    ).check()

    // A column is needed up to the highest level that uses it.
    var highest = [Int](repeating: -1, count: frame.columns.count)
    for (level, effects) in effects.enumerated() {
      for column in effects.columns { highest[column] = level }
    }
    for column in fixed + [frame.response] { highest[column] = depth }
    let carriersOnly = frame.columns.indices.filter { highest[$0] >= 0 && highest[$0] < depth }
      .sorted { (highest[$0], $0) < (highest[$1], $1) }
    let layout = carriersOnly + fixed + [frame.response]
    self.layout = layout
    let widths = (0...depth).map { level in layout.count { highest[$0] >= level } }

    levels = (0..<depth).map { level in
      let tree = grams.nesting.levels[level]
      let first = layout.count - widths[level]
      let shape = StepShape(
        effects: effects[level].count, width: widths[level], upperCount: widths[level + 1],
        positions: effects[level].columns.compactMap { column in layout.firstIndex(of: column).map { $0 - first } })
      let (segments, tasks) = Self.work(tree.parents)
      return Level(
        effects: effects[level], shape: shape, parents: tree.parents,
        parentCount: level + 1 < depth ? grams.nesting.levels[level + 1].count : 1, weights: grams.weights[level],
        totalWeights: totalWeights[level], segments: segments, tasks: tasks)
    }
    lowest = Self.reordered(grams.grams, layout: layout, columnCount: frame.columns.count)
    pooledLowest = Self.pooledByParent(lowest, levels[0])
    residuals = grams.classes.map { classes in
      ResidualVariances(
        classes, triangles: Self.reordered(classes.grams, layout: layout, columnCount: frame.columns.count),
        weights: totalWeights[0])
    }
  }

  private static let segmentLength = 256
  private static let taskLength = 2_048

  /// Cuts the groups of a level into runs of siblings, and these into pieces of work; both depend on the tree alone.
  private static func work(_ parents: [Int]) -> (segments: [Range<Int>], tasks: [Range<Int>]) {
    var segments: [Range<Int>] = []
    var tasks: [Range<Int>] = []
    var (start, firstSegment) = (0, 0)
    for group in parents.indices {
      let isLast = group + 1 == parents.count
      if isLast || parents[group + 1] != parents[group] || group + 1 - start == segmentLength {
        segments.append(start..<group + 1)
        start = group + 1
        if isLast || start - segments[firstSegment].lowerBound >= taskLength {
          tasks.append(firstSegment..<segments.count)
          firstSegment = segments.count
        }
      }
    }
    return (segments, tasks)
  }

  /// The cross-products of all rows under the product of all weights, over the frame's columns.
  private static func pooled(_ grams: NestedGrams, weights: [Double]) -> Matrix {
    let count = grams.frame.columns.count
    let size = packedCount(count)
    var sums = [Double](repeating: 0, count: size)
    grams.grams.withUnsafeBufferPointer { source in
      for (group, weight) in weights.enumerated() {
        for k in 0..<size { sums[k] += weight * source[group * size + k] }
      }
    }
    var matrix = Matrix(rows: count, columns: count)
    for i in 0..<count {
      for j in 0...i {
        matrix[i, j] = sums[packed(i, j)]
        matrix[j, i] = matrix[i, j]
      }
    }
    return matrix
  }

  /// Triangles over the frame's columns as triangles over the layout.
  private static func reordered(_ grams: [Double], layout: [Int], columnCount: Int) -> [Double] {
    let source = packedCount(columnCount)
    let offsets = layout.indices.flatMap { i in
      (0...i).map { packed(max(layout[i], layout[$0]), min(layout[i], layout[$0])) }
    }
    let count = grams.count / source
    return [Double](unsafeUninitializedCapacity: count * offsets.count) { target, initialized in
      grams.withUnsafeBufferPointer { grams in
        for group in 0..<count {
          for (k, offset) in offsets.enumerated() { target[group * offsets.count + k] = grams[group * source + offset] }
        }
      }
      initialized = count * offsets.count
    }
  }

  static func pooledByParent(_ lowest: [Double], _ level: Level) -> [Double] {
    let shape = level.shape
    let (first, upper) = (shape.firstUpper, packedCount(shape.upperCount))
    var sums = [Double](repeating: 0, count: level.parentCount * upper)
    for group in 0..<level.count {
      let (base, weight, target) = (group * shape.gramSize, level.weights[group], level.parents[group] * upper)
      for a in 0..<shape.upperCount {
        for b in 0...a {
          sums[target + packed(a, b)] += weight * lowest[base + packed(first + a, first + b)]
        }
      }
    }
    return sums
  }
}

extension LinearMixedModel {
  /// The model of the same rows with another response, whose cross-products stand last in the triangles.
  mutating func replaceResponse(by triangles: [Double]) {
    lowest = triangles
    pooledLowest = Self.pooledByParent(triangles, levels[0])
    let last = packed(layout.count - 1, layout.count - 1)
    let width = packedCount(layout.count)
    let response = grams.frame.response
    pooled[response, response] = levels[0].totalWeights.indices.reduce(0) {
      $0 + levels[0].totalWeights[$1] * triangles[$1 * width + last]
    }
  }

  /// Leaves the rows of a group out, as if it weighed nothing.
  mutating func remove(group: Int, of depth: Int) {
    levels[depth].weights[group] = 0
    var isGone = Array(repeating: false, count: levels[depth].count)
    isGone[group] = true
    for level in (0...depth).reversed() {
      if level < depth { isGone = levels[level].parents.map { isGone[$0] } }
      for (member, gone) in isGone.enumerated() where gone {
        if level == 0 { size -= levels[0].totalWeights[member] * grams.sizes[member] }
        levels[level].totalWeights[member] = 0
      }
    }
    if depth == 0 { pooledLowest = Self.pooledByParent(lowest, levels[0]) }
  }
}
