import Columnar
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct PredictionTests {
  @Test func predictionErrorsTakeInTheFixedEffects() throws {
    let model = try MixedModel.fit(
      FitRequest("Reaction ~ Days + (Days | Subject)"), to: try Fixture.table("sleepstudy.csv"))
    let rows = try model.groupPredictions()
    let row = try #require(rows.first { $0.unit == "308" && $0.term == "(Intercept)" })
    expectClose(row.estimate, 2.258566, relative: 1e-5)
    expectClose(row.standardError, 12.070837, relative: 1e-5)
    expectClose(try #require(row.predictionError), 171.615372.squareRoot(), relative: 1e-5)
    let days = rows.filter { $0.term == "Days" }
    #expect(days.map(\.rank).sorted() == Array(1...18))
    #expect(days.first { $0.rank == 1 }?.estimate == days.map(\.estimate).max())
    #expect(rows.allSatisfy { ($0.predictionError ?? 0) > $0.standardError })
  }

  private func table() throws -> Table { try Fixture.hsb82() }
  private let formula = "mAch ~ sector + cses + (cses | school)"

  @Test func fittedValuesAreTheFixedPartAndTheModes() throws {
    let table = try table()
    let model = try MixedModel.fit(FitRequest(formula), to: table)
    let rule = try MixedModelPrediction(model)
    let source = try table.applying(rule)
    let batch = try source.chunk(0, [.number("fitted"), .number("fitted_fixed")])
    let (fitted, mean) = (batch["fitted"]?.numbers?.array ?? [], batch["fitted_fixed"]?.numbers?.array ?? [])
    let modes = try model.conditionalModes()[0]
    let (schools, cses, sectors) = (table.strings("school"), table.numbers("cses"), table.strings("sector"))
    for row in stride(from: 0, to: schools.count, by: 97) {
      let group = try #require(modes.groups.firstIndex(of: schools[row]))
      let catholic = sectors[row] == "Catholic" ? model.result.estimate("sectorCatholic") : 0
      let slope = model.result.estimate("cses") * cses[row]
      let expected = model.result.estimate("(Intercept)") + catholic + slope
      expectClose(mean[row], expected, relative: 1e-10)
      let own = modes.modes[0][group] + modes.modes[1][group] * cses[row]
      expectClose(fitted[row], expected + own, relative: 1e-10)
    }
    // Residuals of an intercept-holding fit under REML add up to zero within rounding of the shrinkage.
    #expect(rule.outputs.map(\.name) == ["fitted", "fitted_fixed"])
  }

  @Test func newGroupsAreTheFixedPartAndUnknownOnesAreAbsent() throws {
    let model = try MixedModel.fit(FitRequest(formula), to: try table())
    // No response: it is not read.
    let rows = Table([
      ("school", Column(["1224", "new", nil].map { $0 })), ("sector", Column(["Public", "Public", "Lay"].map { $0 })),
      ("cses", Column([0.5, 0.5, 0.5])),
    ])
    let batch = try rows.applying(try MixedModelPrediction(model)).chunk(
      0, [.number("fitted"), .number("fitted_fixed")])
    let (fitted, mean) = (batch["fitted"]?.numbers?.array ?? [], batch["fitted_fixed"]?.numbers?.array ?? [])
    #expect(fitted[1] == mean[1])
    #expect(fitted[0] != mean[0])
    #expect(mean[0] == mean[1])
    #expect(fitted[2].isNaN && mean[2].isNaN)
  }

  @Test func simulationsHaveTheModelsVariancesAndNoMemoryOfOrder() throws {
    let count = 40_000
    let rows = Array(0..<count)
    let groups: [String] = rows.map { "\($0 / 20)" }
    let x: [Double] = rows.map { Double($0 % 7) }
    let y: [Double] = rows.map { row in
      let between = Double((row / 20 * 7919) % 13)
      return between + Double((row * 104_729) % 17)
    }
    let table = Table([("y", Column(y)), ("x", Column(x))]).adding("g", groups)
    let model = try MixedModel.fit(FitRequest("y ~ x + (1 | g)"), to: table)
    let source = try table.applying(try MixedModelPrediction(model, seed: 3))
    let drawn = try source.chunk(0, [.number("simulated")])["simulated"]?.numbers?.array ?? []
    let again = try MixedModel.fit(FitRequest("z ~ x + (1 | g)"), to: table.adding("z", drawn)).result
    expectClose(again.component("g"), model.result.component("g"), relative: 0.1)
    expectClose(again.component("Residual"), model.result.component("Residual"), relative: 0.05)
    expectClose(again.estimate("(Intercept)"), model.result.estimate("(Intercept)"), relative: 0.05)
  }

  @Test func predictionsOfCrossedFactors() throws {
    let table = CrossedTests.meetings()
    let model = try MixedModel.fit(FitRequest("y ~ x + (x | teacher) + (1 | pupil)"), to: table)
    let unknown = table.adding("teacher", table.strings("teacher").enumerated().map { $0 == 3 ? "new" : $1 })
    let batch = try unknown.applying(try MixedModelPrediction(model)).chunk(
      0, [.number("fitted"), .number("fitted_fixed")])
    let (fitted, mean) = (batch["fitted"]?.numbers?.array ?? [], batch["fitted_fixed"]?.numbers?.array ?? [])
    let modes = try model.conditionalModes()
    let (pupils, teachers) = (
      try #require(modes.first { $0.group == "pupil" }), try #require(modes.first { $0.group == "teacher" })
    )
    #expect(pupils.rowCounts.reduce(0, +) == table.rowCount && teachers.rowCounts.reduce(0, +) == table.rowCount)
    let (x, p, t) = (table.numbers("x"), table.strings("pupil"), table.strings("teacher"))
    for row in 0..<20 {
      var expected = model.result.estimate("(Intercept)") + model.result.estimate("x") * x[row]
      expectClose(mean[row], expected, relative: 1e-10)
      expected += pupils.modes[0][try #require(pupils.groups.firstIndex(of: p[row]))]
      let teacher = try #require(teachers.groups.firstIndex(of: t[row]))
      if row != 3 { expected += teachers.modes[0][teacher] + teachers.modes[1][teacher] * x[row] }
      expectClose(fitted[row], expected, relative: 1e-9)
    }
  }

  @Test func predictionsTakeTheOffsetIn() throws {
    let table = try table()
    let cses = table.numbers("cses")
    let model = try MixedModel.fit(FitRequest("mAch ~ sector + offset(2 * cses) + (1 | school)"), to: table)
    let rest = table.adding("rest", zip(table.numbers("mAch"), cses).map { $0 - 2 * $1 })
    let plain = try MixedModel.fit(FitRequest("rest ~ sector + (1 | school)"), to: rest)
    func fitted(_ model: MixedModel) throws -> [Double] {
      try rest.applying(try MixedModelPrediction(model)).chunk(0, [.number("fitted")])["fitted"]?.numbers?.array ?? []
    }
    expectClose(try fitted(model), zip(try fitted(plain), cses).map { $0 + 2 * $1 }, relative: 1e-8)
    let computed = try MixedModel.fit(FitRequest("I(mAch + 30) ~ offset(cses) + (1 | school)"), to: table)
    #expect(throws: ImmerseError.self) { try MixedModelPrediction(computed) }
  }

  /// R 4.2.2: `p.adjust`.
  @Test func differencesAreAdjustedAsRDoes() {
    let rows = [0.01, 0.04, 0.03, 0.005, 0.6].map {
      MixedModelResult.FixedEffectRow(
        term: "", estimate: 1, standardError: 1, statistic: 1, degreesOfFreedom: 10, pValue: $0, confidenceLow: 0,
        confidenceHigh: 2)
    }
    let holm = rows.adjusted(.holm, means: 4, level: 0.95)
    expectClose(holm.map(\.pValue), [0.04, 0.09, 0.09, 0.025, 0.6], relative: 1e-12)
    let bonferroni = rows.adjusted(.bonferroni, means: 4, level: 0.95)
    expectClose(bonferroni.map(\.pValue), [0.05, 0.2, 0.15, 0.025, 1], relative: 1e-12)
    // qt(1 - 0.05 / 10, 10)
    expectClose(bonferroni[0].confidenceHigh, 1 + 3.16927267261695, relative: 1e-9)
    #expect(holm[0].confidenceHigh == bonferroni[0].confidenceHigh)
    // ptukey(sqrt(2), 4, 10, lower.tail = FALSE); qtukey(0.95, 4, 10) / sqrt(2)
    let tukey = rows.adjusted(.tukey, means: 4, level: 0.95)
    expectClose(tukey[0].pValue, 0.752922107241516, relative: 1e-8)
    expectClose(tukey[0].confidenceHigh, 1 + 3.05935555347843, relative: 1e-7)
  }

  @Test func sharesOfVarianceAreThoseOfTheirDefinition() throws {
    let null = FitRequest("mAch ~ 1 + (1 | school)", inference: .init(shares: true))
    let result = try MixedModel.fit(null, to: try table()).result
    let icc = try #require(result.shares.first { $0.quantity == .intraclassCorrelation })
    let (between, within) = (result.component("school"), result.component("Residual"))
    expectClose(icc.estimate, between / (between + within), relative: 1e-12)
    // The delta method by hand, from the variances' errors; their covariance is nearly −var(σ²)/n.
    let error = try #require(icc.standardError)
    #expect(error > 0.01 && error < 0.03)
    expectClose(try #require(result.shares.first { $0.quantity == .marginalR2 }).estimate, 0, absolute: 1e-12)

    let model = try MixedModel.fit(FitRequest(formula, inference: .init(shares: true)), to: try table())
    let source = try (try table()).applying(try MixedModelPrediction(model))
    let mean = try source.chunk(0, [.number("fitted_fixed")])["fitted_fixed"]?.numbers?.array ?? []
    let average = mean.reduce(0, +) / Double(mean.count)
    let explained = mean.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(mean.count - 1)
    let x = try table().numbers("cses")
    let square = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let centre = x.reduce(0, +) / Double(x.count)
    let random =
      model.result.component("school", "(Intercept)") + square * model.result.component("school", "cses")
      + 2 * centre * model.result.component("school", "(Intercept)", "cses")
    let total = explained + random + model.result.component("Residual")
    let shares = model.result.shares
    let marginal = try #require(shares.first { $0.quantity == .marginalR2 })
    let conditional = try #require(shares.first { $0.quantity == .conditionalR2 })
    expectClose(marginal.estimate, explained / total, relative: 1e-9)
    expectClose(conditional.estimate, (explained + random) / total, relative: 1e-9)
  }
}
