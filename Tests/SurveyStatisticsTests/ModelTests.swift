import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Generalised linear models and t tests against R survey 4.5.
struct ModelTests {
  private func golden(_ file: String, _ key: String) throws -> GoldenJSON {
    try GoldenJSON(TestFiles.golden("survey/\(file).json"))["values", key]
  }

  @Test(arguments: [
    ("strat.gaussian", "apistrat", Samples.stratified, "api00 ~ ell + meals + mobility", ModelFamily.gaussian, 1e-10),
    ("clus1.gaussian", "apiclus1", Samples.cluster, "api00 ~ ell + meals + mobility", .gaussian, 1e-10),
    ("strat.logit_tight", "apistrat", Samples.stratified, "sch.wide ~ ell + meals + mobility", .binomial, 1e-8),
    ("clus1.logit_tight", "apiclus1", Samples.cluster, "sch.wide ~ ell + meals + mobility", .binomial, 1e-8),
    ("clus1.poisson_tight", "apiclus1", Samples.cluster, "api.stu ~ enroll", .poisson, 1e-8),
  ])
  func agreeWithSurvey(
    key: String, sample: String, design: SurveyDesign, formula: String, family: ModelFamily, relative: Double
  ) throws {
    let entry = try golden("glm", key)
    let result = try Estimation.run(
      EstimateRequest(.glm, of: [formula], design: design, family: family), on: try Samples.open(sample))
    #expect(result.hasConverged)
    #expect(result.rows.map(\.term) == (try entry["names"].list.map { try $0.string }))
    expectClose(result.rows.compactMap(\.estimate), try entry["coef"].numbers, relative: relative)
    expectClose(result.rows.compactMap(\.standardError), try entry["se"].numbers, relative: relative)
    let df = try entry["df_residual"].number
    #expect(result.rows.allSatisfy { $0.degreesOfFreedom == df })
  }

  @Test(arguments: [
    ("clus1.two_sample.enroll_compimp", "apiclus1", Samples.cluster, "enroll ~ comp.imp"),
    ("strat.two_sample.enroll_compimp", "apistrat", Samples.stratified, "enroll ~ comp.imp"),
    ("clus1.paired.api00_api99", "apiclus1", Samples.cluster, "I(api00 - api99) ~ 0"),
    ("strat.paired.api00_api99", "apistrat", Samples.stratified, "I(api00 - api99) ~ 0"),
  ])
  func tTests(key: String, sample: String, design: SurveyDesign, formula: String) throws {
    let entry = try golden("ttest", key)
    let rows = try Estimation.run(
      EstimateRequest(.ttest, of: [formula], design: design), on: try Samples.open(sample)
    ).rows
    #expect(rows.count == 1)
    expectClose(try #require(rows[0].estimate), try entry["est"].number)
    expectClose(try #require(rows[0].statistic), try entry["t"].number)
    expectClose(try #require(rows[0].degreesOfFreedom), try entry["df"].number)
    expectClose(try #require(rows[0].pValue), try entry["p"].number, relative: 1e-9)
  }

  /// A model of the mean alone is the mean, and its standard error the mean's.
  @Test func anInterceptIsTheMean() throws {
    let model = try Estimation.run(
      EstimateRequest(.glm, of: ["api00 ~ 1"], design: Samples.twoStage), on: try Samples.open("apiclus2")
    ).rows[0]
    let mean = try Estimation.run(
      EstimateRequest(.mean, of: ["api00"], design: Samples.twoStage), on: try Samples.open("apiclus2")
    ).rows[0]
    expectClose(try #require(model.estimate), try #require(mean.estimate))
    expectClose(try #require(model.standardError), try #require(mean.standardError))
  }

  @Test func rowsWithoutAVariableAreLeftOutAndCounted() throws {
    let result = try Estimation.run(
      EstimateRequest(.glm, of: ["api00 ~ enroll"], design: Samples.twoStage), on: try Samples.open("apiclus2"))
    #expect(result.rows[0].count == 120)
    #expect(result.notes.contains { $0.code == "missing_dropped" })
    #expect(throws: ImmerseError.self) {
      try Estimation.run(
        EstimateRequest(.glm, of: ["api00 ~ enroll"], design: Samples.twoStage, missing: .fail),
        on: try Samples.open("apiclus2"))
    }
  }

  @Test func whatHasNoCoefficientsIsRefused() throws {
    let x = (0..<40).map { Double($0) }
    let table = Table([
      ("x", Column(x)), ("twice", Column(x.map { 2 * $0 })), ("y", Column(x.map { $0 < 20 ? 0 : 1 })),
      ("unit", Column((0..<40).map { Optional(String($0 / 4)) })),
    ])
    func refuse(_ formula: String, _ family: ModelFamily, naming word: String) {
      let error = #expect(throws: ImmerseError.self) {
        try Estimation.run(
          EstimateRequest(.glm, of: [formula], design: SurveyDesign(psu: ["unit"]), family: family), on: table)
      }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.contains(word), "\(text)")
    }
    refuse("y ~ x", .binomial, naming: "separation")
    refuse("y ~ x + twice", .gaussian, naming: "twice")
    refuse("x ~ y", .binomial, naming: "binomial")
    refuse("y ~ x + (1 | unit)", .gaussian, naming: "random terms")
  }
}
