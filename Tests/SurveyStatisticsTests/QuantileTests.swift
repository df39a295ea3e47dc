import Columnar
import Expressions
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Quantiles and their Woodruff intervals against R survey 4.5.
struct QuantileTests {
  private func golden(_ keys: String...) throws -> GoldenJSON {
    keys.reduce(try GoldenJSON(TestFiles.golden("survey/quantiles.json"))["values"]) { $0[$1] }
  }

  private func rows(
    _ sample: String, _ design: SurveyDesign, _ probabilities: [Double], rule: QuantileRule = .math,
    interval: ProportionInterval = .mean
  ) throws -> [Estimate] {
    try Estimation.run(
      EstimateRequest(
        .quantile, of: ["api00"], design: design, probabilities: probabilities, rule: rule, interval: interval),
      on: try Samples.open(sample)
    ).rows
  }

  /// survey's Shah-Vaish rule mixes scaled and unscaled weights; with weights of mean 1 it is the rule it names.
  @Test(arguments: QuantileRule.allCases.filter { $0 != .shahvaish })
  func rulesOfEqualWeights(rule: QuantileRule) throws {
    let entry = try golden("clus1.rules", rule.rawValue)
    let rows = try rows("apiclus1", Samples.cluster, try entry["p"].numbers, rule: rule)
    expectClose(rows.compactMap(\.estimate), try entry["q"].numbers, relative: 1e-12)
    #expect(rows.map(\.probability) == (try entry["p"].numbers.map { Optional($0) }))
  }

  @Test(arguments: [QuantileRule.math, .school, .hf3, .hf4, .hf5, .hf6, .hf7, .hf8, .hf9])
  func rulesOfUnequalWeights(rule: QuantileRule) throws {
    let entry = try golden("strat.rules", rule.rawValue)
    let rows = try rows("apistrat", Samples.stratified, try entry["p"].numbers, rule: rule)
    expectClose(rows.compactMap(\.estimate), try entry["q"].numbers, relative: 1e-12)
  }

  @Test func shahAndVaishDoesNotDependOnTheScaleOfWeights() throws {
    let median = try rows("apiclus1", Samples.cluster, [0.5], rule: .shahvaish)[0].estimate
    let unweighted = try rows("apiclus1", SurveyDesign(psu: ["dnum"]), [0.5], rule: .shahvaish)[0].estimate
    let expected = try golden("shahvaish_scale_defect", "with_weights_mean_1").number
    #expect(median == expected && unweighted == expected)
  }

  @Test(arguments: [ProportionInterval.mean, .beta, .xlogit, .asin])
  func woodruffIntervals(interval: ProportionInterval) throws {
    let entry = try golden("clus1.intervals", interval.rawValue)
    let rows = try rows("apiclus1", Samples.cluster, try entry["p"].numbers, interval: interval)
    expectClose(rows.compactMap(\.estimate), try entry["q"].numbers)
    expectClose(rows.compactMap(\.confidenceLow), try entry["lower"].numbers)
    expectClose(rows.compactMap(\.confidenceHigh), try entry["upper"].numbers)
    expectClose(rows.compactMap(\.standardError), try entry["se"].numbers)
  }

  @Test func stratified() throws {
    let entry = try golden("strat.woodruff_mean")
    let rows = try rows("apistrat", Samples.stratified, [0.25, 0.5, 0.75])
    expectClose(rows.compactMap(\.confidenceLow), try entry["lower"].numbers)
    expectClose(rows.compactMap(\.confidenceHigh), try entry["upper"].numbers)
    expectClose(rows.compactMap(\.standardError), try entry["se"].numbers)
  }

  /// A limit of the share that leaves [0, 1] has no quantile.
  @Test func tails() throws {
    let rows = try rows("apistrat", Samples.stratified, [0.005, 0.995])
    #expect(rows.map(\.estimate) == [398, 893])
    #expect(rows.map(\.confidenceLow) == [nil, 893])
    #expect(rows.map(\.confidenceHigh) == [421, 893])
    #expect(rows.map(\.standardError) == [nil, 0])
  }

