import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Variances, covariances and correlations against R survey 4.5's `svyvar`, and the laws they obey.
struct MomentTests {
  @Test func variances() throws {
    let cluster = try GoldenJSON(TestFiles.golden("survey/clus1.json"))["values"]
    try expect(
      EstimateRequest(.variance, of: ["api00"], design: Samples.cluster), on: "apiclus1",
      matches: cluster["var.api00"])
    let strat = try GoldenJSON(TestFiles.golden("survey/strat.json"))["values"]
    try expect(
      EstimateRequest(.variance, of: ["api00"], design: Samples.stratified), on: "apistrat", matches: strat["var.api00"]
    )
  }

  @Test func covariancesAndCorrelations() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/clus1.json"))["values"]
    let row = try #require(
      try Estimation.run(
        EstimateRequest(.covariance, of: ["api00", "api99"], design: Samples.cluster), on: try Samples.open("apiclus1")
      ).rows.first)
    #expect(row.term == "api00:api99")
    expectClose(try #require(row.estimate), try golden["cov.api00_api99", "matrix"][0].numbers[1])
    expectClose(try #require(row.standardError), try golden["cov.api00_api99", "se_matrix"][0].numbers[1])
    try expect(
      EstimateRequest(.correlation, of: ["api00:api99"], design: Samples.cluster), on: "apiclus1",
      matches: golden["cor.api00_api99"])
  }

  /// The standard deviation is the root of the variance, and its standard error follows by the delta method.
  @Test func standardDeviations() throws {
    func row(_ kind: EstimateRequest.Kind) throws -> (Double, Double) {
      let rows = try Estimation.run(
        EstimateRequest(kind, of: ["api00"], design: Samples.stratified, by: ["sch.wide"]),
        on: try Samples.open("apistrat")
      ).rows
      return (try #require(rows[1].estimate), try #require(rows[1].standardError))
    }
    let (variance, error) = try row(.variance)
    let (deviation, own) = try row(.standardDeviation)
    expectClose(deviation, variance.squareRoot())
    expectClose(own, error / (2 * variance.squareRoot()))
  }

  /// A design whose rows are its units gives what naming every row as a unit does, with domains and their differences.
  @Test(arguments: [EstimateRequest.Kind.variance, .standardDeviation, .covariance, .correlation])
  func rowsAsUnits(kind: EstimateRequest.Kind) throws {
    let variables = [.variance, .standardDeviation].contains(kind) ? ["api00"] : ["api00", "enroll"]
    func rows(_ design: SurveyDesign) throws -> [Estimate] {
      try Estimation.run(
        EstimateRequest(kind, of: variables, design: design, by: ["sch.wide"], contrast: true, average: true),
        on: try Samples.open("apistrat")
      ).rows
    }
    let (implicit, explicit) = (
      try rows(Samples.stratified),
      try rows(SurveyDesign(weights: "pw", strata: ["stype"], psu: ["snum"], fpc: ["fpc"]))
    )
    expectClose(implicit.compactMap(\.estimate), explicit.compactMap(\.estimate))
    expectClose(implicit.compactMap(\.standardError), explicit.compactMap(\.standardError))
    #expect(implicit.count == 4)
  }

  /// Location does not matter, scale acts as it must, also far from 1.
  @Test(arguments: [(0.0, 1e-150), (0, 1e150), (1e6, 1), (-5e3, -3)])
  func locationAndScale(shift: Double, scale: Double) throws {
    let values = (0..<240).map { Double(($0 * 7919) % 101) }
    let others = (0..<240).map { Double(($0 * 104_729) % 97) + values[$0] }
    let units = (0..<240).map { Optional(String($0 / 12)) }
    func run(_ kind: EstimateRequest.Kind, _ shift: Double, _ scale: Double) throws -> Estimate {
      let table = Table([
        ("x", Column(values.map { ($0 + shift) * scale })), ("y", Column(others)), ("unit", Column(units)),
      ])
      let variables = kind == .standardDeviation ? ["x"] : ["x", "y"]
      let request = EstimateRequest(kind, of: variables, design: SurveyDesign(psu: ["unit"]))
      return try #require(try Estimation.run(request, on: table).rows.first)
    }
    let (deviation, plain) = (try run(.standardDeviation, shift, scale), try run(.standardDeviation, 0, 1))
    expectClose(try #require(deviation.estimate), try #require(plain.estimate) * scale.magnitude, relative: 1e-9)
    expectClose(
      try #require(deviation.standardError), try #require(plain.standardError) * scale.magnitude, relative: 1e-9)
    let (correlation, base) = (try run(.correlation, shift, scale), try run(.correlation, 0, 1))
    let sign = scale < 0 ? -1.0 : 1
    expectClose(try #require(correlation.estimate), try #require(base.estimate) * sign, relative: 1e-9)
    expectClose(try #require(correlation.standardError), try #require(base.standardError), relative: 1e-9)
  }

  @Test func constantsVaryNotAndCorrelateWithNothing() throws {
    let table = Table([
      ("x", Column([Double](repeating: 0.1, count: 40))), ("y", Column((0..<40).map { Double($0 % 7) })),
      ("unit", Column((0..<40).map { Optional(String($0 / 4)) })),
    ])
    let design = SurveyDesign(psu: ["unit"])
    let variance = try #require(
      try Estimation.run(EstimateRequest(.variance, of: ["x"], design: design), on: table).rows.first)
    #expect(variance.estimate == 0 && variance.standardError == 0)
    let correlation = try #require(
      try Estimation.run(EstimateRequest(.correlation, of: ["x", "y"], design: design), on: table).rows.first)
    #expect(correlation.estimate == nil && correlation.standardError == nil)
  }

  @Test func pairsAreWrittenOrMade() throws {
    let all = try Estimation.run(
      EstimateRequest(.correlation, of: ["api00", "api99", "meals"], design: Samples.cluster),
      on: try Samples.open("apiclus1"))
    #expect(all.rows.map(\.term) == ["api00:api99", "api00:meals", "api99:meals"])
    #expect(throws: ImmerseError.self) {
      try Estimation.run(
        EstimateRequest(.correlation, of: ["api00"], design: Samples.cluster), on: try Samples.open("apiclus1"))
    }
  }

  /// A pair is left out where either is missing, and the rows are counted.
  @Test func pairwiseMissing() throws {
    let table = Table([
      ("x", Column([1, 2, .nan, 4, 5, 7])), ("y", Column([2, .nan, 3, 1, 5, 8])),
      ("unit", Column(["a", "a", "b", "b", "c", "c"])),
    ])
    let request = EstimateRequest(.covariance, of: ["x", "y"], design: SurveyDesign(psu: ["unit"]), missing: .drop)
    let result = try Estimation.run(request, on: table)
    #expect(result.rows[0].count == 4)
    #expect(result.notes.contains { $0.code == "missing_dropped" })
    // Of (1, 2), (4, 1), (5, 5), (7, 8) with the divisor n - 1.
    expectClose(try #require(result.rows[0].estimate), 19.0 / 3)
  }
}
