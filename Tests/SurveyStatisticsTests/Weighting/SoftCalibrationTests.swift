import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Calibration with costs, to estimated totals and within rows' own bounds, and linearisation through several steps, against
/// definitions computed by `Tests/Reference/calibration_extras.py`.
struct SoftCalibrationTests {
  private static func golden(_ name: String) throws -> GoldenJSON {
    try GoldenJSON(TestFiles.golden("survey/calibration_extras.json"))["values", name]
  }

  private static func margins(costs: [Double?] = [], errors: [Double?] = []) -> [Margin] {
    var margins = CalibrationTests.typesAndScores
    for (index, cost) in costs.enumerated() { margins[index].cost = cost }
    for (index, error) in errors.enumerated() { margins[index].standardError = error }
    return margins
  }

  /// Expects first and last weight, range of g, estimates and standard errors.
  private func expect(
    _ made: any Source, _ steps: [WeightStepModel], _ golden: GoldenJSON, sePrecision: Double = 1e-8
  ) throws {
    let output = try #require(steps.last).output
    let weights = try made.chunk(0, [.number(output)]).numbers(output)
    let last = weights[weights.count - 1]
    expectClose(weights[0], try golden["w_first"].number, relative: 1e-10)
    expectClose(last, try golden["w_last"].number, relative: 1e-10, absolute: 1e-12)
    var design = Samples.cluster
    design.weights = output
    for (kind, variable, name) in [
      (EstimateRequest.Kind.mean, "api00", "mean.api00"), (.total, "enroll", "total.enroll"),
    ] {
      let row = try Estimation.run(EstimateRequest(kind, of: [variable], design: design), on: made, calibrated: steps)
        .rows[0]
      let error = try golden[name, "se"].number
      expectClose(row.estimate ?? .nan, try golden[name, "est"].number, relative: 1e-10, name)
      // The reference differentiates numerically; a total that is met exactly has no error at all.
      if error < 1e-3 {
        expectClose(row.standardError ?? .nan, 0, absolute: 1e-4, "SE of \(name)")
      } else {
        expectClose(row.standardError ?? .nan, error, relative: sePrecision, "SE of \(name)")
      }
    }
  }

  private func run(_ request: CalibrationRequest) throws -> (any Source, CalibrationModel) {
    let source = try Samples.open("apiclus1")
    let model = try Weighting.run(.calibrate(request), on: source)
    return (try source.applying(model), model)
  }

  // MARK: Costs

  @Test(arguments: [CalibrationMethod.linear, .raking, .sinh])
  func missesAreWeighedAgainstDistance(method: CalibrationMethod) throws {
    let golden = try Self.golden("cost_\(method.rawValue)")
    let (made, model) = try run(
      CalibrationRequest(
        weights: "pw", margins: Self.margins(costs: [nil, nil, nil, 1e-8]), method: method, cost: 0.02,
        output: "calibrated"))
    let reached = try golden["reached"].numbers
    for (row, expected) in zip(model.summary.margins, reached) { expectClose(row.after, expected, relative: 1e-10) }
    let weights = try made.chunk(0, [.number("calibrated")]).numbers("calibrated")
    expectClose(weights[0], try golden["w_first"].number, relative: 1e-10)
    #expect(model.summary.missable == 4)
    if method == .linear { try expect(made, [.totals(model)], golden) }
  }

  @Test func someTotalsAreExactAndOthersSoft() throws {
    let golden = try Self.golden("cost_mixed")
    let (made, model) = try run(
      CalibrationRequest(weights: "pw", margins: Self.margins(costs: [nil, nil, nil, 1e-8]), output: "calibrated"))
    for (row, expected) in zip(model.summary.margins, try golden["reached"].numbers) {
      expectClose(row.after, expected, relative: 1e-10)
    }
    expectClose(model.summary.margins[1].after, 755, relative: 1e-12)
    try expect(made, [.totals(model)], golden)
  }

