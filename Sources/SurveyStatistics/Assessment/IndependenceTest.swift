import Columnar
import LinearAlgebra
import Probability

/// Which statistic tests the independence of two categories (R survey's `svychisq`).
public enum IndependenceStatistic: String, Sendable, Codable, CaseIterable {
  /// Pearson's X² over the trace of Δ, with both of Rao and Scott's corrections: F((tr Δ)²/tr Δ², that times the degrees of
  /// freedom of the design).
  case f = "F"
  /// Pearson's X² itself; the p-value is that of X² over the mean of Δ's eigenvalues (first-order correction).
  case chisq = "Chisq"
  /// The Wald statistic of observed less expected totals, over its degrees of freedom.
  case wald = "Wald"
  /// The same, adjusted for few degrees of freedom of the design.
  case adjustedWald = "adjWald"
  /// Pearson's X² with the exact tail of its limit under the design, the sum of chi-squared variables weighted by Δ's
  /// eigenvalues, over a mean square with the second degrees of freedom of F.
  case linearCombination = "lincom"
  /// The same tail by a saddlepoint approximation.
  case saddlepoint
}

/// A test that two categories are independent (Rao and Scott 1984, Annals of Statistics 12, 46-60).
///
/// With p the observed shares of the cells, V their covariance under the design, D = diag(p) and C the contrasts of
/// interaction,
///
///     Δ = (C' D⁻¹ C / n)⁻¹ C' D⁻¹ V D⁻¹ C
///
/// is the matrix of design effects.
struct IndependenceTest: Conclusion {
  let rowVariable: String
  let columnVariable: String
  let rowCount: Int
  let columnCount: Int
  let statistic: IndependenceStatistic

  var notes: [Note] {
    [Note("statistic", "the statistic is \(statistic.rawValue) of R survey's svychisq, from observed cell shares")]
  }
  var hasConverged: Bool { true }

  func conclude(_ domain: DomainTotals, by groups: [Group], level: Double) throws(ImmerseError) -> Concluded {
    let table = try Table(self, domain)
    let result: Result
    switch statistic {
    case .f, .chisq, .linearCombination, .saddlepoint: result = try raoScott(table, domain)
    case .wald, .adjustedWald: result = try wald(table, domain)
    }
    return Concluded(rows: [
      Estimate(
        term: "\(rowVariable):\(columnVariable)", by: groups, form: .test,
        degreesOfFreedom: result.df, count: domain.count, smallestCell: domain.smallestCell,
        statistic: result.statistic, pValue: result.pValue, residualDegreesOfFreedom: result.residualDF)
    ])
  }

  private struct Result {
    var statistic: Double?
    var df: Double?
    var residualDF: Double?
    var pValue: Double?
  }

  /// The table without the levels that do not occur in the domain.
  private struct Table {
    let rows: [Int]
    let columns: [Int]
    /// By row and column.
    let cells: [Int]
    let shares: [Double]
    let sum: Double
    let rowShares: [Double]
    let columnShares: [Double]

    init(_ test: IndependenceTest, _ domain: DomainTotals) throws(ImmerseError) {
      let (totals, width) = (domain.totals, test.columnCount)
      let rows = (0..<test.rowCount).filter { i in (0..<width).contains { totals[i * width + $0] > 0 } }
      let columns = (0..<width).filter { j in (0..<test.rowCount).contains { totals[$0 * width + j] > 0 } }
      guard rows.count > 1, columns.count > 1 else {
        throw ImmerseError(
          .badData, "has a single level in the rows tested",
          variable: rows.count > 1 ? test.columnVariable : test.rowVariable, remedy: "choose categories that vary")
      }
      self.rows = rows
      self.columns = columns
      cells = rows.flatMap { i in columns.map { i * width + $0 } }
      sum = totals.reduce(0, +)
      let shares = cells.map { [sum] in totals[$0] / sum }
      self.shares = shares
      rowShares = rows.indices.map { i in columns.indices.reduce(0) { $0 + shares[i * columns.count + $1] } }
      columnShares = columns.indices.map { j in rows.indices.reduce(0) { $0 + shares[$1 * columns.count + j] } }
    }

    var freedom: Int { (rows.count - 1) * (columns.count - 1) }

