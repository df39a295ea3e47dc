import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Closed forms against R survey 4.5.
struct EstimationTests {
  @Test(arguments: [
    ("apisrs", "srs", Samples.simple), ("apistrat", "strat", Samples.stratified),
    ("apiclus1", "clus1", Samples.cluster), ("apiclus2", "clus2", Samples.twoStage),
  ])
  func meansAndTotals(sample: String, file: String, design: SurveyDesign) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/\(file).json"))["values"]
    try expect(EstimateRequest(.mean, of: ["api00"], design: design), on: sample, matches: golden["mean.api00"])
    try expect(
      EstimateRequest(.total, of: ["enroll"], design: design, missing: .drop), on: sample,
      matches: golden["total.enroll"])
  }

  @Test func ratios() throws {
    let srs = try GoldenJSON(TestFiles.golden("survey/srs.json"))["values"]
    try expect(
      EstimateRequest(.ratio, of: ["api00/api99"], design: Samples.simple), on: "apisrs",
      matches: srs["ratio.api00_api99"])
    let strat = try GoldenJSON(TestFiles.golden("survey/strat.json"))["values"]
    try expect(
      EstimateRequest(.ratio, of: ["api.stu/enroll"], design: Samples.stratified), on: "apistrat",
      matches: strat["ratio.api.stu_enroll"])
    let cluster = try GoldenJSON(TestFiles.golden("survey/clus1.json"))["values"]
    try expect(
      EstimateRequest(.ratio, of: ["api.stu/enroll"], design: Samples.cluster), on: "apiclus1",
      matches: cluster["ratio.api.stu_enroll"])
  }

  @Test func proportionsAreMeansOfIndicators() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/clus1.json"))["values", "mean.stype"]
    let rows = try Estimation.run(
      EstimateRequest(.proportion, of: ["stype"], design: Samples.cluster), on: try Samples.open("apiclus1")
    ).rows
    #expect(rows.map(\.term) == ["stypeE", "stypeH", "stypeM"])
    expectClose(rows.compactMap(\.estimate), try golden["est"].numbers)
    expectClose(rows.compactMap(\.standardError), try golden["se"].numbers)
  }

  @Test func withReplacementWithoutFPC() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/clus2.json"))["values"]
    let design = SurveyDesign(weights: "pw", psu: ["dnum", "snum"])
    try expect(EstimateRequest(.mean, of: ["api00"], design: design), on: "apiclus2", matches: golden["wr.mean.api00"])
    try expect(
      EstimateRequest(.total, of: ["enroll"], design: design, missing: .drop), on: "apiclus2",
      matches: golden["wr.total.enroll"])
  }

  @Test func domains() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/domains.json"))["values"]
    let rows = try Estimation.run(
      EstimateRequest(.mean, of: ["api00"], design: Samples.cluster, by: ["stype"], contrast: true),
      on: try Samples.open("apiclus1")
    ).rows
    let byType = golden["clus1.by.stype.api00"]
    expectClose(rows.prefix(3).compactMap(\.estimate), try byType["est"].numbers)
    expectClose(rows.prefix(3).compactMap(\.standardError), try byType["se"].numbers)
    let difference = rows[3]
    #expect(difference.by == [Group(variable: "stype", level: "H - E")])
    let contrast = golden["clus1.contrast.E_minus_H"]
    expectClose(-(difference.estimate ?? .nan), try contrast["est"].number)
    expectClose(difference.standardError ?? .nan, try contrast["se"].number)
    // Seven degrees of freedom: the districts that have high schools, less one.
    let subset = try #require(
      try Estimation.run(
        EstimateRequest(.mean, of: ["api00"], design: Samples.cluster, where: "stype == \"H\""),
        on: try Samples.open("apiclus1")
      ).rows.first)
    let degrees = subset.degreesOfFreedom
    #expect(degrees == 7)
    try expect(
      EstimateRequest(.total, of: ["enroll"], design: Samples.cluster, where: "stype == \"H\""), on: "apiclus1",
      matches: golden["clus1.subset_H.total.enroll"])
  }

  @Test func domainsAcrossStrataOfRows() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/domains.json"))["values"]
    let crossed = try Estimation.run(
      EstimateRequest(.mean, of: ["api00"], design: Samples.stratified, by: ["sch.wide", "stype"]),
      on: try Samples.open("apistrat")
    ).rows
    expectClose(crossed.compactMap(\.estimate), try golden["strat.by.stype_schwide.api00", "est"].numbers)
    expectClose(crossed.compactMap(\.standardError), try golden["strat.by.stype_schwide.api00", "se"].numbers)
    // The variance of the difference from R's covariance of the two means.
    let rows = try Estimation.run(
      EstimateRequest(.mean, of: ["api00"], design: Samples.stratified, by: ["comp.imp"], contrast: true),
      on: try Samples.open("apistrat")
    ).rows
    let v = try golden["strat.by.comp_imp.api00", "vcov"].list.map { try $0.numbers }
    let expected = (v[0][0] + v[1][1] - 2 * v[0][1]).squareRoot()
    expectClose(rows[2].standardError ?? .nan, expected)
  }

  @Test func twoStageTotalsByDomain() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/clus2.json"))["values", "by.stype.total.enroll"]
    let rows = try Estimation.run(
      EstimateRequest(.total, of: ["enroll"], design: Samples.twoStage, by: ["stype"], missing: .drop),
      on: try Samples.open("apiclus2")
    ).rows
    expectClose(rows.compactMap(\.estimate), try golden["est"].numbers)
    expectClose(rows.compactMap(\.standardError), try golden["se"].numbers)
  }

  @Test func designEffects() throws {
    let strat = try GoldenJSON(TestFiles.golden("survey/strat.json"))["values"]
    let cluster = try GoldenJSON(TestFiles.golden("survey/clus1.json"))["values"]
    func effect(_ kind: EstimateRequest.Kind, _ variable: String, _ design: SurveyDesign, _ sample: String) throws
      -> Double
    {
      let rows = try Estimation.run(EstimateRequest(kind, of: [variable], design: design), on: try Samples.open(sample))
        .rows
      return try #require(rows.first?.designEffect)
    }
    expectClose(
      try effect(.mean, "api00", Samples.stratified, "apistrat"), try strat["mean.api00.deff_wor", "deff"].number)
    expectClose(
      try effect(.total, "enroll", Samples.stratified, "apistrat"), try strat["total.enroll.deff_wor", "deff"].number)
    expectClose(
      try effect(.mean, "api00", Samples.cluster, "apiclus1"), try cluster["mean.api00.deff_wor", "deff"].number)
  }

  @Test func intervalsUseTheDesignsDegreesOfFreedom() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/clus1.json"))["values", "mean.api00.ci_t"]
    let result = try Estimation.run(
      EstimateRequest(.mean, of: ["api00"], design: Samples.cluster), on: try Samples.open("apiclus1"))
    expectClose(result.rows[0].confidenceLow ?? .nan, try golden["lower"].number)
    expectClose(result.rows[0].confidenceHigh ?? .nan, try golden["upper"].number)
    let degrees = result.design.degreesOfFreedom
    #expect(degrees == 14)
  }

  @Test(arguments: ["remove", "certainty", "adjust", "average"])
  func lonelyUnits(rule: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/lonely_psu.json"))["values", "taylor", rule]
    let design = SurveyDesign(
      weights: "pw", strata: ["dnum"], lonelyPSU: try #require(SurveyDesign.LonelyPSU(rawValue: rule)))
    try expect(EstimateRequest(.mean, of: ["api00"], design: design), on: "apiclus1", matches: golden["mean.api00"])
    try expect(EstimateRequest(.total, of: ["api00"], design: design), on: "apiclus1", matches: golden["total.api00"])
  }

  @Test func weightsFromPopulationSizes() throws {
    let rows = try Estimation.run(
      EstimateRequest(.mean, of: ["api00"], design: Samples.twoStage), on: try Samples.open("apiclus2"))
    expectClose(rows.design.sumOfWeights, 5128.675)
  }

  @Test func largeOffsetsCostNoDigits() throws {
    let values = (0..<200).map { Double(($0 * 7919) % 101) }
    let units = (0..<200).map { String($0 / 10) }
    func error(_ offset: Double) throws -> Double {
      let table = Table([("x", Column(values.map { $0 + offset })), ("unit", Column(units.map { Optional($0) }))])
      let request = EstimateRequest(.mean, of: ["x"], design: SurveyDesign(psu: ["unit"]))
      return try #require(try Estimation.run(request, on: table).rows[0].standardError)
    }
    expectClose(try error(1e8), try error(0), relative: 1e-9)
  }
}
