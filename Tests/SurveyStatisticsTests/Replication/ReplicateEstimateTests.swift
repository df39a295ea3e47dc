import Columnar
import DataFormats
import Foundation
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Estimates under replicate weights, against R survey 4.5.
struct ReplicateEstimateTests {
  private func rows(_ request: EstimateRequest, on source: any Source) throws -> [Estimate] {
    try Estimation.run(request, on: source).rows
  }

  private func check(
    _ request: EstimateRequest, on source: any Source, _ golden: GoldenJSON, relative: Double = 1e-10
  ) throws {
    let rows = try rows(request, on: source)
    let estimates = golden["est"].list.isEmpty ? [try golden["est"].number] : try golden["est"].numbers
    let errors = golden["se"].list.isEmpty ? [try golden["se"].number] : try golden["se"].numbers
    expectClose(rows.prefix(estimates.count).compactMap(\.estimate), estimates, relative: relative)
    expectClose(rows.prefix(errors.count).compactMap(\.standardError), errors, relative: relative, "standard errors")
  }

  // MARK: Made of the design

  @Test func jackknifeOfClusters() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/jackknife.json"))["values"]
    let source = try Samples.open("apiclus1")
    var design = Samples.cluster
    design.replicates = ReplicateDesign(.jk1)
    try check(EstimateRequest(.mean, of: ["api00"], design: design), on: source, golden["clus1.JK1.mean.api00"])
    try check(EstimateRequest(.total, of: ["enroll"], design: design), on: source, golden["clus1.JK1.total.enroll"])
    try check(
      EstimateRequest(.ratio, of: ["api.stu/enroll"], design: design), on: source, golden["clus1.JK1.ratio"])
    let byType = EstimateRequest(.mean, of: ["api00"], design: design, by: ["stype"], contrast: true, average: true)
    try check(byType, on: source, golden["clus1.JK1.by.stype.api00"])
    let v = try golden["clus1.JK1.by.stype.api00", "vcov"].list.map { try $0.numbers }
    let result = try Estimation.run(byType, on: source)
    expectClose(result.rows[3].standardError ?? .nan, (v[0][0] + v[1][1] - 2 * v[0][1]).squareRoot())
    expectClose(result.rows[6].standardError ?? .nan, v.flatMap(\.self).reduce(0, +).squareRoot() / 3)
    let df = result.design.degreesOfFreedom
    #expect(df == 14)
    #expect(result.rows[1].degreesOfFreedom == 7)
    design.replicates?.mse = true
    try check(EstimateRequest(.mean, of: ["api00"], design: design), on: source, golden["clus1.JK1mse.mean.api00"])
  }

  @Test func jackknifeOfRowsInStrata() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/jackknife.json"))["values"]
    let source = try Samples.open("apistrat")
    var design = Samples.stratified
    design.replicates = ReplicateDesign(.jkn)
    try check(EstimateRequest(.mean, of: ["api00"], design: design), on: source, golden["strat.JKn.mean.api00"])
    try check(EstimateRequest(.total, of: ["enroll"], design: design), on: source, golden["strat.JKn.total.enroll"])
    try check(
      EstimateRequest(.ratio, of: ["api.stu/enroll"], design: design), on: source, golden["strat.JKn.ratio"])
    let df = try Estimation.run(EstimateRequest(.mean, of: ["api00"], design: design), on: source).design
      .degreesOfFreedom
    #expect(df == 197)
  }

  @Test(arguments: ["remove", "certainty", "adjust", "average"])
  func jackknifeWithLonelyUnits(rule: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/lonely_psu.json"))["values", "jackknife", rule]
    var design = SurveyDesign(
      weights: "pw", strata: ["dnum"], lonelyPSU: try #require(SurveyDesign.LonelyPSU(rawValue: rule)))
    design.replicates = ReplicateDesign(.jkn)
    try check(
      EstimateRequest(.mean, of: ["api00"], design: design), on: try Samples.open("apiclus1"), golden["mean.api00"])
  }

  // MARK: Columns

  /// The small table with the factors of R's own Hadamard matrix as columns.
  private func small(_ method: String, _ name: String) throws -> (table: Table, golden: GoldenJSON) {
    let golden = try GoldenJSON(TestFiles.golden("survey/brr_fay.json"))["tiny"]
    let factors = try golden[name, "factor_matrix"].list.map { try $0.numbers }
    let (stratum, psu) = (try golden["rows", "stratum"].numbers, try golden["rows", "psu"].numbers)
    let w = try golden["rows", "w"].numbers
    var columns: [(name: String, column: Column)] = [
      ("w", Column(w)), ("x", Column(try golden["rows", "x"].numbers)), ("y", Column(try golden["rows", "y"].numbers)),
    ]
    for replicate in factors[0].indices {
      let values = w.indices.map { w[$0] * factors[2 * (Int(stratum[$0]) - 1) + Int(psu[$0]) - 1][replicate] }
      columns.append(("r\(replicate + 1)", Column(values)))
    }
    return (Table(columns), golden)
  }

  @Test(arguments: [
    ("brr", "BRR", "BRR", false), ("brr", "BRR", "BRR_mse", true), ("fay=0.3", "Fay_0.3", "Fay_0.3", false),
  ])
  func columnsOfBalancedReplicates(method: String, factors: String, figures: String, mse: Bool) throws {
    let (table, golden) = try small(method, factors)
    let replicates = ReplicateDesign(try ReplicateMethod.parse(method), columns: ["r1-r8"], mse: mse)
    let design = SurveyDesign(weights: "w", replicates: replicates)
    try check(EstimateRequest(.mean, of: ["y"], design: design), on: table, golden[figures, "mean"])
    try check(EstimateRequest(.total, of: ["y"], design: design), on: table, golden[figures, "total"])
    try check(EstimateRequest(.ratio, of: ["y/x"], design: design), on: table, golden[figures, "ratio"])
    let summary = try Estimation.run(EstimateRequest(.mean, of: ["y"], design: design), on: table).design
    #expect(summary.degreesOfFreedom == 5)
    expectClose(summary.replicates?.variance.scale ?? .nan, try golden[figures, "scale"].number)
    #expect(summary.psus == nil)
  }

  @Test(arguments: [
    ("brr", "nhanes2brr", "brr_1-brr_32", "BRR_mse_false", false),
    ("brr", "nhanes2brr", "brr_1-brr_32", "BRR_mse_true", true),
    ("fay=0.3", "nhanes2fay", "fay_1-fay_32", "Fay_mse_false", false),
    ("fay=0.3", "nhanes2fay", "fay_1-fay_32", "Fay_mse_true", true),
  ])
  func healthSurvey(method: String, file: String, columns: String, figures: String, mse: Bool) throws {
    guard let path = TestFiles.reference("survey/\(file).csv.gz") else { return }
    let golden = try GoldenJSON(TestFiles.golden("survey/nhanes2.json"))["values", figures]
    let source = try DataFile.open(path.path)
    let design = SurveyDesign(
      weights: "finalwgt",
      replicates: ReplicateDesign(try ReplicateMethod.parse(method), columns: [columns], mse: mse))
    try check(EstimateRequest(.mean, of: ["weight"], design: design), on: source, golden["mean.weight"])
    try check(EstimateRequest(.total, of: ["weight"], design: design), on: source, golden["total.weight"])
    try check(
      EstimateRequest(.ratio, of: ["weight/height"], design: design), on: source, golden["ratio.weight_height"],
      relative: 1e-9)
    try check(
      EstimateRequest(.mean, of: ["weight"], design: design, by: ["region"]), on: source,
      golden["mean.weight.by.region"])
    let df = try Estimation.run(EstimateRequest(.mean, of: ["weight"], design: design), on: source).design
      .degreesOfFreedom
    #expect(df == 31)
  }

  @Test func scalesThatAreGiven() throws {
    guard let jackknife = TestFiles.reference("survey/nhanes2jk_subset.csv.gz"),
      let bootstrap = TestFiles.reference("survey/nmihs_subset.csv.gz")
    else { return }
    let golden = try GoldenJSON(TestFiles.golden("survey/nhanes2.json"))["values"]
    for (figures, mse) in [("JK_mse_false", false), ("JK_mse_true", true)] {
      let design = SurveyDesign(
        weights: "finalwgt",
        replicates: ReplicateDesign(.jkn, columns: ["jkw_1-jkw_62"], scale: 0.5, mse: mse))
      let source = try DataFile.open(jackknife.path)
      try check(EstimateRequest(.mean, of: ["weight"], design: design), on: source, golden[figures, "mean.weight"])
      try check(
        EstimateRequest(.ratio, of: ["weight/height"], design: design), on: source,
        golden[figures, "ratio.weight_height"], relative: 1e-9)
    }
    let source = try DataFile.open(bootstrap.path)
    for (figures, scale, mse) in [
      ("bootstrap_scale_1_over_R", 0.02, false), ("bootstrap_scale_1_over_R_minus_1", nil, false),
      ("bootstrap_scale_1_over_R_mse", 0.02, true),
    ] {
      let design = SurveyDesign(
        weights: "finalwgt",
        replicates: ReplicateDesign(.bootstrap, columns: ["bsrw1-bsrw50"], scale: scale, mse: mse))
      try check(
        EstimateRequest(.mean, of: ["birth_weight"], design: design, missing: .drop), on: source,
        golden[figures, "mean.birth_weight"])
    }
  }

  // MARK: Laws

  /// Replicates that are written out and read back give what those made on the way give, and scales are read from them.
  @Test(arguments: [ReplicateMethod.jkn, .bootstrap, .generalised])
  func writtenReplicatesGiveTheSame(method: ReplicateMethod) throws {
    let source = try Samples.open("apistrat")
    let base = SurveyDesign(weights: "pw", strata: ["stype"])
    let model = try Replication.make(
      ReplicatesRequest(method, design: base, count: method == .jkn ? nil : 30), on: source)
    let scale = method == .generalised ? model.summary.variance.scale : nil
    for kind in [EstimateRequest.Kind.mean, .total, .variance] {
      var made = base
      made.replicates = ReplicateDesign(method, count: method == .jkn ? nil : 30)
      let given = SurveyDesign(
        weights: "pw",
        replicates: ReplicateDesign(method, columns: ["rw1-rw\(model.summary.columns.count)"], scale: scale))
      let variables = ["api00", "growth"]
      let one = try rows(EstimateRequest(kind, of: variables, design: made, by: ["awards"], contrast: true), on: source)
      let two = try rows(
        EstimateRequest(kind, of: variables, design: given, by: ["awards"], contrast: true),
        on: try source.applying(model))
      expectClose(two.compactMap(\.estimate), one.compactMap(\.estimate))
      expectClose(two.compactMap(\.standardError), one.compactMap(\.standardError), relative: 1e-9)
      let counts = one.map(\.count)
      #expect(two.map(\.count) == counts)
      if kind == .mean { expectClose(two.compactMap(\.designEffect), one.compactMap(\.designEffect), relative: 1e-9) }
    }
  }

  /// Rows in any order, threads, and values with gaps.
  @Test func orderOfRowsAndThreadsDoNotMatter() throws {
    let count = 70_000
    func table(_ order: [Int]) -> Table {
      var columns: [(name: String, column: Column)] = [
        ("g", Column(order.map { Double($0 * 7 % 3) })), ("w", Column(order.map { 1 + Double($0 % 5) })),
        ("x", Column(order.map { $0 % 11 == 0 ? .nan : Double($0 % 101) })),
        ("y", Column(order.map { Double($0 % 53) - 20 })),
      ]
      for replicate in 0..<9 {
        columns.append(
          ("r\(replicate)", Column(order.map { (1 + Double($0 % 5)) * Double(($0 / 100 + replicate) % 3) })))
      }
      return Table(columns)
    }
    let design = SurveyDesign(weights: "w", replicates: ReplicateDesign(.bootstrap, columns: ["r0-r8"]))
    let request = EstimateRequest(
      .mean, of: ["x", "y"], design: design, by: ["g"], contrast: true, missing: .drop)
    let one = try Estimation.run(request, on: table(Array(0..<count)), engine: Engine(threads: 1)).rows
    let three = try Estimation.run(request, on: table(Array(0..<count)), engine: Engine(threads: 3)).rows
    let backwards = try rows(request, on: table(Array((0..<count).reversed())))
    #expect(one == three)
    expectClose(backwards.compactMap(\.standardError), one.compactMap(\.standardError), relative: 1e-9)
    #expect(backwards.map(\.degreesOfFreedom) == one.map(\.degreesOfFreedom))
    // Domain by domain, the same as with the other rows left out.
    let apart = try rows(
      EstimateRequest(.mean, of: ["x"], design: design, where: "g == 1", missing: .drop), on: table(Array(0..<count)))
    expectClose(apart[0].standardError ?? .nan, one[1].standardError ?? .nan)
    let moved = try rows(
      EstimateRequest(.variance, of: ["y"], design: design), on: table(Array(0..<count)))
    expectClose(moved[0].estimate ?? .nan, 233.9, relative: 0.01)
  }

  @Test func hugeAndTinyScales() throws {
    func error(_ unit: Double) throws -> Double {
      let table = Table([
        ("w", Column([1, 1, 1, 1])), ("y", Column([1, 2, 4, 8].map { $0 * unit })),
        ("r1", Column([2, 0, 2, 0])), ("r2", Column([0, 2, 0, 2])), ("r3", Column([2, 0, 0, 2])),
        ("r4", Column([0, 2, 2, 0])),
      ])
      let design = SurveyDesign(weights: "w", replicates: ReplicateDesign(.brr, columns: ["r1-r4"]))
      return try #require(try rows(EstimateRequest(.mean, of: ["y"], design: design), on: table)[0].standardError)
    }
    expectClose(try error(1e-300), try error(1) * 1e-300)
    expectClose(try error(1e300), try error(1) * 1e300)
  }

  // MARK: Refusals

  private func problem(_ design: SurveyDesign, on table: any Source, where filter: String? = nil) -> String {
    do {
      let result = try Estimation.run(EstimateRequest(.mean, of: ["y"], design: design, where: filter), on: table)
      return result.notes.map(\.message).joined(separator: "; ")
    } catch { return "\(error)" }
  }

  private func four(_ replicates: [[Double]]) -> Table {
    Table(
      [("w", Column([1, 1, 1, 1])), ("y", Column([1, 2, 4, 8])), ("s", Column([1, 1, 2, 2]))]
        + replicates.enumerated().map { ("r\($0 + 1)", Column($1)) })
  }

  @Test func hostileReplicates() throws {
    let good: [[Double]] = [[2, 0, 2, 0], [0, 2, 0, 2], [2, 0, 0, 2]]
    func design(_ columns: String, _ method: ReplicateMethod = .brr) -> SurveyDesign {
      SurveyDesign(weights: "w", replicates: ReplicateDesign(method, columns: [columns]))
    }
    #expect(problem(design("r1-r4"), on: four(good)).contains("\"r4\": there is no such column"))
    #expect(problem(design("r3-r1"), on: four(good)).contains("runs backwards"))
    #expect(problem(design("r1"), on: four(good)).contains("a single replicate has no spread"))
    #expect(problem(design("r1-r99999"), on: four(good)).contains("more than 10,000 columns"))
    #expect(problem(design("r1-x3"), on: four(good)).contains("\"r1-x3\""))
    #expect(problem(design("r1-r3", .jkn), on: four([[2.6, 0, 1, 1.7], good[1], good[2]])).contains("--rscales"))
    #expect(problem(design("r1-r3", .other), on: four(good)).contains("is not known"))
    #expect(
      problem(design("r1-r3"), on: four([good[0], [0, 0, 0, 0], good[2]])).contains("\"r2\": all weights are zero"))
    #expect(
      problem(design("r1-r3"), on: four([good[0], [0, -2, 0, 2], good[2]])).contains("\"r2\": has a negative weight"))
    #expect(
      problem(design("r1-r3"), on: four([good[0], [0, .nan, 0, 2], good[2]])).contains("row 2: variable \"r2\""))
    #expect(problem(design("r1-r3"), on: four([good[0], [0, .infinity, 0, 2], good[2]])).contains("an infinite"))
    // A replicate that leaves out the whole domain.
    #expect(
      problem(design("r1-r3"), on: four([[0, 0, 2, 2], good[1], good[2]]), where: "s == 1")
        .contains("1 estimates have no standard error"))
    var mixed = design("r1-r3")
    mixed.strata = ["s"]
    #expect(problem(mixed, on: four(good)).contains("either --replicates or --strata"))
    var unweighted = design("r1-r3")
    unweighted.weights = nil
    #expect(problem(unweighted, on: four(good)).contains("need those of the full sample"))
    var scaled = design("r1-r3")
    scaled.replicates?.rscales = [1, 1]
    #expect(problem(scaled, on: four(good)).contains("2 rscales for 3 replicates"))
    scaled.replicates?.rscales = nil
    scaled.replicates?.scale = -1
    #expect(problem(scaled, on: four(good)).contains("scale"))
  }
}
