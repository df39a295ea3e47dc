import SurveyStatistics
import TestSupport
import Testing

/// Intervals of proportions against R survey 4.5's `svyciprop`.
struct ProportionIntervalTests {
  @Test(arguments: [ProportionInterval.asin, .beta, .mean, .xlogit, .wilson, .logit])
  func agreeWithSurvey(interval: ProportionInterval) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/ciprop.json"))["values"]
    // survey finds the logit interval by a regression that it stops at 1e-8.
    let relative = interval == .logit ? 1e-7 : 1e-10
    try expectLimits(try fewSchools(interval), golden["clus1.ell0.\(interval.rawValue)"], relative)
    try expectLimits(try schoolWide(interval), golden["strat.schwide.\(interval.rawValue)"], relative)
  }

  /// survey interpolates the profile; the limits of its definition are found to the last digit in the second file.
  @Test func likelihood() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/estimation.json"))["values"]
    try expectLimits(try fewSchools(.likelihood), golden["clus1.ell0.likelihood"], 1e-8)
    try expectLimits(try schoolWide(.likelihood), golden["strat.schwide.likelihood"], 1e-8)
    let interpolated = try GoldenJSON(TestFiles.golden("survey/ciprop.json"))["values"]
    try expectLimits(try fewSchools(.likelihood), interpolated["clus1.ell0.likelihood"], 5e-3)
    try expectLimits(try schoolWide(.likelihood), interpolated["strat.schwide.likelihood"], 1e-5)
  }

  /// An interval by one of these rules stays inside [0, 1], and a share of 0 has one only where the rule allows it.
  @Test func sharesAtTheEnd() throws {
    for interval in ProportionInterval.allCases where ![.quantile, .score].contains(interval) {
      let rows = try Estimation.run(
        EstimateRequest(
          .proportion, of: ["sch.wide"], design: Samples.cluster, where: "sch.wide == \"Yes\"", interval: interval),
        on: try Samples.open("apiclus1")
      ).rows
      #expect(rows[0].estimate == 0 && rows[0].standardError == 0, "\(interval)")
      if let low = rows[0].confidenceLow, let high = rows[0].confidenceHigh {
        #expect(low == 0 && high == 0, "\(interval)")
      }
    }
  }

  private func fewSchools(_ interval: ProportionInterval) throws -> Estimate {
    try #require(
      try Estimation.run(
        EstimateRequest(.ecdf, of: ["ell"], design: Samples.cluster, interval: interval, at: [0]),
        on: try Samples.open("apiclus1")
      ).rows.first)
  }

  private func schoolWide(_ interval: ProportionInterval) throws -> Estimate {
    try Estimation.run(
      EstimateRequest(.proportion, of: ["sch.wide"], design: Samples.stratified, interval: interval),
      on: try Samples.open("apistrat")
    ).rows[1]
  }

  private func expectLimits(_ row: Estimate, _ golden: GoldenJSON, _ relative: Double) throws {
    expectClose(try #require(row.estimate), try golden["est"].number, relative: 1e-7)
    expectClose(try #require(row.confidenceLow), try golden["lower"].number, relative: relative)
    expectClose(try #require(row.confidenceHigh), try golden["upper"].number, relative: relative)
  }
}
