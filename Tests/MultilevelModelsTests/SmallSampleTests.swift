import Columnar
import LinearAlgebra
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct SmallSampleTests {
  private static let hsb = "mAch ~ (meanses + sector)*cses + (cses | school)"

  private func fit(
    _ formula: String, _ table: Table, _ df: InferenceOptions.DegreesOfFreedom, tests: Bool = false
  ) throws -> MixedModelResult {
    let options = InferenceOptions(degreesOfFreedom: df, tests: tests)
    return try MixedModel.fit(FitRequest(formula, inference: options), to: table).result
  }

  private func table(_ file: String) throws -> Table {
    file == "Hsb82" ? try Fixture.hsb82() : try Fixture.table("\(file).csv")
  }

  @Test(arguments: [
    ("Hsb82", "Hsb82.iaso.REML", hsb),
    ("sleepstudy", "sleepstudy.REML", "Reaction ~ Days + (Days | Subject)"),
    ("sleepstudy", "sleepstudy.indep.REML", "Reaction ~ Days + (Days || Subject)"),
    ("sleepstudy", "sleepstudy.RI.REML", "Reaction ~ Days + (1 | Subject)"),
  ])
  func degreesOfFreedomAreThoseOfThePublishedFormulae(file: String, id: String, formula: String) throws {
    let golden = try Fixture.golden(file, id: id)["small_sample"]
    let table = try table(file)
    for row in try fit(formula, table, .satterthwaite).rows {
      expectClose(
        try #require(row.degreesOfFreedom), try golden["satterthwaite_df", row.term].number, relative: 1e-6, row.term)
    }
    for (df, key, relative) in [
      (InferenceOptions.DegreesOfFreedom.kenwardRoger, "kenward_roger_expected", 1e-7),
      (.kenwardRogerObserved, "kenward_roger_observed", 1e-6),
    ] {
      for row in try fit(formula, table, df).rows {
        expectClose(row.standardError, try golden[key, "se", row.term].number, relative: 1e-7, row.term)
        expectClose(try #require(row.degreesOfFreedom), try golden[key, "df", row.term].number, relative: relative, key)
      }
    }
  }

  /// SAS stops short of the optimum in the two models whose figures are held to fewer digits here and to lmerTest's below.
  @Test(arguments: [
    ("sleepstudy.unstructured", "Reaction ~ Days + (Days | Subject)"),
    ("sleepstudy.independent", "Reaction ~ Days + (Days || Subject)"),
    ("sleepstudy.quadratic.independent", "Reaction ~ Days + I(Days^2) + (1 + Days + I(Days^2) || Subject)"),
    ("sleepstudy.quadratic.unstructured", "Reaction ~ Days + I(Days^2) + (1 + Days + I(Days^2) | Subject)"),
    (
      "sleepstudy.quadratic.intercept_independent_of_rest",
      "Reaction ~ Days + I(Days^2) + (1 | Subject) + (0 + Days + I(Days^2) | Subject)"
    ),
  ])
  func degreesOfFreedomAreThoseOfSAS(id: String, formula: String) throws {
    let golden = try Fixture.golden("small_sample", id: id)
    let table = try Fixture.table("sleepstudy.csv")
    let isLoose = ["sleepstudy.quadratic.independent", "sleepstudy.quadratic.intercept_independent_of_rest"].contains(
      id)
    let relative = isLoose ? 2e-4 : 1e-5
    for (df, key) in [
      (InferenceOptions.DegreesOfFreedom.satterthwaite, "sas_satterthwaite"),
      (.kenwardRogerObserved, "sas_kr"),
    ] {
      let rows = try fit(formula, table, df).rows
      expectClose(rows.map(\.standardError), try golden[key, "se"].numbers, relative: relative, key)
      expectClose(rows.compactMap(\.degreesOfFreedom), try golden[key, "df"].numbers, relative: relative, key)
    }
    let engine = golden["cross_product_engine", "expected"]
    if !engine.isNull {
      let rows = try fit(formula, table, .kenwardRoger).rows
      expectClose(rows.compactMap(\.degreesOfFreedom), try engine["df"].numbers, relative: 2e-5)
    }
  }

  @Test(arguments: [
    ("sleep.below", "Reaction ~ Days + (Days | Subject) + (1 | Group)"),
    ("sleep.above", "Reaction ~ Days + (1 | Subject) + (1 + Days | Group)"),
    ("sleep.quadratic.independent", "Reaction ~ Days + I(Days^2) + (1 + Days + I(Days^2) || Subject)"),
    ("sleep.quadratic.rest", "Reaction ~ Days + I(Days^2) + (1 | Subject) + (0 + Days + I(Days^2) | Subject)"),
    ("pastes", "strength ~ 1 + (1 | batch/cask)"),
    ("exam", "normexam ~ standLRT + sex + schgend + schavg + (standLRT | school)"),
  ])
  func threeLevelsAndMoreEffectsAreThoseOfLmerTestAndPbkrtest(id: String, formula: String) throws {
    let golden = try Fixture.golden("inference", id: id)
    let table =
      id.hasPrefix("sleep")
      ? try Fixture.groupedSleepstudy()
      : id == "exam"
        ? try Fixture.table("Exam.csv").declaring("schgend", ["mixed", "boys", "girls"])
        : try Fixture.table("Pastes.csv")
    let satterthwaite = try fit(formula, table, .satterthwaite).rows
    expectClose(satterthwaite.compactMap(\.degreesOfFreedom), try golden["satterthwaite"].numbers, relative: 1e-5)
    let rows = try fit(formula, table, .kenwardRoger).rows
    expectClose(rows.map(\.standardError), try golden["kenward_roger", "se"].numbers, relative: 1e-6)
    expectClose(rows.compactMap(\.degreesOfFreedom), try golden["kenward_roger", "df"].numbers, relative: 1e-5)
  }

  @Test func jointTestsAreThoseOfTheFormulaeAndOfLmerTest() throws {
    let golden = try Fixture.golden("Hsb82", id: "Hsb82.iaso.REML")["small_sample", "multi_df"]
    let model = try LinearMixedModel.of(
      FitRequest(Self.hsb, inference: InferenceOptions(degreesOfFreedom: .kenwardRoger)), try Fixture.hsb82())
    var contrasts = Matrix(rows: 6, columns: 2)
    contrasts[4, 0] = 1
    contrasts[5, 1] = 1
    let test = try #require(try FixedEffects(model, try model.optimum()).test(contrasts))
    expectClose(test.statistic, try golden["kenward_roger", "F"].number, relative: 1e-7)
    expectClose(test.df, try golden["kenward_roger", "ddf"].number, relative: 1e-7)
    let fai = try LinearMixedModel.of(FitRequest(Self.hsb), try Fixture.hsb82())
    let found = try #require(try FixedEffects(fai, try fai.optimum()).test(contrasts))
    expectClose(found.statistic, try golden["satterthwaite", "F"].number, relative: 1e-7)
    expectClose(found.df, try golden["satterthwaite", "ddf"].number, relative: 1e-6)

    let exam = try Fixture.table("Exam.csv").declaring("schgend", ["mixed", "boys", "girls"])
    for df in [InferenceOptions.DegreesOfFreedom.satterthwaite, .kenwardRoger] {
      let expected = try Fixture.golden("inference", id: "exam.\(df.rawValue)")
      let tests = try fit(
        "normexam ~ standLRT + sex + schgend + schavg + (standLRT | school)", exam, df, tests: true
      ).tests
      #expect(tests.map(\.term) == (try expected["terms"].list.map { try $0.string }))
      expectClose(tests.map(\.statistic), try expected["f"].numbers, relative: 1e-5)
      expectClose(tests.compactMap(\.residualDegreesOfFreedom), try expected["ddf"].numbers, relative: 1e-5)
    }
  }

  /// Pustejovsky and Tipton's definition on full matrices.
  @Test func cr2IsThatOfItsDefinition() throws {
    let request = FitRequest(Self.hsb, inference: InferenceOptions(standardErrors: .cr2))
    let rows = try MixedModel.fit(request, to: try Fixture.hsb82()).result.rows
    expectClose(
      rows.map(\.standardError), [0.175558, 0.339119, 0.311476, 0.149176, 0.338969, 0.241085], absolute: 6e-7)
    expectClose(rows.compactMap(\.degreesOfFreedom), [83.11, 56.01, 100.14, 76.01, 56.56, 90.55], relative: 1e-4)
  }

  @Test func variancesHaveTheErrorsThatSASGives() throws {
    let golden = try Fixture.golden("sleepstudy", id: "sleepstudy.indep.REML")["small_sample"]
    let covariance = golden["sas_asymptotic_cov_of_variances", "values"]
    let result = try fit("Reaction ~ Days + (Days || Subject)", try Fixture.table("sleepstudy.csv"), .none)
    for (index, row) in result.varianceComponents.enumerated() {
      let expected = try covariance[index][index].number
      expectClose(try #require(row.standardError), expected.squareRoot(), relative: 1e-5)
    }
  }

  @Test func containmentCountsGroupsWhereAnEffectIsEstimated() throws {
    let rows = try fit(Self.hsb, try Fixture.hsb82(), .containment).rows
    // 160 schools, 4 effects between them besides the random slope: intercept, meanses, sector, cses.
    let within = Double(7185 - 160 - 2)
    #expect(rows.compactMap(\.degreesOfFreedom) == [156, 156, 156, 156, within, within])
    let nested = try fit("strength ~ 1 + (1 | batch/cask)", try Fixture.table("Pastes.csv"), .containment).rows
    #expect(nested.compactMap(\.degreesOfFreedom) == [9])
  }

  @Test func largeModelsTakeDegreesOfFreedomByCounting() throws {
    let count = 2_001
    let rows = Array(0..<3 * count)
    let groups: [String] = rows.map { "\($0 / 3)" }
    let y: [Double] = rows.map { row in
      let within = Double((row * 7919) % 101)
      return within + Double((row / 3) % 13)
    }
    let table = Table([("y", Column(y))]).adding("g", groups)
    let result = try MixedModel.fit(FitRequest("y ~ 1 + (1 | g)"), to: table).result
    #expect(result.inference.degreesOfFreedom == .containment)
    #expect(result.varianceComponents.allSatisfy { $0.standardError == nil })
  }

  @Test(arguments: [
    (
      FitRequest("Reaction ~ Days + (1 | Subject)", method: .ml, inference: .init(degreesOfFreedom: .kenwardRoger)),
      "REML"
    ),
    (
      FitRequest(
        "Reaction ~ Days + (1 | Subject)", inference: .init(standardErrors: .sandwich, degreesOfFreedom: .satterthwaite)
      ), "model"
    ),
    (
      FitRequest(
        "Reaction ~ Days + (1 | Subject)", weights: ["Days"], inference: .init(degreesOfFreedom: .kenwardRoger)),
      "weights"
    ),
    (FitRequest("Reaction ~ Days + (1 | Subject)", inference: .init(psu: "Group")), "sandwich"),
    (
      FitRequest("Reaction ~ Days + (1 | Subject)", inference: .init(standardErrors: .sandwich, bread: .joint)),
      "restricted"
    ),
  ])
  func whatIsNotDefinedIsRefusedWithAReason(request: FitRequest, reason: String) throws {
    let error = #expect(throws: ImmerseError.self) { try request.validate() }
    #expect(error?.kind == .usage)
    let message = error?.description ?? ""
    #expect(message.contains(reason), "\(message)")
  }
}
