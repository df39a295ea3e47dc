import Columnar
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct WeightsTests {
  /// Against the golden's pseudo-likelihood, fixed effects with sandwich errors, and variances.
  private func check(_ result: MixedModelResult, _ golden: GoldenJSON, _ variances: [String: Double]) throws {
    #expect(result.criterion.name == "pseudo-ML")
    #expect(result.convergence.converged)
    let likelihood = try golden["log_pseudo_likelihood"].number
    #expect(result.criterion.value <= -2 * likelihood + 1e-6)
    expectClose(result.criterion.value, -2 * likelihood, relative: 1e-10)
    for term in golden["beta"].keys {
      expectClose(result.estimate(term), try golden["beta", term].number, relative: 1e-6, term)
      expectClose(
        result.standardError(term), try golden["se_sandwich_block_bread", term].number, relative: 1e-5, term)
    }
    #expect(golden["variances"].keys.sorted() == variances.keys.sorted())
    for (name, variance) in variances {
      expectClose(variance, try golden["variances", name].number, relative: 1e-4, name)
    }
  }

  private func doubledSubjects() throws -> Table {
    let table = try Fixture.table("sleepstudy.csv")
    let weight = table.strings("Subject").map { ["308", "309", "310"].contains($0) ? 2.0 : 1 }
    return table.adding("two", weight).adding("one", weight.map { _ in 1 })
  }

  @Test(arguments: [
    ("level1.doubled", "Reaction ~ Days + (1 | Subject)", ["two", "one"]),
    ("level2.doubled", "Reaction ~ Days + (1 | Subject)", ["one", "two"]),
    ("level1.doubled.independent_slopes", "Reaction ~ Days + (Days || Subject)", ["two", "one"]),
    ("level2.doubled.correlated_slopes", "Reaction ~ Days + (Days | Subject)", ["one", "two"]),
  ])
  func twoLevelWeightsAreThoseOfWeMix(id: String, formula: String, weights: [String]) throws {
    let golden = try Fixture.golden("weighted_sleepstudy", id: id)["cross_product"]
    let result = try MixedModel.fit(
      FitRequest(formula, weights: weights, weightsAre: .conditional), to: try doubledSubjects()
    ).result
    var variances = ["Residual": result.component("Residual")]
    if formula.contains("1 | Subject") {
      variances["Subject"] = result.component("Subject")
    } else {
      variances["Subject.(Intercept)"] = result.component("Subject", "(Intercept)")
      variances["Subject.Days"] = result.component("Subject", "Days")
      if id.contains("correlated") { variances["Subject.cov"] = result.component("Subject", "(Intercept)", "Days") }
    }
    try check(result, golden, variances)
  }

  @Test(arguments: [
    ("three_level.intercepts", "Reaction ~ Days + (1 | Subject) + (1 | Group)"),
    ("three_level.slope_at_level3", "Reaction ~ Days + (1 | Group) + (1 | Subject) + (0 + Days | Group)"),
  ])
  func threeLevelWeightsAreThoseOfStataAndWeMix(id: String, formula: String) throws {
    let golden = try Fixture.golden("weighted_sleepstudy", id: id)["cross_product"]
    let table = try Fixture.groupedSleepstudy()
    let request = FitRequest(formula, weights: ["w1", "w2", "w3"], weightsAre: .conditional)
    let result = try MixedModel.fit(request, to: table).result
    var variances = ["Residual": result.component("Residual"), "Subject": result.component("Subject")]
    if id == "three_level.intercepts" {
      variances["Group"] = result.component("Group")
    } else {
      variances["Group.(Intercept)"] = result.component("Group", "(Intercept)")
      variances["Group.Days"] = result.component("Group", "Days")
    }
    try check(result, golden, variances)
    #expect(result.weights.map(\.level) == ["rows", "Subject", "Group"])
    #expect(result.weights.map(\.sum) == [184, 19, 5])

    // Unconditional weights are the products up the tree.
    let (w1, w2, w3) = (table.numbers("w1"), table.numbers("w2"), table.numbers("w3"))
    let overall = table.adding("w1", w1.indices.map { w1[$0] * w2[$0] * w3[$0] })
      .adding("w2", w2.indices.map { w2[$0] * w3[$0] })
    var unconditional = request
    unconditional.weightsAre = .unconditional
    let same = try MixedModel.fit(unconditional, to: overall).result
    expectClose(same.criterion.value, result.criterion.value, relative: 1e-12)
    expectClose(same.rows.map(\.standardError), result.rows.map(\.standardError), relative: 1e-7)
  }

  @Test(arguments: [
    ("Hsb82.weighted.RI", "mAch ~ cses + (1 | school)", FitRequest.WeightScaling.none),
    ("Hsb82.weighted.RS", "mAch ~ cses + (cses | school)", .none),
    ("Hsb82.weighted.RI.size", "mAch ~ cses + (1 | school)", .size),
    ("Hsb82.weighted.RI.effective", "mAch ~ cses + (1 | school)", .effective),
    ("Hsb82.weighted.RI.gk", "mAch ~ cses + (1 | school)", .gk),
  ])
  func weightsAndTheirScalingsOnHsb82(id: String, formula: String, scaling: FitRequest.WeightScaling) throws {
    let golden = try Fixture.golden("weighted_Hsb82", id: id)["cross_product"]
    let table = try Fixture.weightedHsb82()
    let request = FitRequest(
      formula, weights: ["c1", "c2"], weightsAre: .conditional, weightScaling: scaling)
    let result = try MixedModel.fit(request, to: table).result
    var variances = ["Residual": result.component("Residual")]
    if id == "Hsb82.weighted.RS" {
      variances["school.(Intercept)"] = result.component("school", "(Intercept)")
      variances["school.cses"] = result.component("school", "cses")
      variances["school.cov"] = result.component("school", "(Intercept)", "cses")
    } else {
      variances["school"] = result.component("school")
    }
    try check(result, golden, variances)

    let c2 = table.numbers("c2")
    let overall = table.adding("c1", zip(table.numbers("c1"), c2).map { $0 * $1 })
    var unconditional = request
    unconditional.weightsAre = .unconditional
    let same = try MixedModel.fit(unconditional, to: overall).result
    expectClose(same.criterion.value, result.criterion.value, relative: 1e-12)
  }

  @Test func unitWeightsAreMaximumLikelihood() throws {
    let table = try Fixture.groupedSleepstudy()
    let ones = table.adding("u1", table.numbers("w1").map { _ in 1 }).adding("u2", table.numbers("w1").map { _ in 1 })
    let formula = "Reaction ~ Days + (Days | Subject) + (1 | Group)"
    let plain = try MixedModel.fit(FitRequest(formula, method: .ml), to: table).result
    let weighted = try MixedModel.fit(
      FitRequest(
        formula, weights: ["u1", "u2"], weightsAre: .conditional, inference: InferenceOptions(standardErrors: .model)),
      to: ones
    ).result
    expectClose(weighted.criterion.value, plain.criterion.value, relative: 1e-13)
    expectClose(weighted.rows.map(\.estimate), plain.rows.map(\.estimate), relative: 1e-12)
    expectClose(weighted.rows.map(\.standardError), plain.rows.map(\.standardError), relative: 1e-9)
  }

  /// A row, a subject or a group that weighs two is there twice.
  @Test(arguments: ["w1", "w2", "w3"]) func weightsReplicate(level: String) throws {
    let table = try Fixture.groupedSleepstudy()
    let formula = "Reaction ~ Days + (Days | Subject) + (1 | Group)"
    var weights = ["w1", "w2", "w3"]
    let ones = table.numbers("w1").map { _ in 1.0 }
    var weighted = table.adding("one", ones).adding("uno", ones)
    weights = ["w1": ["w1", "one", "uno"], "w2": ["one", "w2", "uno"], "w3": ["one", "uno", "w3"]][level] ?? []
    let doubled = table.numbers(level).enumerated().filter { $0.element == 2 }.map(\.offset)
    var replicated = table.rows(Array(ones.indices) + doubled)
    // Copies of a subject or a group are new ones.
    func renamed(_ name: String) -> [String] {
      replicated.strings(name).enumerated().map { $0 < ones.count ? $1 : $1 + "bis" }
    }
    if level != "w1" { replicated = replicated.adding("Subject", renamed("Subject")) }
    if level == "w3" { replicated = replicated.adding("Group", renamed("Group")) }
    weighted = weighted.adding("Group", table.strings("Group").map { "g" + $0 })
    let byWeight = try MixedModel.fit(
      FitRequest(
        formula, weights: weights, weightsAre: .conditional, inference: InferenceOptions(standardErrors: .model)),
      to: weighted
    ).result
    let byCopy = try MixedModel.fit(FitRequest(formula, method: .ml), to: replicated).result
    expectClose(byWeight.criterion.value, byCopy.criterion.value, relative: 1e-11)
    expectClose(byWeight.rows.map(\.estimate), byCopy.rows.map(\.estimate), relative: 1e-8)
    expectClose(byWeight.rows.map(\.standardError), byCopy.rows.map(\.standardError), relative: 1e-6)
    expectClose(
      byWeight.varianceComponents.map(\.covariance), byCopy.varianceComponents.map(\.covariance), relative: 1e-5)
  }

  @Test func theScaleOfTopWeightsDoesNotMatter() throws {
    let table = try Fixture.groupedSleepstudy()
    let tenfold = table.adding("w3", table.numbers("w3").map { 10 * $0 })
    let request = FitRequest(
      "Reaction ~ Days + (1 | Subject) + (1 | Group)", weights: ["w1", "w2", "w3"], weightsAre: .conditional)
    let (a, b) = (try MixedModel.fit(request, to: table).result, try MixedModel.fit(request, to: tenfold).result)
    expectClose(b.criterion.value, 10 * a.criterion.value, relative: 1e-12)
    expectClose(b.rows.map(\.estimate), a.rows.map(\.estimate), relative: 1e-10)
    expectClose(b.rows.map(\.standardError), a.rows.map(\.standardError), relative: 1e-7)
  }

  @Test func rowsThatWeighNothingAreNotThere() throws {
    let table = try Fixture.weightedHsb82()
    let rows = Array(table.numbers("c1").indices)
    let zeroed = table.adding("c1", rows.map { $0 % 5 == 0 ? 0 : table.numbers("c1")[$0] })
    let request = FitRequest("mAch ~ cses + (1 | school)", weights: ["c1", "c2"], weightsAre: .conditional)
    let (a, b) = (
      try MixedModel.fit(request, to: zeroed).result,
      try MixedModel.fit(request, to: table.rows(rows.filter { $0 % 5 != 0 })).result
    )
    expectClose(a.criterion.value, b.criterion.value, relative: 1e-12)
    #expect(a.count == b.count)
    #expect(a.droppedRows.map(\.reason) == [.zeroWeight])
    #expect(a.droppedRows.first?.rows == rows.count - b.count)
    #expect(a.notes.map(\.code) == ["rows_dropped"])
  }
}
