import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Rank tests against R survey 4.5's `svyranktest`.
struct RankTests {
  private func golden(_ key: String) throws -> GoldenJSON {
    try GoldenJSON(TestFiles.golden("survey/ranktest.json"))["values", key]
  }

  private func row(
    _ formula: String, _ test: RankTest, _ sample: String = "apiclus1", _ design: SurveyDesign = Samples.cluster
  ) throws -> Estimate {
    let rows = try Estimation.run(
      EstimateRequest(.ranktest, of: [formula], design: design, test: test), on: try Samples.open(sample)
    ).rows
    #expect(rows.count == 1)
    return try #require(rows.first)
  }

  @Test(arguments: [RankTest.wilcoxon, .vanDerWaerden, .median])
  func twoGroups(test: RankTest) throws {
    let entry = try golden("clus1.\(test.rawValue)")
    let row = try row("ell ~ comp.imp", test)
    #expect(row.term == "comp.impYes")
    expectClose(try #require(row.estimate), try entry["est"].number)
    expectClose(try #require(row.statistic), try entry["statistic"].number)
    expectClose(try #require(row.degreesOfFreedom), try entry["parameter"].number)
    expectClose(try #require(row.pValue), try entry["p"].number, relative: 1e-9)
  }

  @Test func severalGroups() throws {
    let entry = try golden("clus1.kruskal_wallis")
    let row = try row("ell ~ stype", .kruskalWallis)
    expectClose(try #require(row.statistic), try entry["F"].number)
    expectClose(try #require(row.degreesOfFreedom), try entry["ndf"].number)
    expectClose(try #require(row.residualDegreesOfFreedom), try entry["ddf"].number)
    expectClose(try #require(row.pValue), try entry["p"].number, relative: 1e-9)
  }

  /// survey gives tied rows of unequal weight ranks that depend on the order of the rows. The middle of the tied ranks is
  /// the mean of what an order and its reverse give, and so is the difference of mean ranks.
  @Test func tiesOfUnequalWeightShareTheMiddle() throws {
    let entry = try golden("strat.wilcoxon")
    let orders = try GoldenJSON(TestFiles.golden("survey/models.json"))["values", "ranks"]
    let (forward, back) = (try orders["as_is", "est"].number, try orders["reversed", "est"].number)
    expectClose(forward, try entry["est"].number, relative: 1e-12)
    let row = try row("ell ~ comp.imp", .wilcoxon, "apistrat", Samples.stratified)
    expectClose(try #require(row.estimate), (forward + back) / 2, relative: 1e-12)
    expectClose(try #require(row.degreesOfFreedom), try entry["parameter"].number)
  }

  /// A monotone transformation of the response changes nothing.
  @Test func onlyTheOrderCounts() throws {
    let plain = try row("ell ~ comp.imp", .wilcoxon)
    let bent = try row("I((ell + 1)^3) ~ comp.imp", .wilcoxon)
    expectClose(try #require(bent.statistic), try #require(plain.statistic), relative: 1e-12)
  }

  @Test func whatCannotBeRankedIsRefused() throws {
    func refusal(_ request: EstimateRequest) throws -> String {
      let source = try Samples.open("apiclus1")
      let error = #expect(throws: ImmerseError.self) { try Estimation.run(request, on: source) }
      return error.map { "\($0)" } ?? ""
    }
    #expect(try refusal(EstimateRequest(.ranktest, of: ["ell ~ 1"], design: Samples.cluster)).contains("groups"))
    #expect(try refusal(EstimateRequest(.mean, of: ["ell"], test: .median)).contains("ranktest"))
    let many = EstimateRequest(.ranktest, of: ["ell ~ factor(snum)"], design: Samples.cluster)
    #expect(try refusal(many).contains("too few units"))
  }
}
