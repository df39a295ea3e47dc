import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

struct RakingTests {
  static let margins = [
    Margin(variable: "stype", category: "E", total: 4421), Margin(variable: "stype", category: "H", total: 755),
    Margin(variable: "stype", category: "M", total: 1018), Margin(variable: "sch.wide", category: "No", total: 1072),
    Margin(variable: "sch.wide", category: "Yes", total: 5122),
  ]

  @Test func agreesWithSurveysRake() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/rake.json"))["values", "two_margins"]
    let request = RakeRequest(weights: "pw", margins: RakingTests.margins, output: "raked")
    let source = try Samples.open("apiclus1")
    let model = try Weighting.rake(request, on: source)
    let weighted = try source.applying(model)
    let batch = try weighted.chunk(0, [.category("stype"), .category("sch.wide"), .number("raked")])
    let (type, wide) = (try batch.categories("stype"), try batch.categories("sch.wide"))
    let weights = try batch.numbers("raked")
    for row in 0..<batch.rowCount {
      let cell = "\(type[row] ?? "").\(wide[row] ?? "")"
      expectClose(weights[row], try golden["weights_by_cell", cell].number, relative: 1e-10, cell)
    }
    var design = Samples.cluster
    design.weights = "raked"
    for (kind, variable, name) in [
      (EstimateRequest.Kind.mean, "api00", "mean.api00"), (.total, "enroll", "total.enroll"),
    ] {
      let request = EstimateRequest(kind, of: [variable], design: design)
      let row = try Estimation.run(request, on: weighted, calibrated: [.totals(model)]).rows[0]
      expectClose(row.estimate ?? .nan, try golden[name, "est"].number, name)
      expectClose(row.standardError ?? .nan, try golden[name, "se"].number, "SE of \(name)")
    }
  }

  /// A margin itself is met exactly, so its weighted total has no variance left.
  @Test func totalsOfMarginsHaveNoVariance() throws {
    let source = try Samples.open("apiclus1")
    let model = try Weighting.rake(
      RakeRequest(weights: "pw", margins: RakingTests.margins, output: "raked"), on: source)
    var design = Samples.cluster
    design.weights = "raked"
    let rows = try Estimation.run(
      EstimateRequest(.proportion, of: ["stype"], design: design), on: try source.applying(model),
      calibrated: [.totals(model)]
    ).rows
    for row in rows { expectClose(row.standardError ?? .nan, 0, absolute: 1e-12) }
  }

  /// The standard error is that of survey's `calibrate`; its `rake` stops projecting after ten sweeps and is off by
  /// 5e-7 here.
  @Test func jointMargins() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/raking_variance.json"))["values"]
    let population = try GoldenJSON(TestFiles.golden("survey/apipop_totals.json"))
    var margins: [Margin] = []
    for type in ["E", "H", "M"] {
      for wide in ["No", "Yes"] {
        let total = try population["stype_by_sch.wide", type, wide].number
        margins.append(Margin(variable: "stype:sch.wide", category: "\(type):\(wide)", total: total))
      }
    }
    for improved in ["No", "Yes"] {
      margins.append(
        Margin(variable: "comp.imp", category: improved, total: try population["comp.imp", improved].number))
    }
    let source = try Samples.open("apiclus1")
    let model = try Weighting.rake(RakeRequest(weights: "pw", margins: margins, output: "raked"), on: source)
    var design = Samples.cluster
    design.weights = "raked"
    let rows = try Estimation.run(
      EstimateRequest(.mean, of: ["api00"], design: design), on: try source.applying(model),
      calibrated: [.totals(model)]
    ).rows
    expectClose(rows[0].estimate ?? .nan, try golden["mean.api00", "est"].number)
    expectClose(rows[0].standardError ?? .nan, try golden["mean.api00", "se"].number)
  }

  @Test func domainsAreRakedByThemselves() throws {
    let table = Table([
      ("country", Column((0..<8).map { $0 < 4 ? "A" : "B" })), ("sex", Column((0..<8).map { $0 % 2 == 0 ? "f" : "m" })),
    ])
    let margins = [("A", "f", 10.0), ("A", "m", 30), ("B", "f", 5), ("B", "m", 1)].map {
      Margin(variable: "sex", category: $0.1, total: $0.2, domain: $0.0)
    }
    let model = try Weighting.rake(RakeRequest(margins: margins, by: "country", output: "w"), on: table)
    let weights = try table.applying(model).chunk(0, [.number("w")]).numbers("w").array
    expectClose(weights, [5, 15, 5, 15, 2.5, 0.5, 2.5, 0.5], relative: 1e-12)
  }

  @Test(arguments: [
    ([Margin(variable: "stype", category: "X", total: 1)], "stype"),
    ([Margin(variable: "stype", category: "E", total: 1)], "stype"),
    (RakingTests.margins + [Margin(variable: "awards", category: "Yes", total: 3)], "awards"),
    ([Margin(variable: "nothere", category: "X", total: 1)], "nothere"),
  ])
  func impossibleMarginsNameTheirVariable(margins: [Margin], variable: String) throws {
    let source = try Samples.open("apiclus1")
    let error = #expect(throws: ImmerseError.self) {
      try Weighting.rake(RakeRequest(weights: "pw", margins: margins), on: source)
    }
    #expect(error?.kind == .badData)
    #expect(error?.variable == variable)
  }

  @Test func contradictoryMarginsDoNotConvergeSilently() throws {
    // Every row is (a, c) or (b, d): the two margins would need different totals of the same rows.
    let table = Table([("x", Column(["a", "b"])), ("y", Column(["c", "d"]))])
    let margins = [("x", "a", 1.0), ("x", "b", 3), ("y", "c", 2), ("y", "d", 2)].map {
      Margin(variable: $0.0, category: $0.1, total: $0.2)
    }
    let error = #expect(throws: ImmerseError.self) { try Weighting.rake(RakeRequest(margins: margins), on: table) }
    #expect(error?.kind == .badData)
  }
}
