import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Calibration against survey 4.5: weights by row, totals, and standard errors that know the margins.
struct CalibrationTests {
  static let types = [
    Margin(variable: "stype", category: "E", total: 4421), Margin(variable: "stype", category: "H", total: 755),
    Margin(variable: "stype", category: "M", total: 1018),
  ]
  static let typesAndScores = types + [Margin(variable: "api99", total: 3_914_069)]
  static let enrolment = [
    Margin(variable: "(Intercept)", total: 6194), Margin(variable: "enroll", total: 3_811_472),
  ]

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var margins: [Margin]
    var method = CalibrationMethod.linear
    var bounds: [Double]?
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "linear_stype", margins: types), Case(name: "greg_stype_api99", margins: typesAndScores),
    Case(name: "raking_stype_api99", margins: typesAndScores, method: .raking),
    Case(name: "logit_stype_api99", margins: typesAndScores, method: .logit, bounds: [0.5, 2]),
    Case(name: "truncated_linear_stype_api99", margins: typesAndScores, bounds: [0.6, 1.6]),
    Case(name: "linear_enroll", margins: enrolment),
    Case(name: "truncated_linear_enroll", margins: enrolment, method: .truncated, bounds: [0.6, 1.5]),
  ]

  static func calibrate(
    _ margins: [Margin], _ method: CalibrationMethod = .linear, bounds: [Double]? = nil, by: String? = nil,
    on source: any Source
  ) throws -> CalibrationModel {
    try Weighting.run(
      .calibrate(
        CalibrationRequest(
          weights: "pw", margins: margins, method: method, bounds: bounds, by: by, output: "calibrated")),
      on: source)
  }

  static var design: SurveyDesign {
    var design = Samples.cluster
    design.weights = "calibrated"
    return design
  }

  @Test(arguments: cases)
  func agreesWithSurvey(_ test: Case) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/calibrate.json"))["values", test.name]
    let source = try Samples.open("apiclus1")
    let model = try CalibrationTests.calibrate(test.margins, test.method, bounds: test.bounds, on: source)
    let weighted = try source.applying(model)
    let batch = try weighted.chunk(0, [.number("calibrated"), .number("pw")])
    let (weights, base) = (try batch.numbers("calibrated"), try batch.numbers("pw"))
    let g = (0..<batch.rowCount).map { weights[$0] / base[$0] }
    // survey's own figures stop at a relative misfit of 1e-12; iterative results are held to 1e-8.
    let tolerance = test.method == .linear && test.bounds == nil ? 1e-10 : 1e-8
    if let rows = try? golden["g_by_row"].numbers {
      for (row, expected) in rows.enumerated() { expectClose(g[row], expected, relative: tolerance, "g of row \(row)") }
    }
    expectClose(g.min() ?? .nan, try golden["g", "min"].number, relative: tolerance)
    expectClose(g.max() ?? .nan, try golden["g", "max"].number, relative: tolerance)
    for (kind, variable, name) in [
      (EstimateRequest.Kind.mean, "api00", "mean.api00"), (.total, "enroll", "total.enroll"),
      (.total, "api.stu", "total.api.stu"),
    ] {
      guard let estimate = try? golden[name, "est"].number else { continue }
      let request = EstimateRequest(kind, of: [variable], design: CalibrationTests.design)
      let row = try Estimation.run(request, on: weighted, calibrated: [.totals(model)]).rows[0]
      expectClose(row.estimate ?? .nan, estimate, relative: tolerance, name)
      expectClose(row.standardError ?? .nan, try golden[name, "se"].number, relative: tolerance, "SE of \(name)")
    }
  }

  @Test func domainsUseTheWholeCalibration() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/calibrate.json"))["values", "greg_by_stype"]
    let source = try Samples.open("apiclus1")
    let model = try CalibrationTests.calibrate(CalibrationTests.typesAndScores, on: source)
    let rows = try Estimation.run(
      EstimateRequest(.mean, of: ["api00"], design: CalibrationTests.design, by: ["stype"]),
      on: try source.applying(model), calibrated: [.totals(model)]
    ).rows
    for (index, row) in rows.enumerated() {
      expectClose(row.estimate ?? .nan, try golden["est"].numbers[index], relative: 1e-10)
      expectClose(row.standardError ?? .nan, try golden["se"].numbers[index], relative: 1e-10)
    }
  }

  /// The 12 cells of Kalton and Flores-Cervantes (2003), one row for each sampled unit.
  @Test(
    arguments: [
      ("table_B_raking", CalibrationMethod.raking, nil), ("table_C_linear", .linear, nil),
      ("logit_0.5_2.2", .logit, [0.5, 2.2]), ("truncated_linear_0.5_2.2", .truncated, [0.5, 2.2]),
    ] as [(String, CalibrationMethod, [Double]?)])
  func tablesOfKalton(name: String, method: CalibrationMethod, bounds: [Double]?) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/kalton.json"))
    let (counts, population) = (try golden["sample_counts"].numbers, try golden["population_counts"].numbers)
    var (a, b): ([String?], [String?]) = ([], [])
    var (totalsA, totalsB) = ([String: Double](), [String: Double]())
    for cell in counts.indices {
      let (i, j) = ("\(cell % 4 + 1)", "\(cell / 4 + 1)")
      for _ in 0..<Int(counts[cell]) {
        a.append(i)
        b.append(j)
      }
      totalsA[i, default: 0] += population[cell]
      totalsB[j, default: 0] += population[cell]
    }
    let margins =
      totalsA.map { Margin(variable: "a", category: $0, total: $1) }
      + totalsB.map { Margin(variable: "b", category: $0, total: $1) }
    let table = Table([("a", Column(a)), ("b", Column(b))])
    let request = CalibrationRequest(margins: margins, method: method, bounds: bounds, output: "w")
    let weights = try table.applying(try Weighting.run(.calibrate(request), on: table)).chunk(0, [.number("w")])
      .numbers("w").array
    var first = 0
    for (cell, factor) in try golden["values", name, "factors"].numbers.enumerated() {
      expectClose(weights[first], factor, relative: 1e-9, "cell \(cell)")
      first += Int(counts[cell])
    }
  }

  @Test func postStratification() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/poststratify.json"))["values"]
    let population = try GoldenJSON(TestFiles.golden("survey/apipop_totals.json"))
    let source = try Samples.open("apiclus1")
    var joint: [Margin] = []
    for type in ["E", "H", "M"] {
      for wide in ["No", "Yes"] {
        joint.append(
          Margin(
            variable: "stype:sch.wide", category: "\(type):\(wide)",
            total: try population["stype_by_sch.wide", type, wide].number))
      }
    }
    for (name, margins) in [("taylor", CalibrationTests.types), ("joint_cells", joint)] {
      let model = try Weighting.run(
        .poststratify(RakeRequest(weights: "pw", margins: margins, output: "calibrated")), on: source)
      #expect(model.summary.iterations == 1)
      let weighted = try source.applying(model)
      for (kind, variable, key) in [
        (EstimateRequest.Kind.mean, "api00", "mean.api00"), (.total, "enroll", "total.enroll"),
      ] {
        let row = try Estimation.run(
          EstimateRequest(kind, of: [variable], design: CalibrationTests.design), on: weighted,
          calibrated: [.totals(model)]
        ).rows[0]
        expectClose(row.estimate ?? .nan, try golden[name, key, "est"].number, relative: 1e-10)
        expectClose(row.standardError ?? .nan, try golden[name, key, "se"].number, relative: 1e-10)
      }
    }
  }

  /// One weight for each district; unbounded, so two are negative as in survey.
  @Test func integrative() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/calibrate.json"))["values", "integrative_enroll"]
    let source = try Samples.open("apiclus1")
    let request = CalibrationRequest(
      weights: "pw", margins: CalibrationTests.enrolment, cluster: "dnum", output: "calibrated")
    let model = try Weighting.run(.calibrate(request), on: source)
    let weighted = try source.applying(model)
    let batch = try weighted.chunk(0, [.category("dnum"), .number("calibrated")])
    let (districts, weights) = (try batch.categories("dnum"), try batch.numbers("calibrated"))
    for row in 0..<batch.rowCount {
      expectClose(weights[row], try golden["weights_by_dnum", districts[row] ?? ""].number, relative: 1e-9)
    }
    // survey lets rows of a negative weight into its estimates; this project refuses such weights as a design's.
    let error = #expect(throws: ImmerseError.self) {
      try Estimation.run(
        EstimateRequest(.mean, of: ["api00"], design: CalibrationTests.design), on: weighted,
        calibrated: [.totals(model)])
    }
    #expect(error?.problem.contains("negative weight") == true)
  }

  @Test func integrativeMeetsItsTotals() throws {
    let source = try Samples.open("apiclus1")
    let margins = CalibrationTests.enrolment.map { Margin(variable: $0.variable, total: $0.total * 0.98) }
    let request = CalibrationRequest(
      weights: "pw", margins: margins, method: .raking, cluster: "dnum", output: "calibrated")
    let model = try Weighting.run(.calibrate(request), on: source)
    let rows = try Estimation.run(
      EstimateRequest(.total, of: ["enroll"], design: CalibrationTests.design), on: try source.applying(model),
      calibrated: [.totals(model)]
    ).rows
    expectClose(rows[0].estimate ?? .nan, margins[1].total, relative: 1e-11)
    expectClose(rows[0].standardError ?? .nan, 0, absolute: 1e-3)
  }

  /// The calibrated weights meet a total of numbers inside each category.
  @Test func numbersInsideCategories() throws {
    let margins =
      CalibrationTests.types
      + [("E", 2_799_206.0), ("H", 468_895), ("M", 645_968)].map {
        Margin(variable: "stype:api99", category: "\($0.0):", total: $0.1)
      }
    let source = try Samples.open("apiclus1")
    for method in [CalibrationMethod.linear, .raking] {
      let model = try CalibrationTests.calibrate(margins, method, on: source)
      for row in model.summary.margins { expectClose(row.after, row.margin.total, relative: 1e-11) }
      let rows = try Estimation.run(
        EstimateRequest(.total, of: ["api99"], design: CalibrationTests.design, by: ["stype"]),
        on: try source.applying(model), calibrated: [.totals(model)]
      ).rows
      for (row, total) in zip(rows, [2_799_206.0, 468_895, 645_968]) {
        expectClose(row.estimate ?? .nan, total, relative: 1e-11)
        expectClose(row.standardError ?? .nan, 0, absolute: 1e-4)
      }
    }
  }

  @Test func domainsAreCalibratedByThemselves() throws {
    let values = [1.0, 2, 3, 4, 5, 6, 7, 8]
    let table = Table([
      ("country", Column((0..<8).map { $0 < 4 ? "A" : "B" })), ("x", Column(values)),
      ("pw", Column(values.map { _ in 1 })),
    ])
    let margins = [("A", 8.0, 24.0), ("B", 2, 14)].flatMap {
      [
        Margin(variable: "(Intercept)", total: $0.1, domain: $0.0), Margin(variable: "x", total: $0.2, domain: $0.0),
      ]
    }
    let together = try CalibrationTests.calibrate(margins, by: "country", on: table)
    let weights = try table.applying(together).chunk(0, [.number("calibrated")]).numbers("calibrated").array
    for (rows, count, sum) in [(0..<4, 8.0, 24.0), (4..<8, 2, 14)] {
      let total = rows.reduce(0.0) { $0 + weights[$1] }
      let product = rows.reduce(0.0) { $0 + weights[$1] * values[$1] }
      expectClose(total, count, relative: 1e-12)
      expectClose(product, sum, relative: 1e-12)
    }
  }

  // MARK: What cannot be had

  @Test func boundsThatAreTooTightNameTheNearestTotals() throws {
    let source = try Samples.open("apiclus1")
    let error = #expect(throws: ImmerseError.self) {
      try CalibrationTests.calibrate(CalibrationTests.typesAndScores, .logit, bounds: [0.9, 1.1], on: source)
    }
    #expect(error?.kind == .badData)
    #expect(error?.problem.contains("with g between 0.9 and 1.1") == true)
    // 473.858 high schools times 1.1 is the most that the bounds allow.
    #expect(error?.problem.contains("521.24") == true, "\(error?.problem ?? "")")
  }

  @Test func contradictoryMarginsNameTheNearestTotals() throws {
    // Every row is (a, c) or (b, d): the two margins would need different totals of the same rows.
    let table = Table([("x", Column(["a", "b"])), ("y", Column(["c", "d"])), ("pw", Column([1, 1]))])
    let margins = [("x", "a", 1.0), ("x", "b", 3), ("y", "c", 2), ("y", "d", 2)].map {
      Margin(variable: $0.0, category: $0.1, total: $0.2)
    }
    for method in [CalibrationMethod.linear, .raking] {
      let error = #expect(throws: ImmerseError.self) { try CalibrationTests.calibrate(margins, method, on: table) }
      #expect(error?.kind == .badData)
      #expect(error?.problem.contains("nearest totals") == true, "\(error?.problem ?? "")")
    }
    let error = #expect(throws: ImmerseError.self) { try Weighting.rake(RakeRequest(margins: margins), on: table) }
    #expect(error?.problem.contains("nearest totals") == true)
  }

  @Test(arguments: [1e-300, 1e-150, 1e150, 1e290])
  func scalesOfWeightsChangeNothing(scale: Double) throws {
    let source = try Samples.open("apiclus1")
    let batch = try source.chunk(0, [.category("stype"), .number("api99"), .number("pw")])
    let weights = try batch.numbers("pw").array
    let plain = Table([("stype", batch.columns[0]), ("api99", batch.columns[1]), ("pw", Column(weights))])
    let scaled = Table([
      ("stype", batch.columns[0]), ("api99", batch.columns[1]), ("pw", Column(weights.map { $0 * scale })),
    ])
    let request = RakeRequest(weights: "pw", margins: CalibrationTests.types, output: "calibrated")
    let model = try Weighting.run(.poststratify(request), on: plain)
    var scaledRequest = request
    for index in scaledRequest.margins.indices { scaledRequest.margins[index].total *= scale }
    let other = try Weighting.run(.poststratify(scaledRequest), on: scaled)
    let g = try plain.applying(model).chunk(0, [.number("calibrated")]).numbers("calibrated").array
    let gs = try scaled.applying(other).chunk(0, [.number("calibrated")]).numbers("calibrated").array
    for (a, b) in zip(g, gs) { expectClose(b / scale, a, relative: 1e-12) }
  }

  @Test func boundsThatExcludeOneAreRefused() throws {
    let source = try Samples.open("apiclus1")
    for bounds in [[1.1, 2], [0.2, 0.9], [2, 0.5], [0.5]] {
      let error = #expect(throws: ImmerseError.self) {
        try CalibrationTests.calibrate(CalibrationTests.types, .logit, bounds: bounds, on: source)
      }
      #expect(error?.kind == .usage)
    }
  }

  @Test(arguments: [0.0, -1, .infinity, .nan])
  func weightsThatAreNone(weight: Double) throws {
    let table = Table([("x", Column(["a", "b"])), ("pw", Column([weight, weight]))])
    let margins = [Margin(variable: "x", category: "a", total: 1), Margin(variable: "x", category: "b", total: 1)]
    let error = #expect(throws: ImmerseError.self) { try CalibrationTests.calibrate(margins, on: table) }
    #expect(error?.kind == .badData)
  }

  @Test func aTotalOfZeroEmptiesItsCategory() throws {
    let table = Table([("x", Column(["a", "b", "b"])), ("pw", Column([1, 2, 3]))])
    let margins = [Margin(variable: "x", category: "a", total: 0), Margin(variable: "x", category: "b", total: 10)]
    let model = try Weighting.run(
      .poststratify(RakeRequest(weights: "pw", margins: margins, output: "calibrated")), on: table)
    let weights = try table.applying(model).chunk(0, [.number("calibrated")]).numbers("calibrated").array
    expectClose(weights, [0, 4, 6], relative: 1e-12)
  }
}
