import Columnar
import DataFormats
import Foundation
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Quantiles and tests under replicate weights against R survey, and both with plausible values.
struct ReplicateInferenceTests {
  private static let jk1 = SurveyDesign(
    weights: "pw", psu: ["dnum"], fpc: ["fpc"], replicates: ReplicateDesign(.jk1))

  @Test(arguments: [ProportionInterval.mean, .quantile])
  func quantilesAgreeWithSurvey(interval: ProportionInterval) throws {
    let name = interval == .mean ? "clus1.JK1.woodruff_mean" : "clus1.JK1.replicate_interval"
    let entry = try GoldenJSON(TestFiles.golden("survey/quantiles.json"))["values", name]
    let rows = try Estimation.run(
      EstimateRequest(.quantile, of: ["api00"], design: Self.jk1, interval: interval),
      on: try Samples.open("apiclus1")
    ).rows
    expectClose(rows.compactMap(\.estimate), try entry["q"].numbers)
    expectClose(rows.compactMap(\.standardError), try entry["se"].numbers)
    expectClose(rows.compactMap(\.confidenceLow), try entry["lower"].numbers)
    expectClose(rows.compactMap(\.confidenceHigh), try entry["upper"].numbers)
  }

  /// Given as columns, the replicates lead to the same quantiles by every rule.
  @Test(arguments: QuantileRule.allCases)
  func givenReplicates(rule: QuantileRule) throws {
    let source = try Samples.open("apiclus1")
    let design = SurveyDesign(weights: "pw", psu: ["dnum"], fpc: ["fpc"])
    let model = try Replication.make(ReplicatesRequest(.jk1, design: design), on: source)
    let columns = ReplicateDesign(.jk1, columns: ["rw1-rw15"], scale: model.summary.variance.scale)
    func rows(_ design: SurveyDesign, _ source: any Source) throws -> [Estimate] {
      try Estimation.run(
        EstimateRequest(
          .quantile, of: ["api00", "meals"], design: design, by: ["stype"], rule: rule, interval: .quantile),
        on: source
      ).rows
    }
    let made = try rows(Self.jk1, source)
    let given = try rows(SurveyDesign(weights: "pw", replicates: columns), try source.applying(model))
    #expect(made.count == 18)
    expectClose(given.compactMap(\.estimate), made.compactMap(\.estimate))
    expectClose(given.compactMap(\.standardError), made.compactMap(\.standardError), absolute: 1e-10)
  }

