import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Written functions of totals against the kinds they restate, and against R survey's `svycontrast`.
struct FunctionTests {
  private func rows(
    _ kind: EstimateRequest.Kind, _ variable: String, by: [String] = [], where filter: String? = nil,
    design: SurveyDesign = Samples.cluster, on sample: String = "apiclus1"
  ) throws -> [Estimate] {
    try Estimation.run(
      EstimateRequest(kind, of: [variable], design: design, by: by, where: filter, contrast: !by.isEmpty),
      on: try Samples.open(sample)
    ).rows
  }

  private static let jackknife = SurveyDesign(
    weights: "pw", psu: ["dnum"], fpc: ["fpc"], replicates: ReplicateDesign(.jk1))

  @Test(arguments: [Samples.cluster, jackknife])
  func aFunctionIsTheKindItRestates(design: SurveyDesign) throws {
    for (kind, variable, text) in [
      (EstimateRequest.Kind.ratio, "api00/api99", "total(api00) / total(api99)"),
      (.mean, "api00", "total(api00) / total(1)"), (.mean, "api00", "mean(api00)"),
      (.total, "enroll", "total(enroll)"), (.mean, "api00", "-(-mean(api00))"),
    ] {
      let expected = try rows(kind, variable, by: ["stype"], design: design)
      let actual = try rows(.function, text, by: ["stype"], design: design)
      #expect(actual.count == expected.count)
      for (a, b) in zip(actual, expected) {
        #expect(a.term == text && a.by == b.by && a.count == b.count)
        expectClose(try #require(a.estimate), try #require(b.estimate), relative: 1e-12, text)
        expectClose(try #require(a.standardError), try #require(b.standardError), relative: 1e-10, "SE of \(text)")
        #expect(a.degreesOfFreedom == b.degreesOfFreedom)
      }
    }
  }

  @Test(arguments: [
    ("log_ratio", "log(total(api00) / total(api99))"),
    ("log_odds", "log(total(sch.wide == \"Yes\") / total(sch.wide == \"No\"))"),
    ("root", "sqrt(total(api00) * total(api99)) / total(enroll)"),
  ])
  func agreesWithSurvey(key: String, text: String) throws {
    let entry = try GoldenJSON(TestFiles.golden("survey/models.json"))["values", "functions", key]
    let row = try #require(try rows(.function, text).first)
    expectClose(try #require(row.estimate), try entry["est"].number, relative: 1e-12)
    expectClose(try #require(row.standardError), try entry["se"].number, relative: 1e-11)
  }

  /// A domain is what a condition within the totals makes of them.
  @Test func aConditionWithinIsADomain() throws {
    let inside = try #require(
      try rows(.function, "total(api00 * (stype == \"H\")) / total(stype == \"H\")").first)
    let domain = try #require(try rows(.mean, "api00", where: "stype == \"H\"").first)
    expectClose(try #require(inside.estimate), try #require(domain.estimate), relative: 1e-12)
    expectClose(try #require(inside.standardError), try #require(domain.standardError), relative: 1e-11)
  }

  @Test func rowsThatLackAnyPartAreLeftOut() throws {
    let request = { (missing: EstimateRequest.Missing) in
      EstimateRequest(.function, of: ["mean(api00) / mean(enroll)"], design: Samples.twoStage, missing: missing)
    }
    let result = try Estimation.run(request(.drop), on: try Samples.open("apiclus2"))
    #expect(result.rows[0].count == 120)
    #expect(throws: ImmerseError.self) { try Estimation.run(request(.fail), on: try Samples.open("apiclus2")) }
  }

  @Test func whatHasNoValueIsNone() throws {
    let row = try #require(try rows(.function, "log(total(api00) - total(api00) - 1)").first)
    #expect(row.estimate == nil && row.standardError == nil)
  }

  @Test(arguments: [
    ("api00 + total(api99)", "outside of a total"), ("1 + 2", "no total"), ("round(total(api00))", "derivative"),
    ("total(total(api00))", "no function total"), ("total(api00", "operator or )"),
    ("max(total(api00), 1)", "derivative"),
    ("total(api00) > 3", "a condition of totals"), ("total(nothing)", "nothing"), ("", "found the end"),
    ("if(total(api00) > 1, 1, 2)", "derivative"),
  ])
  func whatCannotBeLinearisedIsRefused(text: String, word: String) throws {
    let error = #expect(throws: ImmerseError.self) { try rows(.function, text) }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.contains(word), "\(message)")
  }
}