  /// In a domain, quantiles are those of its rows, and a difference's variance is that of the two where no unit is shared.
  @Test func domains() throws {
    let rows = try Estimation.run(
      EstimateRequest(
        .quantile, of: ["api00"], design: Samples.stratified, by: ["stype"], contrast: true, probabilities: [0.5]),
      on: try Samples.open("apistrat")
    ).rows
    let schools = try Estimation.run(
      EstimateRequest(
        .quantile, of: ["api00"], design: Samples.stratified, where: "stype == \"H\"", probabilities: [0.5]),
      on: try Samples.open("apistrat")
    ).rows
    #expect(rows[1].estimate == schools[0].estimate && rows[1].standardError == schools[0].standardError)
    let errors = try rows.map { try #require($0.standardError) }
    let expected = (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot()
    expectClose(errors[3], expected)
    let difference = (rows[1].estimate ?? .nan) - (rows[0].estimate ?? .nan)
    #expect(rows[3].estimate == difference)
  }

  /// The order of the rows, their chunks and replication for weights do not matter; location and scale act as they must.
  @Test(arguments: QuantileRule.allCases)
  func laws(rule: QuantileRule) throws {
    let values = (0..<90).map { Double(($0 * 7919) % 31) }
    let weights = (0..<90).map { Double(1 + ($0 * 13) % 4) }
    func median(_ values: [Double], _ weights: [Double]) throws -> [Double?] {
      let table = Table([("x", Column(values)), ("w", Column(weights))])
      let request = EstimateRequest(
        .quantile, of: ["x"], design: SurveyDesign(weights: "w"), probabilities: [0.07, 0.5, 0.93], rule: rule)
      return try Estimation.run(request, on: table).rows.map(\.estimate)
    }
    let plain = try median(values, weights)
    // Tied rows of unequal weight keep their order, which the linear rules see.
    if [.math, .hf1, .school, .hf2, .hf3].contains(rule) {
      #expect(try median(values.reversed(), weights.reversed()) == plain)
    }
    let equal = values.map { _ in 2.0 }
    #expect(try median(values.reversed(), equal) == median(values, equal))
    #expect(try median(values, weights.map { $0 * 1024 }) == plain)
    let moved = plain.compactMap { $0.map { $0 * 4 - 64 } }
    expectClose(
      try median(values.map { $0 * 4 - 64 }, weights).compactMap { $0 }, moved, relative: 1e-12, absolute: 1e-12)
    #expect(try median(values + [99], weights + [0]) == plain)
  }

  @Test func emptyAndConstantDomains() throws {
    let table = Table([
      ("x", Column([1, 1, 1, .nan, .nan, .nan])), ("g", Column(["a", "a", "a", "b", "b", "b"])),
      ("unit", Column(["1", "2", "3", "4", "5", "6"])),
    ])
    let rows = try Estimation.run(
      EstimateRequest(
        .quantile, of: ["x"], design: SurveyDesign(psu: ["unit"]), by: ["g"], missing: .drop, probabilities: [0.5]),
      on: table
    ).rows
    #expect(rows[0].estimate == 1 && rows[0].standardError == 0)
    #expect(rows[1].estimate == nil && rows[1].standardError == nil && rows[1].count == 0)
  }

  @Test func distributionFunction() throws {
    let request = EstimateRequest(.ecdf, of: ["api00"], design: Samples.cluster, at: [500, 600])
    let rows = try Estimation.run(request, on: try Samples.open("apiclus1")).rows
    let shares = try Estimation.run(
      EstimateRequest(.mean, of: ["low"], design: Samples.cluster),
      on: try Samples.open("apiclus1").deriving([Derivation("low", .compute("api00 <= 600"))])
    ).rows
    #expect(rows.map(\.term) == ["api00<=500", "api00<=600"])
    expectClose(try #require(rows[1].estimate), try #require(shares[0].estimate))
    expectClose(try #require(rows[1].standardError), try #require(shares[0].standardError))
  }

  @Test func refusals() throws {
    for request in [
      EstimateRequest(.quantile, of: ["api00"], probabilities: [1.2]),
      EstimateRequest(.quantile, of: ["api00"], probabilities: []),
      EstimateRequest(.ecdf, of: ["api00"]), EstimateRequest(.mean, of: ["api00"], interval: .beta),
      EstimateRequest(.quantile, of: ["api00"], interval: .likelihood),
    ] {
      let error = #expect(throws: ImmerseError.self) { try request.validate() }
      #expect(error?.kind == .usage)
    }
  }
}
