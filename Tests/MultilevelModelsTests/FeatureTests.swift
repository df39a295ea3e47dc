import Columnar
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

/// What a formula and a request can say, against lme4 and nlme.
@Suite struct FeatureTests {
  /// Hsb82 with the columns of `Tests/Reference/multilevel_features.R`.
  static func table() throws -> Table {
    let table = try Fixture.hsb82()
    let band = table.numbers("meanses").map { $0 <= -0.4 ? "a" : $0 <= 0 ? "b" : $0 <= 0.3 ? "c" : "d" }
    return table.adding("band", band).adding("w", band.indices.map { 0.5 + Double(7 * ($0 + 1) % 11) / 8 })
      .adding("male", table.strings("sx").map { $0 == "Male" ? 1 : 0 })
  }

  @Test(arguments: [
    ("offset", FitRequest("mAch ~ sector + offset(2 * cses) + (1 | school)")),
    ("poly", FitRequest("mAch ~ poly(ses, 3) + (1 | school)")),
    ("poly.raw", FitRequest("mAch ~ poly(ses, 2, raw = TRUE) + (1 | school)")),
    ("sum", FitRequest("mAch ~ C(band, sum) * cses + (1 | school)")),
    ("helmert", FitRequest("mAch ~ C(band, contr.helmert) + cses + (1 | school)")),
    ("levels", FitRequest("mAch ~ factor(band, levels = c('c', 'a', \"d\", b)) + (1 | school)")),
    ("relevel", FitRequest("mAch ~ relevel(band, ref = 'b') + (1 | school)")),
    ("gmc", FitRequest("mAch ~ gmc(ses) + (gmc(ses) | school)")),
    ("gmc.weighted", FitRequest("mAch ~ gmc(ses, weights = w) + (gmc(ses, weights = w) | school)")),
    ("cwc", FitRequest("mAch ~ cwc(ses, school) + group_mean(ses, school) + (cwc(ses, school) | school)")),
    (
      "cwc.weighted",
      FitRequest(
        """
        mAch ~ cwc(ses, school, weights = w) + group_mean(ses, school, weights = w)
          + (cwc(ses, school, weights = w) | school)
        """)
    ),
    ("several", FitRequest("mAch ~ cses + C(sx) + (1 | school) + (0 + cses | school) + (0 + male | school)")),
    ("several", FitRequest("mAch ~ cses + C(sx) + diag(1 + cses + male | school)")),
    ("precision", FitRequest("mAch ~ cses + (cses | school)", weights: ["w"], weightsKind: .precision)),
    ("precision.ML", FitRequest("mAch ~ cses + (1 | school)", method: .ml, weights: ["w"], weightsKind: .precision)),
    ("classes.ML", FitRequest("mAch ~ cses + sector + (1 | school)", method: .ml, residualBy: "sx")),
    ("classes.REML", FitRequest("mAch ~ cses + sector + (1 | school)", residualBy: "sx")),
    ("classes.between", FitRequest("mAch ~ cses + (cses | school)", residualBy: "band")),
  ])
  func modelsOfLme4AndNlme(id: String, request: FitRequest) throws {
    let golden = try Fixture.golden("features", id: id)
    let result = try MixedModel.fit(request, to: try Self.table()).result
    #expect(result.convergence.converged)
    let criterion = try golden["criterion"].number
    #expect(result.criterion.value <= criterion + 1e-6)
    expectClose(result.criterion.value, criterion, relative: 1e-9)
    expectClose(result.rows.map(\.estimate), try golden["beta"].numbers, relative: 1e-6, absolute: 1e-8)
    expectClose(result.rows.map(\.standardError), try golden["se"].numbers, relative: 1e-5)
    let variances = result.varianceComponents.filter { $0.term2 == nil }.map(\.covariance)
    expectClose(variances, try golden["variances"].numbers, relative: 1e-4)
  }

