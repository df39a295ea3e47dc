import Columnar
import LinearAlgebra
import Probability

/// The coefficients of a model of every imputation together: their covariance by Rubin's rules, and Wald tests of several of
/// them by rule D1 of Li, Raghunathan and Rubin (1991, Journal of the American Statistical Association 86, 1065-1073).
///
/// With U the mean covariance within imputations, B that between them and q the mean of k coefficients,
///
///     T = U + (1 + 1/M) B,   D = q'U⁻¹q / (k (1 + r)),   r = (1 + 1/M) tr(B U⁻¹)/k
///
/// on F of k and ν degrees of freedom, where with t = k (M − 1) ν is 4 + (t − 4)(1 + (1 − 2/t)/r)² for t above 4 and
/// t (1 + 1/k)(1 + 1/r)²/2 else, and no more than those of the tests themselves.
struct ImputedModel {
  /// Nil where the imputations are nested, or some have other coefficients.
  let covariance: Covariance?
  let tests: [TermTest]

  /// - Returns: nil where there is no model.
  /// - Throws: `usage` for tests of nested imputations, `badData` where a covariance has no inverse.
  init?(_ nests: [[EstimateResult]]) throws(ImmerseError) {
    let results = nests.flatMap(\.self)
    let covariances = results.compactMap(\.covariance)
    guard let first = covariances.first, covariances.count == results.count else { return nil }
    let size = first.terms.count
    guard nests.count == 1, covariances.allSatisfy({ $0.terms.count == size }),
      results.allSatisfy({ $0.rows.count == size })
    else {
      guard results[0].tests.isEmpty else {
        throw ImmerseError(
          .usage, "terms are not tested together where imputations are nested or have different coefficients",
          remedy: "leave --terms out")
      }
      (covariance, tests) = (nil, [])
      return
    }
    let m = Double(results.count)
    let estimates = results.map { result in result.rows.map { $0.estimate ?? .nan } }
    let mean = (0..<size).map { index in estimates.reduce(0) { $0 + $1[index] } / m }
    var within = Matrix(rows: size, columns: size)
    var between = within
    for (own, covariance) in zip(estimates, covariances) {
      for i in 0..<size {
        for j in 0..<size {
          within[i, j] += covariance.values[i][j] / m
          between[i, j] += (own[i] - mean[i]) * (own[j] - mean[j]) / (m - 1)
        }
      }
    }
    var total = within
    total.add(between, times: 1 + 1 / m)
    covariance = Covariance(terms: first.terms, matrix: total)
    tests = try results[0].tests.filter { $0.method == .wald }.map { test throws(ImmerseError) in
      try ImputedModel.combined(test, mean, within, between, count: m)
    }
  }

  private static func combined(
    _ test: TermTest, _ mean: [Double], _ within: Matrix, _ between: Matrix, count m: Double
  ) throws(ImmerseError) -> TermTest {
    let chosen = test.parameters.map { mean[$0] }
    let own = within.submatrix(rows: test.parameters, columns: test.parameters)
    let spread = between.submatrix(rows: test.parameters, columns: test.parameters)
    let k = Double(chosen.count)
    let size: Double
    let trace: Double
    do {
      let inverse = try Cholesky(own).inverse()
      size = inverse.form(chosen, chosen)
      trace = inverse.traceOfProduct(spread)
    } catch {
      throw ImmerseError(
        .badData, "the design has too few units to test \(chosen.count) coefficients together",
        remedy: "test fewer, or compare fewer groups")
    }
    let r = (1 + 1 / m) * trace / k
    let t = k * (m - 1)
    let growth = t > 4 ? 1 + (1 - 2 / t) / r : 1 + 1 / r
    let large = t > 4 ? 4 + (t - 4) * growth * growth : t * (1 + 1 / k) * growth * growth / 2
    let df = min(test.residualDegreesOfFreedom, r > 0 ? large : .infinity)
    var combined = test
    combined.statistic = size / (k * (1 + r))
    combined.residualDegreesOfFreedom = df
    combined.pValue = df > 0 ? FDistribution(df1: k, df2: df).survival(combined.statistic) : nil
    return combined
  }
}