  @Test func endlessCostsMeetTotalsAndNoneLeavesWeights() throws {
    func factors(_ cost: Double) throws -> CalibrationSummary {
      try run(
        CalibrationRequest(weights: "pw", margins: Self.margins(), cost: cost, output: "calibrated")
      ).1.summary
    }
    let exact = try factors(.infinity)
    for row in exact.margins { expectClose(row.after, row.margin.total, relative: 1e-12) }
    let none = try factors(1e-30)
    expectClose(try #require(none.smallestFactor), 1, relative: 1e-9)
    expectClose(try #require(none.largestFactor), 1, relative: 1e-9)
  }

  /// What bounds make impossible for exact margins is a matter of degree for soft ones.
  @Test func softMarginsAreNeverInfeasible() throws {
    let bounds = [0.9, 1.1]
    for method in [CalibrationMethod.linear, .raking, .logit, .sinh] {
      let summary = try run(
        CalibrationRequest(
          weights: "pw", margins: Self.margins(), method: method, bounds: bounds, cost: 1, output: "calibrated")
      ).1.summary
      #expect(try #require(summary.smallestFactor) >= 0.9 - 1e-12)
      #expect(try #require(summary.largestFactor) <= 1.1 + 1e-12)
      #expect(summary.largestRelativeError < 1e-9)
    }
    // One exact margin that cannot be met is named, the soft ones are not.
    let error = #expect(throws: ImmerseError.self) {
      try run(
        CalibrationRequest(
          weights: "pw", margins: Self.margins(costs: [1, nil, 1, 1]), bounds: bounds, output: "calibrated"))
    }
    #expect(error?.problem.contains("stype \"H\" 521.24") == true, "\(error?.problem ?? "")")
    #expect(error?.problem.contains("api99") == false)
  }

  /// Margins of which some are soft may describe different populations.
  @Test func softClassificationsNeedNotAddUp() throws {
    var margins = CalibrationTests.types
    margins += [("No", 1000.0), ("Yes", 6000)].map {
      Margin(variable: "sch.wide", category: $0.0, total: $0.1, cost: 0.01)
    }
    let summary = try run(CalibrationRequest(weights: "pw", margins: margins, output: "calibrated")).1.summary
    expectClose(summary.sumAfter, 6194, relative: 1e-12)
    margins = margins.map { Margin(variable: $0.variable, category: $0.category, total: $0.total) }
    let error = #expect(throws: ImmerseError.self) {
      try run(CalibrationRequest(weights: "pw", margins: margins, output: "calibrated"))
    }
    #expect(error?.problem.contains("add up to") == true)
  }

  // MARK: Estimated totals

  @Test func independentlyEstimatedTotals() throws {
    let (made, model) = try run(
      CalibrationRequest(
        weights: "pw", margins: Self.margins(errors: [60, 25, 30, 40_000]), output: "calibrated"))
    try expect(made, [.totals(model)], try Self.golden("estimated_independent"))
  }

  private static let covariance: [[Double]] = [[62_500, 13_500_000], [13_500_000, 8_100_000_000]]

  @Test func totalsWithACovariance() throws {
    let golden = try Self.golden("estimated_covariance")
    let (made, model) = try run(
      CalibrationRequest(
        weights: "pw", margins: CalibrationTests.enrolment,
        covariance: Self.covariance, output: "calibrated"))
    try expect(made, [.totals(model)], golden)
    // A total that is met moves as its target does, whatever the sample.
    var design = Samples.cluster
    design.weights = "calibrated"
    let row = try Estimation.run(
      EstimateRequest(.total, of: ["enroll"], design: design), on: made, calibrated: [.totals(model)]
    ).rows[0]
    expectClose(row.standardError ?? .nan, 90_000, relative: 1e-9)
  }

