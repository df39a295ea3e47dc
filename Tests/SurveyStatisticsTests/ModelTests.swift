import Columnar
import Expressions
import Streaming
import TestSupport
import Testing

@testable import SurveyStatistics

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
    let covariance = try #require(result.covariance)
    #expect(covariance.terms == result.rows.map(\.term))
    for (row, expected) in zip(covariance.values, entry["vcov"].list) {
      expectClose(row, try expected.numbers, relative: max(relative, 1e-9), absolute: 1e-14, "vcov")
    }
  }

  @Test func termsTestedTogether() throws {
    let result = try Estimation.run(
      EstimateRequest(
        .glm, of: ["sch.wide ~ ell + meals + mobility"], design: Samples.stratified, family: .binomial,
        terms: ["ell", "mobility"]), on: try Samples.open("apistrat"))
    let wald = try #require(result.tests.first { $0.method == .wald })
    let entry = try golden("glm", "strat.logit_tight.regTermTest_wald")
    expectClose(wald.statistic, try entry["F"].number, relative: 1e-9)
    expectClose(wald.degreesOfFreedom, try entry["df"].number)
    expectClose(wald.residualDegreesOfFreedom, try entry["ddf"].number)
    expectClose(try #require(wald.pValue), try entry["p"].number, relative: 1e-8)
    let ratio = try #require(result.tests.first { $0.method == .likelihoodRatio })
    let tight = try golden("models", "lrt")
    expectClose(ratio.statistic, try tight["chisq"].number, relative: 1e-9)
    expectClose(try #require(ratio.designEffects), try tight["lambda"].numbers, relative: 1e-8)
    // survey's p-value is the saddlepoint approximation, at its default stop as well as driven on.
    for entry in [tight, try golden("glm", "strat.logit.regTermTest_LRT")] {
      let tail = WeightedChiSquares(try entry["lambda"].numbers, residualDF: try entry["ddf"].number)
      expectClose(tail.saddlepoint(try entry["chisq"].number), try entry["p"].number, relative: 1e-6)
    }
    let exact = WeightedChiSquares(try tight["lambda"].numbers, residualDF: 194).exact(try tight["chisq"].number)
    expectClose(try #require(ratio.pValue), exact, relative: 1e-8)
  }

  @Test func aTermTestedAloneIsItsSquaredT() throws {
    let result = try Estimation.run(
      EstimateRequest(.glm, of: ["api00 ~ ell + meals"], design: Samples.cluster, terms: ["ell"]),
      on: try Samples.open("apiclus1"))
    let t = try #require(result.rows[1].statistic)
    expectClose(result.tests[0].statistic, t * t)
    expectClose(try #require(result.tests[0].pValue), try #require(result.rows[1].pValue))
  }

  // MARK: Few clusters

  /// Against clubSandwich, with equal weights and with weights that differ within clusters.
  @Test(arguments: [
    ("plain", "api00 ~ ell + meals + stype", false), ("weighted", "api00 ~ ell + meals + stype", true),
    ("mean", "api00 ~ 1", true),
  ])
  func fewClusters(key: String, formula: String, isWeighted: Bool) throws {
    let entry = try golden("models", "cr2")[key]
    let source = try Samples.open("apiclus1")
    let rule = Derivation("w", .compute(isWeighted ? "pw * (1 + meals / 100)" : "1"))
    let result = try Estimation.run(
      EstimateRequest(
        .glm, of: [formula], design: SurveyDesign(weights: "w", psu: ["dnum"]), standardErrors: .cr2),
      on: try source.applying(try rule.transform(of: source)))
    let one = entry["df"].list.isEmpty
    expectClose(
      result.rows.compactMap(\.estimate), one ? [try entry["coef"].number] : try entry["coef"].numbers, relative: 1e-11)
    expectClose(
      result.rows.compactMap(\.standardError), one ? [try entry["se"].number] : try entry["se"].numbers,
      relative: 1e-10)
    expectClose(
      result.rows.compactMap(\.degreesOfFreedom), one ? [try entry["df"].number] : try entry["df"].numbers,
      relative: 1e-10)
  }

  @Test func cr2NeedsALinearModelAndClusters() throws {
    for request in [
      EstimateRequest(.glm, of: ["sch.wide ~ ell"], design: Samples.cluster, family: .binomial, standardErrors: .cr2),
      EstimateRequest(.glm, of: ["api00 ~ ell"], design: Samples.stratified, standardErrors: .cr2),
      EstimateRequest(.mean, of: ["api00"], design: Samples.cluster, standardErrors: .cr2),
    ] {
      let source = try Samples.open("apiclus1")
      let error = #expect(throws: ImmerseError.self) { try Estimation.run(request, on: source) }
      #expect(error?.kind == .usage)
    }
  }

  // MARK: Ordinal responses

  private func withMealCategories() throws -> any Source {
    let source = try Samples.open("apiclus1")
    let rule = Derivation("mealcat", .cut(Cut("meals", breaks: [0, 25, 50, 75, 100], closed: .right)))
    return try source.applying(try rule.transform(of: source))
  }

  @Test func proportionalOddsAgreeWithSurvey() throws {
    let stopped = try golden("other_models", "olr")
    let entry = try golden("models", "olr")
    let result = try Estimation.run(
      EstimateRequest(
        .glm, of: ["mealcat ~ avg.ed + mobility + stype"], design: Samples.cluster, family: .ordinal),
      on: try withMealCategories())
    #expect(result.hasConverged)
    let names = try stopped["names"].list.map { try $0.string }
    #expect(result.rows.map(\.term) == names)
    let (estimates, errors) = (result.rows.compactMap(\.estimate), result.rows.compactMap(\.standardError))
    expectClose(estimates, try entry["coef"].numbers, relative: 1e-9)
    expectClose(errors, try entry["se"].numbers, relative: 1e-8)
    // svyolr stops where the deviance is larger; its Hessian is made of coarse differences.
    let (there, here) = (try entry["deviance_where_svyolr_stops"].number, try entry["deviance"].number)
    #expect(here < there)
    expectClose(estimates, try stopped["coef"].numbers, relative: 1e-5)
    expectClose(errors, try stopped["se"].numbers, relative: 2e-4)
    #expect(result.rows.allSatisfy { $0.degreesOfFreedom == 10 })
  }

  /// With two levels the model is the logistic regression, its cut point the intercept with its sign turned.
  @Test func twoLevelsAreALogisticRegression() throws {
    func run(_ family: ModelFamily) throws -> EstimateResult {
      try Estimation.run(
        EstimateRequest(
          .glm, of: ["sch.wide ~ ell + mobility + stype"], design: Samples.cluster, family: family,
          terms: ["ell", "stype"]), on: try Samples.open("apiclus1"))
    }
    let (logistic, ordinal) = (try run(.binomial), try run(.ordinal))
    let last = ordinal.rows.count - 1
    #expect(ordinal.rows[last].term == "No|Yes")
    for index in 0..<last {
      let (a, b) = (ordinal.rows[index], logistic.rows[index + 1])
      #expect(a.term == b.term)
      expectClose(try #require(a.estimate), try #require(b.estimate), relative: 1e-9)
      expectClose(try #require(a.standardError), try #require(b.standardError), relative: 1e-9)
      expectClose(try #require(a.pValue), try #require(b.pValue), relative: 1e-8)
    }
    expectClose(-(try #require(ordinal.rows[last].estimate)), try #require(logistic.rows[0].estimate), relative: 1e-9)
    for (a, b) in zip(ordinal.tests, logistic.tests) {
      expectClose(a.statistic, b.statistic, relative: 1e-8)
      expectClose(try #require(a.pValue), try #require(b.pValue), relative: 1e-7)
    }
  }

  /// Levels that do not occur in the rows of the model have no cut point, and numbers are levels in their order.
  @Test func onlyLevelsThatOccurAreCut() throws {
    let source = try withMealCategories()
    let result = try Estimation.run(
      EstimateRequest(
        .glm, of: ["mealcat ~ mobility"], design: Samples.cluster, where: "meals <= 25 or meals > 50",
        family: .ordinal), on: source)
    #expect(result.rows.map(\.term) == ["mobility", "(0,25]|(50,75]", "(50,75]|(75,100]"])
    let error = #expect(throws: ImmerseError.self) {
      try Estimation.run(
        EstimateRequest(
          .glm, of: ["mealcat ~ mobility"], design: Samples.cluster, where: "meals <= 25", family: .ordinal),
        on: source)
    }
    #expect(error.map { "\($0)" }?.contains("two levels") == true)
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
    refuse("y ~ x", .ordinal, naming: "separation")
    refuse("x ~ y", .binomial, naming: "binomial")
    refuse("I(y + 1) ~ x", .ordinal, naming: "column of categories")
    refuse("y ~ x + (1 | unit)", .gaussian, naming: "random terms")
  }
}
