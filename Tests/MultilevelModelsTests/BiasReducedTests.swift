import Columnar
import LinearAlgebra
import TestSupport
import Testing

@testable import MultilevelModels

/// CR2 against Pustejovsky and Tipton's (2018) definition on full matrices over the rows, with a symmetric root of the
/// working model and the degrees of freedom from the full (I − H)'..(I − H).
@Suite struct BiasReducedTests {
  private static let (groups, classes, size) = (7, 3, 4)

  /// Rows in classes in schools; `w` differs between rows, `v` between schools.
  private static func table() -> Table {
    var random = SplitMix64(state: 21)
    var (y, x, w, v): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    var (school, name): ([String], [String]) = ([], [])
    for g in 0..<groups {
      let ofSchool = Double.random(in: -2...2, using: &random)
      for c in 0..<classes {
        let ofClass = Double.random(in: -2...2, using: &random)
        let slope = Double.random(in: -1...1, using: &random)
        for _ in 0..<(size + (g + c) % 3) {
          x.append(Double.random(in: -1...1, using: &random) + 0.3 * Double(g))
          y.append(1 + (1 + slope) * x[x.count - 1] + ofSchool + ofClass + Double.random(in: -2...2, using: &random))
          w.append(Double.random(in: 0.5...2, using: &random))
          v.append(1 + 0.5 * Double(g % 3))
          school.append("s\(g)")
          name.append("s\(g)c\(c)")
        }
      }
    }
    return Table([
      ("y", Column(y)), ("x", Column(x)), ("w", Column(w)), ("v", Column(v)),
      ("one", Column([Double](repeating: 1, count: y.count))),
      ("f", Column(v.map { $0 == 1 ? 1 : 2 })),
    ]).adding("school", school).adding("class", name)
  }

  @Test(arguments: [
    FitRequest("y ~ x + (x | class) + (1 | school)"),
    FitRequest("y ~ x + (1 | class) + (x || school)", method: .ml),
    FitRequest("y ~ x + (x | class) + (1 | school)", weights: ["w"], weightsKind: .precision),
    FitRequest("y ~ x + (1 | school)", weights: ["one", "v"], weightsAre: .conditional),
    FitRequest("y ~ x + (x | school)", weights: ["w", "v"], weightsAre: .conditional),
    FitRequest("y ~ x + (1 | class) + (1 | school)", weights: ["w", "one", "v"], weightsAre: .conditional),
  ])
  func errorsAndDegreesOfFreedomAreThoseOfFullMatrices(request: FitRequest) throws {
    var request = request
    request.inference.standardErrors = .cr2
    let table = Self.table()
    let result = try MixedModel.fit(request, to: table).result
    let n = table.rowCount
    // Every column times the root of the row's weight.
    let roots =
      request.weights.isEmpty
      ? [Double](repeating: 1, count: n) : table.numbers(request.weights[0]).map { $0.squareRoot() }
    let (y, x) = (zip(table.numbers("y"), roots).map(*), zip(table.numbers("x"), roots).map(*))
    let top = request.weights.count > 1 ? table.numbers("v") : [Double](repeating: 1, count: n)
    let schools = table.strings("school")

    // V over all rows.
    var v = Matrix(rows: n, columns: n)
    for i in 0..<n { v[i, i] = result.component("Residual") }
    for row in result.varianceComponents where row.group != "Residual" {
      let groups = table.strings(row.group)
      let factors = [row.term1, row.term2 ?? row.term1].map { $0 == "x" ? x : roots }
      for i in 0..<n {
        for j in 0..<n where groups[i] == groups[j] {
          v[i, j] += row.covariance * factors[0][i] * factors[1][j]
          if row.term2 != nil { v[i, j] += row.covariance * factors[1][i] * factors[0][j] }
        }
      }
    }
    let design = Matrix(rows: n, columns: 2, elements: roots + x)
    var w = try Cholesky(v).inverse()
    for i in 0..<n {
      for j in 0..<n { w[i, j] *= top[i] }
    }
    let m = try Cholesky(try design.transposedTimes(w * design)).inverse()
    let hat = try design * (m * design.transposedTimes(w))
    var rest = Matrix.identity(n)
    rest.add(hat, times: -1)
    let beta = try m * (design.transposedTimes(w) * y)
    expectClose(result.rows.map(\.estimate), beta, relative: 1e-8)
    let residuals = try rest * y

    var meat = Matrix(rows: 2, columns: 2)
    var adjusted: [Matrix] = []
    let full = try rest.congruence(v)
    let names = Set(schools).sorted()
    for name in names {
      let own = schools.indices.filter { schools[$0] == name }
      let eigen = try SymmetricEigen(v.submatrix(rows: own, columns: own))
      var scaled = eigen.vectors
      for j in own.indices {
        for i in own.indices { scaled[i, j] *= eigen.values[j].squareRoot() }
      }
      let root = try scaled.timesTransposed(eigen.vectors)
      let inner = try root.congruence(full.submatrix(rows: own, columns: own))
      let a = try root.congruence(inner.inverseSquareRoot(tolerance: 1e-10))
      let wx = try w.submatrix(rows: own, columns: own) * design.submatrix(rows: own, columns: [0, 1])
      let score = try wx.transposedTimes(a) * own.map { residuals[$0] }
      let column = Matrix(rows: 2, columns: 1, elements: score)
      meat.add(try column.timesTransposed(column))
      // (I − H)' of the school's rows times A'WXM.
      adjusted.append(try rest.submatrix(rows: own, columns: Array(0..<n)).transposedTimes(a * (wx * m)))
    }
    let covariance = try m.congruence(meat)
    for (k, row) in result.rows.enumerated() {
      expectClose(row.standardError, covariance[k, k].squareRoot(), relative: 1e-8, row.term)
      let vectors = Matrix(
        rows: n, columns: names.count, elements: adjusted.flatMap { $0.column(k) })
      let p = try vectors.transposed.congruence(v)
      let trace = p.diagonal.reduce(0, +)
      expectClose(
        try #require(row.degreesOfFreedom), trace * trace / p.traceOfProduct(p.transposed), relative: 1e-7, row.term)
    }
  }

  @Test(arguments: [
    (
      FitRequest("y ~ x + (1 | class) + (1 | school)", weights: ["one", "v"], weightsAre: .conditional),
      "weights of class"
    ),
    (
      FitRequest("y ~ x + (1 | school)", weights: ["one", "f"], weightsKind: .frequency, weightsAre: .conditional),
      "one cluster, whatever its frequency"
    ),
  ])
  func weightsWithoutAWorkingModelAreRefused(request: FitRequest, reason: String) {
    var request = request
    request.inference.standardErrors = .cr2
    let error = #expect(throws: ImmerseError.self) { try MixedModel.fit(request, to: Self.table()) }
    #expect(error?.kind == .usage)
    #expect(error?.problem.contains(reason) == true, "\(error?.description ?? "")")
  }
}