  /// Every replicate meets totals of its own, whose spread is the covariance.
  @Test(arguments: [ReplicateMethod.jk1, .bootstrap])
  func replicatesMeetShiftedTotals(method: ReplicateMethod) throws {
    let step = WeightStep.totals(
      .calibrate(
        CalibrationRequest(
          weights: "pw", margins: CalibrationTests.enrolment.map { Margin(variable: $0.variable, total: $0.total) },
          method: .raking, covariance: Self.covariance, output: "calibrated")))
    let steps = WeightSteps([step])
    let made = try steps.run(on: try Samples.open("apiclus1")).source.applying(
      Extra(name: "one", values: [Double](repeating: 1, count: 183)))
    let replicates = ReplicateDesign(method, mse: method == .jk1, count: method == .jk1 ? nil : 60)
    let design = SurveyDesign(weights: "calibrated", psu: ["dnum"], replicates: replicates)
    func error(_ variable: String) throws -> Double {
      let request = EstimateRequest(.total, of: [variable], design: design)
      return try #require(try Estimation.run(request, on: made, steps: steps).rows[0].standardError)
    }
    expectClose(try error("one"), 250, relative: 1e-9)
    expectClose(try error("enroll"), 90_000, relative: 1e-9)
    let error = #expect(throws: ImmerseError.self) {
      try WeightSteps([step], replicates: ["api99", "api00"]).run(on: try Samples.open("apiclus1"))
    }
    #expect(error?.problem.contains("by their scale") == true)
  }

  /// Fuller's formula by hand: four rows of weight 2, post-stratified to 6 ± 1 and 10 ± 2 independently.
  @Test func fullersFormulaByHand() throws {
    let table = Table([
      ("x", Column(["a", "a", "b", "b"])), ("y", Column([1, 3, 4, 8])), ("pw", Column([2, 2, 2, 2])),
    ])
    let margins = [
      Margin(variable: "x", category: "a", total: 6, standardError: 1),
      Margin(variable: "x", category: "b", total: 10, standardError: 2),
    ]
    let model = try Weighting.run(
      .poststratify(RakeRequest(weights: "pw", margins: margins, output: "w")), on: table)
    let row = try Estimation.run(
      EstimateRequest(.total, of: ["y"], design: SurveyDesign(weights: "w")), on: try table.applying(model),
      calibrated: [.totals(model)]
    ).rows[0]
    // Weights 3 and 5; residuals −1, 1, −2, 2; z = −3, 3, −10, 10; 4/3 · 218, and (2·1)² + (6·2)² for the totals.
    expectClose(row.estimate ?? .nan, 72, relative: 1e-14)
    let square = 4.0 / 3 * 218 + 4 + 144
    expectClose(row.standardError ?? .nan, square.squareRoot(), relative: 1e-13)
  }

  @Test func covariancesThatAreNone() throws {
    for covariance in [
      [[1.0]], [[1, 2], [2, 1]], [[1, 0.5], [0.4, 1]], [[-1, 0], [0, 1]], [[.nan, 0], [0, 1]],
    ] {
      let error = #expect(throws: ImmerseError.self) {
        try run(CalibrationRequest(weights: "pw", margins: CalibrationTests.enrolment, covariance: covariance))
      }
      #expect(error?.kind == .badData)
    }
    let both = #expect(throws: ImmerseError.self) {
      try run(
        CalibrationRequest(
          weights: "pw",
          margins: [Margin(variable: "(Intercept)", total: 6194, standardError: 3)], covariance: [[9]]))
    }
    #expect(both?.kind == .usage)
  }

  // MARK: Rows' own bounds, and sinh

  @Test(arguments: [CalibrationMethod.linear, .raking])
  func rowsHaveTheirOwnBounds(method: CalibrationMethod) throws {
    let golden = try Self.golden("unit_bounds_\(method.rawValue)")["w"].numbers
    let source = try SoftCalibrationTests.bounded()
    let request = CalibrationRequest(
      weights: "pw", margins: CalibrationTests.typesAndScores, method: method, unitBounds: ["low", "high"],
      output: "calibrated")
    let model = try Weighting.run(.calibrate(request), on: source)
    let batch = try source.applying(model).chunk(0, [.number("calibrated"), .number("pw")])
    let (weights, base) = (try batch.numbers("calibrated"), try batch.numbers("pw"))
    for (row, expected) in golden.enumerated() {
      let g = weights[row] / base[row]
      expectClose(g, expected, relative: 1e-9, "g of row \(row)")
    }
    var design = Samples.cluster
    design.weights = "calibrated"
    let row = try Estimation.run(
      EstimateRequest(.total, of: ["api99"], design: design), on: try source.applying(model),
      calibrated: [.totals(model)]
    ).rows[0]
    expectClose(row.estimate ?? .nan, 3_914_069, relative: 1e-11)
    expectClose(row.standardError ?? .nan, 0, absolute: 1e-3)
  }

  private static func bounded(_ low: Double = 0.8) throws -> any Source {
    let source = try Samples.open("apiclus1")
    let types = try source.chunk(0, [.category("stype")]).categories("stype")
    let isElementary = (0..<183).map { types[$0] == "E" }
    return try source.applying(
      Extra(name: "low", values: isElementary.map { $0 ? low : 0.5 })
    ).applying(Extra(name: "high", values: isElementary.map { $0 ? 1.1 : 2.5 }))
  }

  @Test func boundsOfRowsThatCannotBe() throws {
    func error(_ request: CalibrationRequest, _ source: any Source) -> ImmerseError? {
      do throws(ImmerseError) {
        _ = try Weighting.run(.calibrate(request), on: source)
        return nil
      } catch { return error }
    }
    var request = CalibrationRequest(
      weights: "pw", margins: CalibrationTests.typesAndScores, method: .logit, unitBounds: ["low", "high"])
    #expect(error(request, try Self.bounded(1))?.problem.contains("none that logit calibration can have") == true)
    request.method = .linear
    #expect(error(request, try Self.bounded(1.2))?.problem.contains("bounds of g are none") == true)
    request.margins[1].total = 2000
    let certificate = error(request, try Self.bounded(0.85))
    #expect(certificate?.problem.contains("within the rows' bounds") == true, "\(certificate?.problem ?? "")")
    request.unitBounds = ["low"]
    #expect(error(request, try Self.bounded())?.kind == .usage)
  }

  /// R survey's internal `cal.sinh` by `grake`, both at a relative misfit of 1e-13.
  @Test(arguments: ["sinh_stype_api99", "sinh_bounded"])
  func sinhAgreesWithSurvey(name: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/calibration_sinh.json"))["values", name]
    let (made, model) = try run(
      CalibrationRequest(
        weights: "pw", margins: CalibrationTests.typesAndScores, method: .sinh,
        bounds: name == "sinh_bounded" ? [0.6, 1.6] : nil, output: "calibrated"))
    let batch = try made.chunk(0, [.number("calibrated"), .number("pw")])
    let (weights, base) = (try batch.numbers("calibrated"), try batch.numbers("pw"))
    for (row, expected) in try golden["g"].numbers.enumerated() {
      let g = weights[row] / base[row]
      expectClose(g, expected, relative: 1e-8, "g of row \(row)")
    }
    var design = Samples.cluster
    design.weights = "calibrated"
    let row = try Estimation.run(
      EstimateRequest(.mean, of: ["api00"], design: design), on: made, calibrated: [.totals(model)]
    ).rows[0]
    expectClose(row.estimate ?? .nan, try golden["est"].number, relative: 1e-8)
    expectClose(row.standardError ?? .nan, try golden["se"].number, relative: 1e-8)
  }

  // MARK: Several steps

  private static let toTypes = WeightStep.totals(
    .calibrate(CalibrationRequest(weights: "pw", margins: CalibrationTests.types, output: "typed")))
  private static let toEnrolment = WeightStep.totals(
    .calibrate(CalibrationRequest(weights: "typed", margins: CalibrationTests.enrolment, output: "final")))

  private static func answered() throws -> any Source {
    let source = try Samples.open("apiclus1")
    let schools = try source.chunk(0, [.number("snum")]).numbers("snum")
    return try source.applying(
      Extra(name: "answered", values: (0..<183).map { [0, 3, 7].contains(Int(schools[$0]) % 10) ? 0 : 1 }))
  }

  @Test func linearisationGoesThroughEveryStep() throws {
    let made = try WeightSteps([Self.toTypes, Self.toEnrolment]).run(on: try Samples.open("apiclus1"))
    try expect(made.source, made.models, try Self.golden("chain_linear"))
  }

  @Test(arguments: [false, true])
  func linearisationKnowsNonresponse(isChain: Bool) throws {
    let response = WeightStep.nonresponse(
      NonresponseRequest(
        weights: "pw", respondents: "answered", classes: ["sch.wide"], output: isChain ? "responding" : "final"))
    var steps = [response]
    if isChain { steps += [Self.toTypes.moved("responding", "typed"), Self.toEnrolment] }
    let made = try WeightSteps(steps).run(on: try Self.answered())
    try expect(made.source, made.models, try Self.golden(isChain ? "nonresponse_chain" : "nonresponse"))
  }

  /// The jackknife repeats every step; linearisation comes near it, and taking the earlier step as fixed does not.
  @Test func linearisationIsNearTheJackknife() throws {
    let response = NonresponseRequest(
      weights: "pw", respondents: "answered", classes: ["sch.wide"], output: "responding")
    let steps = WeightSteps([.nonresponse(response), Self.toTypes.moved("responding", "final")])
    let source = try Self.answered()
    let made = try steps.run(on: source)
    func error(_ design: SurveyDesign, knowing: WeightSteps?) throws -> Double {
      let request = EstimateRequest(.total, of: ["enroll"], design: design)
      let result =
        try knowing.map { try Estimation.run(request, on: made.source, steps: $0) }
        ?? Estimation.run(request, on: made.source)
      return try #require(result.rows[0].standardError)
    }
    let linear = SurveyDesign(weights: "final", psu: ["dnum"])
    let jackknife = try error(
      SurveyDesign(weights: "final", psu: ["dnum"], replicates: ReplicateDesign(.jk1)), knowing: steps)
    let linearised = try error(linear, knowing: steps)
    let fixed = try error(linear, knowing: nil)
    #expect((linearised / jackknife - 1).magnitude < 0.15, "\(linearised) and \(jackknife)")
    #expect((fixed / jackknife - 1).magnitude > 0.25, "\(fixed) and \(jackknife)")
  }
}

extension WeightStep {
  /// The same step between other columns.
  fileprivate func moved(_ weights: String, _ output: String) -> WeightStep {
    guard case .totals(.calibrate(var request)) = self else { return self }
    (request.weights, request.output) = (weights, output)
    return .totals(.calibrate(request))
  }
}