    /// A basis of the interactions: the last level of each is set against every other.
    var interactions: Matrix {
      var basis = Matrix(rows: cells.count, columns: freedom)
      for i in 0..<rows.count - 1 {
        for j in 0..<columns.count - 1 {
          let column = i * (columns.count - 1) + j
          for (row, a) in [(i, 1.0), (rows.count - 1, -1)] {
            for (place, b) in [(j, 1.0), (columns.count - 1, -1)] { basis[row * columns.count + place, column] = a * b }
          }
        }
      }
      return basis
    }
  }

  private func raoScott(_ table: Table, _ domain: DomainTotals) throws(ImmerseError) -> Result {
    let n = Double(domain.count)
    var pearson = 0.0
    for (index, share) in table.shares.enumerated() {
      let (i, j) = index.quotientAndRemainder(dividingBy: table.columns.count)
      let expected = table.rowShares[i] * table.columnShares[j]
      pearson += n * (share - expected) * (share - expected) / expected
    }
    // The influence of the contrasts C'D⁻¹p: of cell k, (the contrast of k over its share, less their mean) / Σw.
    let basis = table.interactions
    let inverse = table.shares.map { $0 > 0 ? 1 / $0 : 0 }
    var gradients: [[Double]] = []
    for column in 0..<table.freedom {
      let weighted = inverse.indices.map { basis[$0, column] * inverse[$0] }
      let centre = zip(weighted, table.shares).reduce(0) { $0 + $1.0 * $1.1 }
      var gradient = [Double](repeating: 0, count: domain.totals.count)
      for (index, cell) in table.cells.enumerated() { gradient[cell] = (weighted[index] - centre) / table.sum }
      gradients.append(gradient)
    }
    let observed = try domain.covariance(of: gradients, asShares: true)
    let eigenvalues = try numerically { () throws(NumericalError) in
      var scaled = basis
      for column in 0..<table.freedom {
        for (index, weight) in inverse.enumerated() { scaled[index, column] *= weight / n }
      }
      return try Cholesky(try basis.transposedTimes(scaled)).eigenvalues(of: observed)
    }
    let trace = eigenvalues.reduce(0, +)
    guard trace > 0 else { return Result(df: Double(table.freedom)) }
    if statistic == .chisq {
      let df = Double(table.freedom)
      return Result(
        statistic: pearson, df: df, residualDF: nil, pValue: ChiSquared(df: df).survival(pearson / (trace / df)))
    }
    let df = trace * trace / eigenvalues.reduce(0) { $0 + $1 * $1 }
    let residual = df * Double(domain.degreesOfFreedom)
    if statistic == .f {
      return Result(
        statistic: pearson / trace, df: df, residualDF: residual,
        pValue: residual > 0 ? FDistribution(df1: df, df2: residual).survival(pearson / trace) : nil)
    }
    let tail = WeightedChiSquares(eigenvalues, residualDF: residual)
    return Result(
      statistic: pearson, residualDF: residual,
      pValue: residual > 0
        ? statistic == .saddlepoint ? tail.saddlepoint(pearson) : tail.exact(pearson) : nil)
  }

  private func wald(_ table: Table, _ domain: DomainTotals) throws(ImmerseError) -> Result {
    var (differences, gradients): ([Double], [[Double]]) = ([], [])
    for i in 1..<table.rows.count {
      for j in 1..<table.columns.count {
        let (row, column) = (table.rowShares[i], table.columnShares[j])
        let own = i * table.columns.count + j
        differences.append(table.sum * (table.shares[own] - row * column))
        var gradient = [Double](repeating: 0, count: domain.totals.count)
        for (index, cell) in table.cells.enumerated() {
          let (a, b) = index.quotientAndRemainder(dividingBy: table.columns.count)
          gradient[cell] = (index == own ? 1 : 0) - (a == i ? column : 0) - (b == j ? row : 0) + row * column
        }
        gradients.append(gradient)
      }
    }
    let covariance = try domain.covariance(of: gradients)
    let solved = try numerically { () throws(NumericalError) in try Cholesky(covariance).solve(differences) }
    let (k, nu) = (Double(table.freedom), Double(domain.degreesOfFreedom))
    let wald = zip(differences, solved).reduce(0) { $0 + $1.0 * $1.1 } / k
    let isAdjusted = statistic == .adjustedWald
    let residual = isAdjusted ? nu - k + 1 : nu
    let value = isAdjusted ? wald * residual / nu : wald
    return Result(
      statistic: value, df: k, residualDF: residual,
      pValue: residual > 0 ? FDistribution(df1: k, df2: residual).survival(value) : nil)
  }
}
