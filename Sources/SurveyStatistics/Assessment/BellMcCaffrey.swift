import Columnar
import LinearAlgebra

/// Standard errors and degrees of freedom of a linear model for few clusters (CR2: Bell and McCaffrey 2002, Survey
/// Methodology 28, 169-181; with weights Pustejovsky and Tipton 2018, JBES 36, 672-683, for a working covariance of I).
///
/// With H = X M X'W the hat matrix, M = (X'WX)⁻¹, residuals of cluster g are multiplied by A_g = B_g^(−1/2), where
///
///     B_g = (I − H)_g (I − H)_g' = I + Z C Z',   Z = (X_g, W_g X_g),   C = (M K M, −M; −M, 0),   K = X'W²X,
///
/// and the coefficients' covariance is M (Σ X_g'W_g A_g e_g e_g' A_g W_g X_g) M. As B_g differs from I within the span of Z
/// only, products of Z and e by cluster are enough; no matrix has the size of a cluster.
struct BellMcCaffrey: Sendable {
  /// Of the coefficients of the columns as they are.
  let covariance: Matrix
  /// Satterthwaite's, by coefficient, as if errors were independent and of one variance.
  let degreesOfFreedom: [Double]
  let clusterCount: Int

  /// What a reader must know of the standard errors.
  var convention: String {
    "standard errors are Bell and McCaffrey's (CR2) over \(clusterCount) clusters, with Satterthwaite's degrees of freedom by "
      + "coefficient; strata and population sizes do not enter"
  }

  /// - Throws: `badData` where there are fewer than two clusters.
  init(_ model: FittedModel, _ context: ModelContext, _ dataset: Dataset, _ engine: Engine) throws(ImmerseError) {
    let products = try dataset.fit(ClusterProductsFit(context: context, model: model), with: engine)
    guard products.count > 1 else {
      throw ImmerseError(
        .badData, "the rows of the model lie in a single cluster, so a variance cannot be estimated",
        variable: context.request.design.psu.first, remedy: "check --psu")
    }
    clusterCount = products.count
    (covariance, degreesOfFreedom) = try numerically { () throws(NumericalError) in
      try BellMcCaffrey.judge(
        products, bread: model.inverse.scaled(by: model.meanWeight), unscaling: model.design.unscaling)
    }
  }

  private static func judge(
    _ products: [Matrix], bread: Matrix, unscaling: Matrix
  ) throws(NumericalError) -> (covariance: Matrix, degreesOfFreedom: [Double]) {
    let p = bread.rows
    var squares = Matrix(rows: p, columns: p)
    for product in products { squares.add(product.submatrix(rows: Array(p..<2 * p), columns: Array(p..<2 * p))) }
    let core = try Matrix.core(bread, try bread.congruence(squares))
    // Rows: the weights by which each coefficient is made of the score.
    let map = try unscaling * bread
    var meat = Matrix(rows: p, columns: p)
    var traces = [SatterthwaiteSums](repeating: SatterthwaiteSums(width: 2 * p), count: p)
    for product in products {
      let cluster = try AdjustedCluster(product, core)
      meat.addProduct(of: try cluster.score)
      for coefficient in 0..<p {
        let own = try cluster.weights((0..<p).map { map[coefficient, $0] })
        traces[coefficient].add(own.products, square: own.square, core)
      }
    }
    return (try map.congruence(meat), try traces.map { sums throws(NumericalError) in try sums.degreesOfFreedom(core) })
  }
}

/// One cluster with its residuals adjusted: A = I + U F U', with U an orthonormal basis of the span of Z = U R.
private struct AdjustedCluster {
  private let products: Matrix
  private let basis: Matrix
  private let adjustment: Matrix
  private let p: Int

  init(_ products: Matrix, _ core: Matrix) throws(NumericalError) {
    self.products = products
    p = (products.rows - 1) / 2
    let z = Array(0..<2 * p)
    let eigen = try SymmetricEigen(products.submatrix(rows: z, columns: z))
    let limit = 1e-12 * (eigen.values.last ?? 0)
    let kept = eigen.values.indices.filter { eigen.values[$0] > limit }
    var basis = Matrix(rows: kept.count, columns: 2 * p)
    for (row, index) in kept.enumerated() {
      let root = eigen.values[index].squareRoot()
      for column in z { basis[row, column] = root * eigen.vectors[column, index] }
    }
    self.basis = basis
    let inner = try SymmetricEigen(try basis.congruence(core))
    var scaled = inner.vectors
    for (column, value) in inner.values.enumerated() {
      // A direction that the model fits without error has no residual to adjust.
      let factor = 1 + value > 1e-10 ? 1 / (1 + value).squareRoot() : 0
      for row in 0..<scaled.rows { scaled[row, column] *= factor - 1 }
    }
    adjustment = try scaled.timesTransposed(inner.vectors)
  }

  /// R of the columns of W X.
  private var weighted: Matrix { basis.submatrix(rows: Array(0..<basis.rows), columns: Array(p..<2 * p)) }

  /// X'W A e
  var score: [Double] {
    get throws(NumericalError) {
      // U'e = R⁻'Z'e, by the orthogonal rows of R.
      let residual = (0..<basis.rows).map { row in
        let length = (0..<2 * p).reduce(0) { $0 + basis[row, $1] * basis[row, $1] }
        return (0..<2 * p).reduce(0) { $0 + basis[row, $1] * products[$1, 2 * p] } / length
      }
      let added = try weighted.transposed * (try adjustment * residual)
      return (0..<p).map { products[p + $0, 2 * p] + added[$0] }
    }
  }

  /// For a = A W X m, which makes a coefficient of the residuals: Z'a and a'a.
  func weights(_ m: [Double]) throws(NumericalError) -> (products: [Double], square: Double) {
    let plain = try weighted * m
    let added = try adjustment * plain
    // U'a, and what of W X m lies outside of U is nothing.
    let whole = zip(plain, added).map { $0 + $1 }
    return (try basis.transposed * whole, whole.reduce(0) { $0 + $1 * $1 })
  }
}

/// The sums over clusters of which Satterthwaite's degrees of freedom (tr P)²/tr P² are made, P_gh = δ_gh a_g'a_g + T_g'C T_h
/// with T = Z'a.
private struct SatterthwaiteSums {
  private var diagonal = 0.0
  private var squares = 0.0
  private var outer: Matrix

  init(width: Int) { outer = Matrix(rows: width, columns: width) }

  mutating func add(_ products: [Double], square: Double, _ core: Matrix) {
    diagonal += square
    squares += square * square + 2 * square * core.form(products, products)
    outer.addProduct(of: products)
  }

  func degreesOfFreedom(_ core: Matrix) throws(NumericalError) -> Double {
    let product = try core * outer
    let trace = diagonal + product.diagonal.reduce(0, +)
    return trace * trace / (squares + product.traceOfProduct(product.transposed))
  }
}

extension Matrix {
  /// (M K M, −M; −M, 0)
  fileprivate static func core(_ bread: Matrix, _ middle: Matrix) throws(NumericalError) -> Matrix {
    let p = bread.rows
    var core = Matrix(rows: 2 * p, columns: 2 * p)
    for i in 0..<p {
      for j in 0..<p {
        core[i, j] = middle[i, j]
        core[i, p + j] = -bread[i, j]
        core[p + i, j] = -bread[i, j]
      }
    }
    return core
  }
}
