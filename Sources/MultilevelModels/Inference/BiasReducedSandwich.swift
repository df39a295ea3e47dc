import Columnar
import LinearAlgebra

/// The bias-reduced sandwich CR2 of Bell and McCaffrey (2002) over the groups g of the top level, and its degrees of
/// freedom, as Pustejovsky and Tipton (2018) state them for weights w_g, with the fitted model as the working model V:
///
///     M = (Σ w X'V⁻¹X)⁻¹    S = Σ w² X'V⁻¹X    B = V − 2w XMX' + XMSMX'    Ω = D'(DBD')^{+½}D, V = D'D
///     v = w X'V⁻¹Ωe    Cov = M (Σ vv') M
///
/// Weights of rows are the working model's, in which a row of weight w has the residual variance σ²/w: all columns enter
/// times √w, and B is of those.
///
/// Rows enter by a root of the lowest groups' cross-products of [Z X e], as everything is σ²I off their span, so that a
/// top-level group costs O((lowest groups · columns)³) whatever its rows.
struct BiasReducedSandwich: SmallSample {
  let covariance: Matrix
  /// M and MSM.
  private let bread: Matrix
  private let filled: Matrix
  private let groups: [Group]

  private struct Group {
    let weight: Double
    let design: Matrix
    let residual: [Double]
    let variance: Matrix
    let cholesky: Cholesky
    /// w X'V⁻¹Ω.
    var projected = Matrix(rows: 0, columns: 0)
  }

  /// A group's system of this many rows takes a second or so.
  private static let rowLimit = 3_000

  /// - Throws: `usage` where weights have no working model, or a group is too large.
  static func check(_ model: LinearMixedModel) throws(ImmerseError) {
    let labels = model.grams.nesting.levels.map(\.factor.label)
    for (depth, level) in model.levels.enumerated().dropLast() where level.weights.contains(where: { $0 != 1 }) {
      throw ImmerseError(
        .usage, "the cr2 sandwich has no working model for the weights of \(labels[depth]), a level below the top",
        remedy: "use --se sandwich")
    }
    if model.grams.plan.request.weightsKind == .frequency,
      model.levels.contains(where: { $0.weights.contains { $0 != 1 } })
    {
      throw ImmerseError(
        .usage, "the cr2 sandwich takes a group for one cluster, whatever its frequency",
        remedy: "use --se sandwich, or repeat the rows under new names of their groups")
    }
    let largest = members(model.ancestors()).map(\.count).max() ?? 0
    guard largest * model.layout.count <= rowLimit || model.levels.count == 1 else {
      throw ImmerseError(
        .usage,
        "a group of \(labels[labels.count - 1]) holds \(largest) of \(labels[0]), too many for the cr2 sandwich",
        remedy: "use --se sandwich")
    }
  }

  /// The lowest groups of each top-level group.
  private static func members(_ ancestors: [[Int]]) -> [[Int]] {
    let top = ancestors[ancestors.count - 1]
    var members = [[Int]](repeating: [], count: (top.max() ?? -1) + 1)
    for (lowest, group) in top.enumerated() { members[group].append(lowest) }
    return members
  }

  init(_ model: LinearMixedModel, _ evaluation: Evaluation) throws(NumericalError) {
    bread = try evaluation.information.inverse().scaled(by: evaluation.residualVariance)
    let weights = model.levels[model.levels.count - 1].weights
    var groups: [Group] = []
    var squares = Matrix(rows: bread.rows, columns: bread.rows)
    let ancestors = model.ancestors()
    for (group, members) in Self.members(ancestors).enumerated() {
      let (design, residual, variance) = try model.span(of: members, ancestors, evaluation)
      let own = Group(
        weight: weights[group], design: design, residual: residual, variance: variance,
        cholesky: try Cholesky(variance))
      let solved = try own.cholesky.solveLower(design)
      squares.add(try solved.crossProduct(), times: own.weight * own.weight)
      groups.append(own)
    }
    filled = try bread.congruence(squares)
    var meat = Matrix(rows: bread.rows, columns: bread.rows)
    for index in groups.indices {
      let group = groups[index]
      var corrected = group.variance
      corrected.add(try group.design.congruence(bread), times: -2 * group.weight)
      corrected.add(try group.design.congruence(filled))
      let root = group.cholesky.factor.transposed
      let omega = try root.transposed.congruence(try root.congruence(corrected).inverseSquareRoot(tolerance: 1e-10))
      let projected = try group.cholesky.solve(group.design).transposedTimes(omega).scaled(by: group.weight)
      let score = Matrix(rows: bread.rows, columns: 1, elements: try projected * group.residual)
      meat.add(try score.timesTransposed(score))
      groups[index].projected = projected
    }
    covariance = try bread.congruence(meat)
    self.groups = groups
  }