  @Test(arguments: [IndependenceStatistic.f, .chisq, .wald, .adjustedWald])
  func testsOfIndependenceAgreeWithSurvey(statistic: IndependenceStatistic) throws {
    let entry = try GoldenJSON(TestFiles.golden("survey/replicate_inference.json"))["values", statistic.rawValue]
    let row = try Estimation.run(
      EstimateRequest(.chisq, of: ["sch.wide:stype"], design: Self.jk1, statistic: statistic),
      on: try Samples.open("apiclus1")
    ).rows[0]
    expectClose(try #require(row.statistic), try entry["statistic"].number)
    expectClose(try #require(row.pValue), try entry["p"].number, relative: 1e-9)
    if statistic != .chisq {
      expectClose(try #require(row.degreesOfFreedom), try entry["parameter"].numbers[0])
      expectClose(try #require(row.residualDegreesOfFreedom), try entry["parameter"].numbers[1])
    }
  }

  // MARK: Models

  /// Refitted in every replicate; R stops each refit where coefficients move by less than 1e-14.
  @Test(arguments: ["gaussian", "binomial", "poisson"])
  func modelsAgreeWithSurvey(family: String) throws {
    let entry = try GoldenJSON(TestFiles.golden("survey/replicate_inference.json"))["values", family]
    let formula =
      ["gaussian": "api00 ~ ell + meals", "binomial": "I(`sch.wide` == \"Yes\") ~ ell + meals"][family]
      ?? "`api.stu` ~ ell + stype"
    let request = EstimateRequest(
      .glm, of: [formula], design: Self.jk1, family: try #require(ModelFamily(rawValue: family)))
    let source = try Samples.open("apiclus1")
    let rows = try Estimation.run(request, on: source).rows
    expectClose(rows.compactMap(\.estimate), try entry["est"].numbers, relative: 1e-9)
    expectClose(rows.compactMap(\.standardError), try entry["se"].numbers, relative: 1e-8)
    let df = try entry["df"].number
    #expect(rows.allSatisfy { $0.degreesOfFreedom == df })
    // Given as columns, the replicates lead to the same.
    let model = try Replication.make(
      ReplicatesRequest(.jk1, design: SurveyDesign(weights: "pw", psu: ["dnum"], fpc: ["fpc"])), on: source)
    var given = request
    given.design = SurveyDesign(
      weights: "pw",
      replicates: ReplicateDesign(.jk1, columns: ["rw1-rw15"], scale: model.summary.variance.scale))
    let others = try Estimation.run(given, on: try source.applying(model)).rows
    expectClose(others.compactMap(\.standardError), rows.compactMap(\.standardError), relative: 1e-9)
  }

  @Test func linearModelAgreesWithSurveyInFull() throws {
    let entry = try GoldenJSON(TestFiles.golden("survey/glm.json"))["values", "clus1.JK1.gaussian"]
    let rows = try Estimation.run(
      EstimateRequest(.glm, of: ["api00 ~ ell + meals"], design: Self.jk1), on: try Samples.open("apiclus1")
    ).rows
    expectClose(rows.compactMap(\.estimate), try entry["coef"].numbers)
    expectClose(rows.compactMap(\.standardError), try entry["se"].numbers)
  }

  @Test func tTestAgreesWithSurvey() throws {
    let entry = try GoldenJSON(TestFiles.golden("survey/replicate_inference.json"))["values", "ttest"]
    let row = try Estimation.run(
      EstimateRequest(.ttest, of: ["enroll ~ comp.imp"], design: Self.jk1), on: try Samples.open("apiclus1")
    ).rows[0]
    expectClose(try #require(row.estimate), try entry["est"].number)
    expectClose(try #require(row.statistic), try entry["statistic"].number)
    expectClose(try #require(row.degreesOfFreedom), try entry["df"].number)
    expectClose(try #require(row.pValue), try entry["p"].number, relative: 1e-9)
  }

  @Test func regressionOfPlausibleValues() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/pv_pisa2018_noisy.json"))["values"]
    let entry = golden["ITA.regression.math_on_male"]
    let rows = try pisa(EstimateRequest(.glm, of: ["math ~ I(st004d01t == 2)"], design: Self.pisa)).rows
    expectClose(rows.compactMap(\.estimate), try entry["est"].numbers, relative: 1e-9)
    expectClose(rows.compactMap(\.standardError), try entry["se"].numbers, relative: 1e-9)
  }

  // MARK: Plausible values

  private static let pisa = SurveyDesign(
    weights: "w_fstuwt",
    replicates: ReplicateDesign(.fay(0.5), columns: ["w_fsturwt1-w_fsturwt80"], mse: true))

  private func pisa(_ request: EstimateRequest) throws -> EstimateResult {
    var request = request
    request.filter = ["cnt == 'ITA'", request.filter].compactMap(\.self).joined(separator: " and ")
    request.plausible = [PlausibleValues("math", columns: ["pv1math-pv10math"])]
    return try Estimation.run(
      request, on: try DataFile.open(TestFiles.golden("survey/pisa2018_noisy_fra_ita_mex.csv.gz").path))
  }

  @Test func quantilesOfPlausibleValues() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/pv_pisa2018_noisy.json"))["values"]
    let probabilities = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
    let rows = try pisa(
      EstimateRequest(
        .quantile, of: ["math"], design: Self.pisa, probabilities: probabilities, interval: .quantile)
    ).rows
    for (row, p) in zip(rows, probabilities) {
      #expect(row.term == "math" && row.probability == p)
      expectClose(try #require(row.estimate), try golden["ITA.quantile_\(p).math", "est"].number)
      expectClose(try #require(row.standardError), try golden["ITA.quantile_\(p).math", "se"].number)
    }
  }

  /// Every set of values chooses its own rows; each by itself, then Rubin's rules by hand.
  @Test(arguments: [EstimateRequest.Kind.mean, .proportion, .total])
  func conditionsOnPlausibleValues(kind: EstimateRequest.Kind) throws {
    let variable = kind == .proportion ? "st004d01t" : "AGE"
    let rows = try pisa(
      EstimateRequest(
        kind, of: [variable], design: Self.pisa, where: "math < 420.07 or `math` > 600", missing: .drop)
    ).rows
    let single = try (1...10).map { m in
      try pisa(
        EstimateRequest(
          kind, of: [variable], design: Self.pisa, where: "pv\(m)math < 420.07 or pv\(m)math > 600", missing: .drop)
      ).rows
    }
    for (index, row) in rows.enumerated() { try expectPooled(row, single.map { $0[index] }) }
  }

  private func expectPooled(_ row: Estimate, _ single: [Estimate]) throws {
    let m = Double(single.count)
    let estimates = single.compactMap(\.estimate)
    let q = estimates.reduce(0, +) / m
    let u = single.compactMap(\.standardError).reduce(0) { $0 + $1 * $1 } / m
    let b = estimates.reduce(0) { $0 + ($1 - q) * ($1 - q) } / (m - 1)
    expectClose(try #require(row.estimate), q)
    expectClose(try #require(row.standardError), (u + (1 + 1 / m) * b).squareRoot())
    #expect(row.imputation?.count == single.count)
    #expect(row.count == single.map(\.count).min())
  }

  /// Groups, models and tests of made-up imputations.
  private func table() -> Table {
    let n = 120
    let units = (0..<n).map { Double($0 / 4) }
    var columns: [(String, Column)] = [
      ("w", Column((0..<n).map { 1 + Double($0 % 3) })), ("unit", Column(units)),
      ("z", Column((0..<n).map { Double($0 * 5 % 7) })), ("g", Column((0..<n).map { Double($0 * 3 % 5 / 2) })),
    ]
    for m in 1...3 {
      let values = (0..<n).map { row in Double((row * 17 + m * 5) % 23) + units[row] / 5 }
      columns.append(("pv\(m)", Column(values)))
      columns.append(("level\(m)", Column(values.map { $0 < 12 ? 1 : 2 })))
    }
    return Table(columns)
  }

  private func pooled(_ kind: EstimateRequest.Kind, _ variable: String, by: [String] = []) throws -> EstimateResult {
    try Estimation.run(
      EstimateRequest(
        kind, of: [variable], design: SurveyDesign(weights: "w", psu: ["unit"]), by: by,
        plausible: ["score=pv1-pv3", "level=level1-level3"].map { try PlausibleValues($0) }), on: table())
  }

  @Test func groupsByPlausibleValues() throws {
    let rows = try pooled(.mean, "z", by: ["level"]).rows
    #expect(rows.map { $0.by[0].level } == ["1", "2"])
    #expect(rows.allSatisfy { $0.by[0].variable == "level" })
    for (index, row) in rows.enumerated() {
      try expectPooled(row, (1...3).map { m in try pooled(.mean, "z", by: ["level\(m)"]).rows[index] })
    }
  }

  @Test(arguments: ["score ~ z", "z ~ score + g"])
  func modelsOfPlausibleValues(formula: String) throws {
    let rows = try pooled(.glm, formula).rows
    let single = try (1...3).map { m in
      try pooled(.glm, formula.split(separator: "score", omittingEmptySubsequences: false).joined(separator: "pv\(m)"))
        .rows
    }
    #expect(rows.map(\.term) == (formula == "score ~ z" ? ["(Intercept)", "z"] : ["(Intercept)", "score", "g"]))
    for (index, row) in rows.enumerated() {
      try expectPooled(row, single.map { $0[index] })
      expectClose(try #require(row.statistic), (row.estimate ?? .nan) / (row.standardError ?? .nan))
    }
  }

  /// Rule D2 of Li, Meng, Raghunathan and Rubin, by hand.
  @Test func testsOfPlausibleValues() throws {
    let row = try pooled(.chisq, "level:g").rows[0]
    #expect(row.term == "level:g" && row.form == .test)
    let single = try (1...3).map { m in try pooled(.chisq, "level\(m):g").rows[0] }
    let k = single.compactMap(\.degreesOfFreedom).reduce(0, +) / 3
    let d = single.map { ($0.statistic ?? .nan) * ($0.degreesOfFreedom ?? .nan) }
    let roots = d.map { $0.squareRoot() }
    let centre = roots.reduce(0, +) / 3
    let r = (4.0 / 3) * roots.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / 2
    let expected = (d.reduce(0, +) / 3 / k - 2 * r) / (1 + r)
    expectClose(try #require(row.statistic), max(0, expected))
    expectClose(try #require(row.degreesOfFreedom), k)
  }

  /// A group that some imputations lack has no estimate, and the result says so.
  @Test func groupsThatSomeImputationsLack() throws {
    var columns = (0..<12).map { Double($0) }
    let one = columns.map { $0 < 6 ? 1.0 : 2 }
    columns = one.map { _ in 1 }
    let table = Table([
      ("y", Column((0..<12).map { Double($0 * $0 % 7) })), ("a", Column(one)), ("b", Column(columns)),
    ])
    let result = try Estimation.run(
      EstimateRequest(.mean, of: ["y"], by: ["l"], plausible: [PlausibleValues("l", columns: ["a", "b"])]), on: table)
    #expect(result.rows.count == 2)
    #expect(result.rows[1].estimate == nil && result.rows[1].standardError == nil)
    #expect(result.notes.contains { $0.code == "imputations_without_value" })
  }

  @Test func refusals() throws {
    func problem(_ request: EstimateRequest) -> String {
      do {
        _ = try Estimation.run(request, on: try Samples.open("apiclus1"))
        return "none"
      } catch { return "\(error)" }
    }
    #expect(
      problem(EstimateRequest(.quantile, of: ["api00"], design: Samples.cluster, interval: .quantile))
        .contains("there are no replicates"))
    #expect(
      problem(EstimateRequest(.mean, of: ["api00"], design: Self.jk1, interval: .quantile)).contains("of a mean"))
    #expect(
      problem(
        EstimateRequest(
          .chisq, of: ["l:stype"], design: Samples.cluster, statistic: .chisq,
          plausible: [PlausibleValues("l", columns: ["sch.wide", "both"])])
      ).contains("no common value"))
  }
}
