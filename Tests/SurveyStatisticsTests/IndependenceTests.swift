import Columnar
import Probability
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Tests of independence against R survey 4.5's `svychisq`.
struct IndependenceTests {
  @Test(arguments: [IndependenceStatistic.f, .chisq, .wald, .adjustedWald], ["clus1", "strat"])
  func agreeWithSurvey(statistic: IndependenceStatistic, sample: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/chisq.json"))["values"]
    let entry = golden["\(sample).schwide_stype.\(statistic.rawValue)"]
    let row = try test(
      "sch.wide:stype", "api\(sample)", sample == "strat" ? Samples.stratified : Samples.cluster, statistic)
    #expect(row.term == "sch.wide:stype")
    expectClose(try #require(row.statistic), try entry["statistic"].number)
    expectClose(try #require(row.pValue), try entry["p"].number, relative: 1e-9)
    if statistic == .chisq {
      expectClose(try #require(row.degreesOfFreedom), try entry["parameter"].number)
    } else {
      expectClose(try #require(row.degreesOfFreedom), try entry["parameter"].numbers[0])
      expectClose(try #require(row.residualDegreesOfFreedom), try entry["parameter"].numbers[1])
    }
  }

  /// survey repeats the denominator's term a whole number of times, 20 for 20.92 degrees of freedom: with 20 terms its figure
  /// comes out, and with all of them one that is nearer to the exact tail.
  @Test func saddlepoint() throws {
    let entry = try GoldenJSON(TestFiles.golden("survey/chisq.json"))["values", "clus1.schwide_stype.saddlepoint"]
    let f = try test("sch.wide:stype", "apiclus1", Samples.cluster, .f)
    let row = try test("sch.wide:stype", "apiclus1", Samples.cluster, .saddlepoint)
    let exact = try test("sch.wide:stype", "apiclus1", Samples.cluster, .linearCombination)
    let statistic = try #require(row.statistic)
    expectClose(statistic, try entry["statistic"].number)
    let (trace, df) = (statistic / (try #require(f.statistic)), try #require(f.degreesOfFreedom))
    let residual = try #require(row.residualDegreesOfFreedom)
    // Two eigenvalues follow from their sum and the sum of their squares.
    let spread = (2 * trace * trace / df - trace * trace).squareRoot()
    let weights = [(trace + spread) / 2, (trace - spread) / 2]
    let cut = QuadraticForm(weights.map { ($0, 1) } + [(-statistic / residual, residual.rounded(.down))])
    expectClose(try #require(cut.saddlepointTail), try entry["p"].number, relative: 1e-6)
    let (whole, p) = (try #require(row.pValue), try #require(exact.pValue))
    #expect((whole - p).magnitude < (try entry["p"].number - p).magnitude)
  }

  @Test func twoByTwo() throws {
    let entry = try GoldenJSON(TestFiles.golden("survey/chisq.json"))["values", "strat.schwide_compimp.F"]
    let row = try test("sch.wide:comp.imp", "apistrat", Samples.stratified, .f)
    expectClose(try #require(row.statistic), try entry["statistic"].number)
    expectClose(try #require(row.degreesOfFreedom), 1)
  }

  /// Which of the two categories comes first does not matter, nor what the weights sum to.
  @Test(arguments: IndependenceStatistic.allCases)
  func symmetric(statistic: IndependenceStatistic) throws {
    let one = try test("sch.wide:stype", "apiclus1", Samples.cluster, statistic)
    let other = try test("stype:sch.wide", "apiclus1", Samples.cluster, statistic)
    expectClose(try #require(one.statistic), try #require(other.statistic))
    let unweighted = try test(
      "stype:sch.wide", "apiclus1", SurveyDesign(psu: ["dnum"], fpc: ["fpc"]), statistic)
    expectClose(try #require(unweighted.statistic), try #require(other.statistic), relative: 1e-6)
  }

  @Test func aSingleLevelIsRefused() throws {
    let error = #expect(throws: ImmerseError.self) {
      try Estimation.run(
        EstimateRequest(.chisq, of: ["sch.wide:stype"], design: Samples.cluster, where: "stype == \"H\""),
        on: try Samples.open("apiclus1"))
    }
    #expect(error?.kind == .badData)
  }

  private func test(
    _ table: String, _ sample: String, _ design: SurveyDesign, _ statistic: IndependenceStatistic
  ) throws -> Estimate {
    try #require(
      try Estimation.run(
        EstimateRequest(.chisq, of: [table], design: design, statistic: statistic), on: try Samples.open(sample)
      ).rows.first)
  }
}