  @Test func termsAreNamedAsRNamesThem() throws {
    let result = try MixedModel.fit(
      FitRequest("mAch ~ C(band, sum)*poly(ses, 2) + relevel(band, ref = \"b\") + (1 | school)"), to: try Self.table()
    ).result
    #expect(
      result.rows.map(\.term) == [
        "(Intercept)", "C(band, sum)1", "C(band, sum)2", "C(band, sum)3", "poly(ses, 2)1", "poly(ses, 2)2",
        "C(band, sum)1:poly(ses, 2)1", "C(band, sum)2:poly(ses, 2)1", "C(band, sum)3:poly(ses, 2)1",
        "C(band, sum)1:poly(ses, 2)2", "C(band, sum)2:poly(ses, 2)2", "C(band, sum)3:poly(ses, 2)2",
      ])
    #expect(result.notes.contains { $0.code == "rank_deficient" && $0.message.contains("relevel(band, ref = \"b\")a") })
  }

  @Test func termsOfSeveralColumnsAreTestedAsOne() throws {
    let result = try MixedModel.fit(
      FitRequest(
        "mAch ~ C(band, sum)*cses + poly(ses, 2) + (1 | school)", inference: InferenceOptions(tests: true)),
      to: try Self.table()
    ).result
    #expect(result.tests.map(\.term) == ["C(band, sum)", "cses", "poly(ses, 2)", "C(band, sum):cses"])
    #expect(result.tests.map(\.degreesOfFreedom) == [3, 1, 2, 3])
  }

  /// A row, or a school, with a frequency of two is there twice; REML and model errors too.
  @Test func frequencyWeightsAreCopies() throws {
    let table = try Fixture.groupedSleepstudy()
    let request = FitRequest(
      "Reaction ~ Days + (Days | Subject)", weights: ["w1", "w2"], weightsKind: .frequency)
    let weighted = try MixedModel.fit(request, to: table).result
    #expect(weighted.criterion.name == "REML")
    #expect(weighted.weights.map(\.kind) == [.frequency, .frequency])
    let (w1, w2) = (table.numbers("w1"), table.numbers("w2"))
    let rows = w1.indices.flatMap { row in [Int](repeating: row, count: Int(w1[row])) }
    let second = rows.filter { w2[$0] == 2 }
    let written = table.rows(rows + second)
    let subjects = written.strings("Subject").enumerated().map { $0 < rows.count ? $1 : $1 + "bis" }
    let plain = try MixedModel.fit(
      FitRequest("Reaction ~ Days + (Days | Subject)"), to: written.adding("Subject", subjects)
    ).result
    expectClose(weighted.criterion.value, plain.criterion.value, relative: 1e-11)
    expectClose(weighted.rows.map(\.estimate), plain.rows.map(\.estimate), relative: 1e-8)
    expectClose(weighted.rows.map(\.standardError), plain.rows.map(\.standardError), relative: 1e-6)
  }

  @Test func precisionWeightsAreRelativeToTheResidualVariance() throws {
    let table = try Self.table()
    func fit(_ factor: Double) throws -> MixedModelResult {
      try MixedModel.fit(
        FitRequest("mAch ~ cses + (1 | school)", weights: ["w"], weightsKind: .precision),
        to: table.adding("w", table.numbers("w").map { factor * $0 })
      ).result
    }
    let (a, b) = (try fit(1), try fit(9))
    // Criterion and estimates stay; the residual variance is that of a row of weight 1.
    expectClose(b.criterion.value, a.criterion.value, relative: 1e-12)
    expectClose(b.component("Residual"), 9 * a.component("Residual"), relative: 1e-7)
    expectClose(b.component("school"), a.component("school"), relative: 1e-6)
  }

  @Test func residualClassesOfUnitRatioAreTheCommonVariance() throws {
    let table = try Self.table()
    let request = FitRequest("mAch ~ cses + sector + (cses | school)", residualBy: "sx")
    let model = try LinearMixedModel.of(request, table)
    let plain = try LinearMixedModel.of(FitRequest("mAch ~ cses + sector + (cses | school)"), table)
    let theta = [0.3, 0.05, 0.2]
    expectClose(
      try model.evaluate(theta + [0], .raw).criterion, try plain.evaluate(theta, .raw).criterion, relative: 1e-13)

    // The exact gradient against differences.
    let point = theta + [0.15]
    let gradient = try model.gradient(try model.evaluate(point, .raw), .raw)
    for k in point.indices {
      let width = 1e-5
      let ends = try [-2.0, -1, 1, 2].map { step in
        var moved = point
        moved[k] += step * width
        return try model.evaluate(moved, .raw).criterion
      }
      let numeric = (8 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12 * width)
      expectClose(gradient[k], numeric, relative: 1e-6, absolute: 1e-5)
    }
  }

  /// A class whose rows are worth k² of another's: residuals written out times k.
  @Test func weightsAndResidualClassesGoTogether() throws {
    let table = try Fixture.weightedHsb82()
    let request = FitRequest(
      "mAch ~ cses + (1 | school)", weights: ["c1", "c2"], weightsAre: .conditional, weightScaling: .size,
      residualBy: "sx")
    let result = try MixedModel.fit(request, to: table).result
    let residuals = result.varianceComponents.filter { $0.group == "Residual" }
    #expect(residuals.map(\.term1) == ["sxFemale", "sxMale"])
    let common = try MixedModel.fit(
      FitRequest(
        "mAch ~ cses + (1 | school)", weights: ["c1", "c2"], weightsAre: .conditional, weightScaling: .size),
      to: table
    ).result
    #expect(result.criterion.value < common.criterion.value)
    #expect(result.convergence.converged)
  }

  @Test(arguments: [
    (FitRequest("y ~ x + (1 | g)", weights: ["w"], weightsKind: .frequency, weightScaling: .size), "frequency weights"),
    (
      FitRequest("y ~ x + (1 | g)", weights: ["w", "x"], weightsKind: .precision), "precision weights are those of rows"
    ),
    (
      FitRequest("y ~ x + (1 | g)", weights: ["w"], weightsKind: .precision, weightsAre: .unconditional),
      "precision weights have no unconditional form"
    ),
    (FitRequest("y ~ poly(x, 12) + (1 | g)"), "formula \"y ~ poly(x, 12) + (1 | g)\", character 5: poly( ) takes"),
    (FitRequest("y ~ C(g, fourier) + (1 | g)"), "formula \"y ~ C(g, fourier) + (1 | g)\", character 5: there are no"),
    (FitRequest("y ~ cwc(x) + (1 | g)"), "formula \"y ~ cwc(x) + (1 | g)\", character 5: cwc( ) takes a number and"),
    (FitRequest("y ~ diag(diag(x | g)) + (1 | g)"), "formula"),
    (FitRequest("y ~ x:offset(w) + (1 | g)"), "formula \"y ~ x:offset(w) + (1 | g)\", character 6: only columns"),
  ])
  func contradictionsAreUsage(request: FitRequest, problem: String) {
    let error = #expect(throws: ImmerseError.self) { try MixedModel.fit(request, to: RefusalTests.table) }
    #expect(error?.kind == .usage)
    #expect(error?.problem.hasPrefix(problem) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    (FitRequest("y ~ x + (1 | g)", weights: ["half"], weightsKind: .frequency), "half", "holds fractions"),
    (FitRequest("y ~ x + (1 | g)", residualBy: "one"), "one", "has one level only"),
    (FitRequest("y ~ poly(w, 2) + (1 | g)"), "poly(w, 2)", "has too few distinct values"),
    (FitRequest("y ~ factor(g, levels = c(a, z)) + (1 | h)"), "g", "has no level \"z\""),
    (FitRequest("y ~ x + (1 | h)", residualBy: "flatClass"), "flatClass", "has a level in which the response does not"),
  ])
  func contradictoryDataAreNamed(request: FitRequest, variable: String, problem: String) {
    let table = RefusalTests.table.adding("half", [1, 2, 1.5, 1, 1, 1, 1, 1])
      .adding("y", [1, 1, 1, 1, 5, 9, 7, 8]).adding("flatClass", ["f", "f", "f", "f", "v", "v", "v", "v"])
    let error = #expect(throws: ImmerseError.self) { try MixedModel.fit(request, to: table) }
    #expect(error?.kind == .badData)
    #expect(error?.variable == variable)
    #expect(error?.problem.hasPrefix(problem) == true, "\(error?.description ?? "")")
  }
}
