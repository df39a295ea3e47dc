import Columnar
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct ComparisonTests {
  private func exam() throws -> Table {
    try Fixture.table("Exam.csv").declaring("schgend", ["mixed", "boys", "girls"])
  }

  private func compare(
    _ formulas: [String], _ table: Table, method: FitRequest.Method = .ml, weights: [String] = []
  ) throws -> ModelComparison {
    try ModelComparison(
      try MixedModel.fit(formulas.map { FitRequest($0, method: method, weights: weights) }, to: table))
  }

  @Test(arguments: ["exam.slopes", "hsb.fixed"]) func likelihoodRatiosAreThoseOfLme4(id: String) throws {
    let golden = try Fixture.golden("inference", id: id)
    let formulas = [try golden["large"].string, try golden["small"].string]
    let comparison = try compare(formulas, id.hasPrefix("exam") ? try exam() : try Fixture.hsb82())
    #expect(comparison.rows.map(\.formula) == formulas.reversed())
    expectClose(comparison.rows.map { Double($0.parameters) }, try golden["npar"].numbers)
    expectClose(comparison.rows.map(\.aic), try golden["aic"].numbers, relative: 1e-9)
    expectClose(comparison.rows.map(\.bic), try golden["bic"].numbers, relative: 1e-9)
    let test = try #require(comparison.rows.last)
    expectClose(try #require(test.statistic), try golden["statistic"].number, relative: 1e-6)
    #expect(test.degreesOfFreedom == Int(try golden["df"].number))
    expectClose(try #require(test.pValue), try golden["p"].number, relative: 1e-5)
    #expect(comparison.notes.contains { $0.code == "boundary_test" } == id.hasPrefix("exam"))
  }

  @Test(arguments: [
    (["mAch ~ cses + (1 | school)", "mAch ~ cses + sector + (1 | school)"], FitRequest.Method.reml, "restricted"),
    (["mAch ~ cses + (1 | school)", "mAch ~ sector + minrty + (1 | school)"], .ml, "not nested"),
    (["mAch ~ cses + (1 | school)", "ses ~ sector + (1 | school)"], .ml, "responses"),
    (["mAch ~ cses + (1 | school)", "mAch ~ cses + hole + (1 | school)"], .ml, "different rows"),
  ])
  func whatCannotBeComparedIsRefused(formulas: [String], method: FitRequest.Method, reason: String) throws {
    let table = try Fixture.hsb82()
    let hole = table.numbers("ses").indices.map { $0 == 0 ? Double.nan : Double($0 % 7) }
    let error = #expect(throws: ImmerseError.self) {
      try compare(formulas, table.adding("hole", hole), method: method)
    }
    let message = error?.description ?? ""
    #expect(message.contains(reason), "\(message)")
  }

  @Test func pseudoLikelihoodsAreNotCompared() throws {
    let table = try Fixture.weightedHsb82()
    let error = #expect(throws: ImmerseError.self) {
      try compare(["mAch ~ cses + (1 | school)", "mAch ~ cses + sector + (1 | school)"], table, weights: ["c1"])
    }
    #expect(error?.kind == .usage)
  }

  @Test(arguments: ["satterthwaite", "kenward-roger"]) func marginalMeansAreThoseOfEmmeans(df: String) throws {
    let formula = "normexam ~ standLRT + sex + schgend + schavg + (standLRT | school)"
    let golden = try Fixture.golden("inference", id: "exam.means.\(df)")
    let options = InferenceOptions(degreesOfFreedom: .init(rawValue: df), means: ["schgend"])
    let result = try MixedModel.fit(FitRequest(formula, inference: options), to: try exam()).result
    try check(result, golden)
  }

  private func check(_ result: MixedModelResult, _ golden: GoldenJSON) throws {
    #expect(result.means.map(\.term) == (try golden["level"].list.map { try $0.string }))
    expectClose(result.means.map(\.estimate), try golden["mean"].numbers, relative: 1e-6)
    expectClose(result.means.map(\.standardError), try golden["se"].numbers, relative: 1e-5)
    expectClose(result.means.compactMap(\.degreesOfFreedom), try golden["df"].numbers, relative: 2e-5)
    let pairs = golden["pairs"]
    if pairs["estimate"].list.isEmpty {
      expectClose(result.contrasts[0].estimate, try pairs["estimate"].number, relative: 1e-6)
      expectClose(result.contrasts[0].standardError, try pairs["se"].number, relative: 1e-5)
    } else {
      expectClose(result.contrasts.map(\.estimate), try pairs["estimate"].numbers, relative: 1e-6)
      expectClose(result.contrasts.map(\.standardError), try pairs["se"].numbers, relative: 1e-5)
      expectClose(result.contrasts.compactMap(\.degreesOfFreedom), try pairs["df"].numbers, relative: 2e-5)
    }
  }

  @Test func marginalMeansAverageOverOtherFactorsAndInteractions() throws {
    let golden = try Fixture.golden("inference", id: "hsb.means")
    let request = FitRequest("mAch ~ sector * cses + sx + (1 | school)", inference: .init(means: ["sector"]))
    try check(try MixedModel.fit(request, to: try Fixture.hsb82()).result, golden)
    let unknown = FitRequest("mAch ~ sector + (1 | school)", inference: .init(means: ["cses"]))
    #expect(throws: ImmerseError.self) { try MixedModel.fit(unknown, to: try Fixture.hsb82()) }
  }

  /// Every subject left out and the model refitted by lme4.
  @Test func influenceIsThatOfRefits() throws {
    let golden = try Fixture.golden("inference", id: "sleep.influence")
    let request = FitRequest("Reaction ~ Days + (Days | Subject)", inference: .init(influence: "Subject"))
    let influence = try MixedModel.fit(request, to: try Fixture.table("sleepstudy.csv")).result.influence
    let names = try golden["levels"].list.map { try $0.string }
    let cook = try golden["cook"].numbers
    #expect(influence.map(\.unit).sorted() == names.sorted())
    for row in influence {
      let position = try #require(names.firstIndex(of: row.unit))
      expectClose(row.cooksDistance, cook[position], relative: 1e-4, row.unit)
      for effect in 0..<2 {
        expectClose(
          row.changes[effect], try golden["moved"][effect][position].number, relative: 1e-4, absolute: 1e-5, row.unit)
      }
    }
  }

  /// A group above the lowest: its removal is the fit without its rows.
  @Test func leavingOutAGroupIsTheFitWithoutItsRows() throws {
    let table = try Fixture.groupedSleepstudy()
    let formula = "Reaction ~ Days + (1 | Subject) + (1 | Group)"
    for weights in [[], ["w1", "w2", "w3"]] {
      let request = FitRequest(
        formula, weights: weights, weightsAre: weights.isEmpty ? nil : .conditional,
        inference: .init(influence: "Group"))
      let whole = try MixedModel.fit(request, to: table).result
      let groups = table.strings("Group")
      for row in whole.influence {
        let rest = table.rows(groups.indices.filter { groups[$0] != row.unit })
        var plain = request
        plain.inference = InferenceOptions()
        let fit = try MixedModel.fit(plain, to: rest).result
        for (effect, change) in zip(fit.rows, zip(whole.rows, row.changes)) {
          expectClose(effect.estimate, change.0.estimate + change.1, relative: 1e-6, row.unit)
        }
      }
    }
  }
}
