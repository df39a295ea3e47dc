import Columnar
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct IntervalTests {
  private func intervals(
    _ formula: String, _ file: String, _ options: InferenceOptions, method: FitRequest.Method = .ml
  ) throws -> [ParameterInterval] {
    let request = FitRequest(formula, method: method, inference: options)
    return try MixedModel.fit(request, to: try Fixture.table(file)).result.intervals
  }

  private func find(_ intervals: [ParameterInterval], _ parameter: ParameterInterval.Parameter, _ name: String)
    -> ParameterInterval?
  {
    intervals.first { $0.parameter == parameter && ($0.term1 == name || ($0.term1 == nil && $0.group == name)) }
  }

  /// lme4 reads its limits off a spline, which is good to some 1e-4.
  @Test(arguments: [FitRequest.Method.ml, .reml]) func profilesAreThoseOfLme4(method: FitRequest.Method) throws {
    let golden = try Fixture.golden("sleepstudy", id: "sleepstudy.ML")["profile_ci", "values"]
    let found = try intervals(
      "Reaction ~ Days + (Days | Subject)", "sleepstudy.csv", InferenceOptions(intervals: .profile), method: method)
    #expect(found.count == 6)
    for (key, parameter, name) in [
      ("sd_(Intercept)|Subject", ParameterInterval.Parameter.standardDeviation, "(Intercept)"),
      ("sd_Days|Subject", .standardDeviation, "Days"), ("cor_Days.(Intercept)|Subject", .correlation, "(Intercept)"),
      ("sigma", .standardDeviation, "Residual"), ("(Intercept)", .fixed, "(Intercept)"), ("Days", .fixed, "Days"),
    ] {
      let interval = try #require(find(found, parameter, name), "\(key)")
      expectClose(
        try #require(interval.confidenceLow), try golden[key, "lower"].number, relative: 3e-4, "\(key) low")
      expectClose(
        try #require(interval.confidenceHigh), try golden[key, "upper"].number, relative: 3e-4, "\(key) high")
    }
  }

  @Test func profilesOfOneVarianceAreThoseOfLme4() throws {
    let found = try intervals("Yield ~ 1 + (1 | Batch)", "Dyestuff.csv", InferenceOptions(intervals: .profile))
    let expected = [[1486.451, 1568.548], [12.1985, 84.0630], [38.2300, 67.6577]]
    for (interval, limits) in zip(found, expected) {
      expectClose([interval.confidenceLow ?? .nan, interval.confidenceHigh ?? .nan], limits, relative: 2e-4)
    }
    // At zero the likelihood still lies within the interval.
    let edge = try intervals("Yield ~ 1 + (1 | Batch)", "Dyestuff2.csv", InferenceOptions(intervals: .profile))
    let variance = try #require(find(edge, .standardDeviation, "(Intercept)"))
    #expect(variance.confidenceLow == 0)
    let high = try #require(variance.confidenceHigh)
    #expect(high > 0.5 && high < 5)
  }

  /// The limit's definition, by another route: at three levels the likelihood with a fixed effect held is that of the
  /// response less the effect's share.
  @Test func profilesHoldWhatTheySay() throws {
    let table = try Fixture.groupedSleepstudy()
    let formula = "Reaction ~ Days + (1 + Days | Subject) + (1 | Group)"
    let request = FitRequest(formula, method: .ml, inference: InferenceOptions(intervals: .profile))
    let fit = try MixedModel.fit(request, to: table).result
    let slope = try #require(find(fit.intervals, .fixed, "Days"))
    let limit = try #require(slope.confidenceHigh)
    let less = zip(table.numbers("Reaction"), table.numbers("Days")).map { $0 - limit * $1 }
    let held = try MixedModel.fit(
      FitRequest("less ~ 1 + (1 + Days | Subject) + (1 | Group)", method: .ml), to: table.adding("less", less)
    ).result
    expectClose(held.criterion.value - fit.criterion.value, 3.841458820694124, relative: 1e-6)
  }

  @Test func bootstrapsDependOnTheSeedAloneAndAgreeWithTheory() throws {
    let formula = "mAch ~ cses + (1 | school)"
    let options = InferenceOptions(intervals: .bootstrap, draws: 200, seed: 7)
    let table = try Fixture.hsb82()
    let request = FitRequest(formula, inference: options)
    let one = try MixedModel.fit(request, to: table, engine: Engine(threads: 1)).result
    let two = try MixedModel.fit(request, to: table, engine: Engine(threads: 2)).result
    #expect(one.intervals == two.intervals)
    for (row, interval) in zip(one.rows, one.intervals) {
      let width = (interval.confidenceHigh ?? .nan) - (interval.confidenceLow ?? .nan)
      expectClose(width, row.confidenceHigh - row.confidenceLow, relative: 0.25, row.term)
      expectClose((interval.confidenceHigh ?? 0) + (interval.confidenceLow ?? 0), 2 * row.estimate, relative: 0.1)
    }
    let sigma = try #require(one.intervals.last)
    // σ has about n degrees of freedom: half a width of 1.96 σ / √2n.
    let width = 2 * 1.96 * sigma.estimate / (2 * 7_023.0).squareRoot()
    expectClose((sigma.confidenceHigh ?? .nan) - (sigma.confidenceLow ?? .nan), width, relative: 0.25)
  }

  @Test func weightedIntervalsAreRefused() {
    for intervals in [InferenceOptions.Intervals.profile, .bootstrap] {
      let request = FitRequest("y ~ x + (1 | g)", weights: ["w"], inference: .init(intervals: intervals))
      #expect(throws: ImmerseError.self) { try request.validate() }
    }
  }
}