  /// ν = (tr P)² / tr(P²) with P_gh = δ_gh π_g − g_g'M k_h − k_g'M g_h + g_g'MSM g_h, and a = wΩV⁻¹XMc, π = a'Va, g = X'a,
  /// k = w g.
  func degreesOfFreedom(_ contrast: [Double]) throws(NumericalError) -> Double {
    let p = contrast.count
    let direction = try bread * contrast
    // P − diag(π) = U C U' with the rows [g' k'] of U.
    var core = Matrix(rows: 2 * p, columns: 2 * p)
    for i in 0..<p {
      for j in 0..<p {
        core[i, j] = filled[i, j]
        core[i, p + j] = -bread[i, j]
        core[p + i, j] = -bread[i, j]
      }
    }
    var (trace, squares) = (0.0, 0.0)
    var sum = Matrix(rows: 2 * p, columns: 2 * p)
    for group in groups {
      let a = try group.projected.transposed * direction
      let g = try group.design.transposed * a
      let row = g + g.map { group.weight * $0 }
      let own = group.variance.form(a, a)
      let shared = core.form(row, row)
      trace += own + shared
      squares += own * own + 2 * own * shared
      let column = Matrix(rows: 2 * p, columns: 1, elements: row)
      sum.add(try column.timesTransposed(column))
    }
    let product = try core * sum
    squares += product.traceOfProduct(product.transposed)
    return trace * trace / squares
  }

  /// The smallest of those of the contrasts rotated to uncorrelated ones.
  func denominator(_ contrasts: Matrix) throws(NumericalError) -> (scale: Double, degreesOfFreedom: Double) {
    let eigen = try SymmetricEigen(try contrasts.transposed.congruence(covariance))
    let rotated = try contrasts * eigen.vectors
    var smallest = Double.infinity
    for m in 0..<rotated.columns { smallest = min(smallest, try degreesOfFreedom(rotated.column(m))) }
    return (1, smallest)
  }
}

extension LinearMixedModel {
  /// The group at each level of every lowest group.
  fileprivate func ancestors() -> [[Int]] {
    var ancestors = [Array(0..<levels[0].count)]
    for depth in levels.indices.dropLast() {
      ancestors.append(ancestors[depth].map { levels[depth].parents[$0] })
    }
    return ancestors
  }

  /// X, e and V of some lowest groups of one top-level group, in coordinates of the span of [Z X e].
  fileprivate func span(
    of members: [Int], _ ancestors: [[Int]], _ evaluation: Evaluation
  ) throws(NumericalError) -> (design: Matrix, residual: [Double], variance: Matrix) {
    let (count, p) = (layout.count, fixed.count)
    let firstFixed = count - 1 - p
    // From columns [.., X, y] to [.., X, e].
    var map = Matrix.identity(count)
    for (i, b) in evaluation.coefficients.enumerated() { map[firstFixed + i, count - 1] = -b }
    var rows: [[Double]] = []
    var owners: [Int] = []
    for member in members {
      let eigen = try SymmetricEigen(try map.transposed.congruence(crossProducts(of: member)))
      let limit = 1e-12 * (eigen.values.last ?? 0)
      for (index, value) in eigen.values.enumerated() where value > limit {
        rows.append(eigen.vectors.column(index).map { value.squareRoot() * $0 })
        owners.append(member)
      }
    }
    let all = Array(rows.indices)
    let root = Matrix(rows: count, columns: rows.count, elements: rows.flatMap(\.self)).transposed
    var variance = Matrix(diagonal: rows.map { _ in evaluation.residualVariance })
    for (depth, level) in levels.enumerated() {
      let shape = level.shape
      let factor = Matrix(rows: shape.effects, columns: shape.carriers, elements: evaluation.factors[depth]).transposed
      let effects = try root.submatrix(rows: all, columns: shape.positions.map { count - shape.width + $0 }) * factor
      let products = try effects.timesTransposed(effects)
      for j in all {
        for i in all where ancestors[depth][owners[i]] == ancestors[depth][owners[j]] {
          variance[i, j] += evaluation.residualVariance * products[i, j]
        }
      }
    }
    return (
      root.submatrix(rows: all, columns: Array(firstFixed..<firstFixed + p)), root.column(count - 1), variance
    )
  }
}

extension Matrix {
  /// The Moore-Penrose inverse of the square root of a symmetric matrix; eigenvalues up to `tolerance` times the largest
  /// count as zero.
  func inverseSquareRoot(tolerance: Double) throws(NumericalError) -> Matrix {
    let eigen = try SymmetricEigen(self)
    let limit = tolerance * (eigen.values.last ?? 0)
    var scaled = eigen.vectors
    for (j, value) in eigen.values.enumerated() {
      let factor = value > limit ? 1 / value.squareRoot() : 0
      for i in 0..<scaled.rows { scaled[i, j] *= factor }
    }
    return try scaled.timesTransposed(eigen.vectors)
  }
}
