import Columnar
import Foundation
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Weights made in several steps, and replicates that receive every step.
struct WeightStepsTests {
  private static let jk1 = SurveyDesign(
    weights: "final", psu: ["dnum"], fpc: ["fpc"], replicates: ReplicateDesign(.jk1))

  private static let types = Array(RakingTests.margins.prefix(3))

  private func estimate(
    _ steps: [WeightStep], _ kind: EstimateRequest.Kind, _ variable: String, _ design: SurveyDesign = jk1
  ) throws -> Estimate {
    let source = try Samples.open("apiclus1")
    let made = try WeightSteps(steps).run(on: source)
    return try Estimation.run(
      EstimateRequest(kind, of: [variable], design: design), on: made.source, steps: WeightSteps(steps)
    ).rows[0]
  }

  private func expect(_ step: WeightStep, matches golden: GoldenJSON, relative: Double = 1e-10) throws {
    for (kind, variable, name) in [
      (EstimateRequest.Kind.mean, "api00", "mean.api00"), (.total, "enroll", "total.enroll"),
    ] {
      let row = try estimate([step], kind, variable)
      expectClose(try #require(row.estimate), try golden[name, "est"].number, relative: relative, name)
      expectClose(try #require(row.standardError), try golden[name, "se"].number, relative: relative, "SE of \(name)")
    }
  }

  private static let rake = WeightStep.totals(
    .rake(RakeRequest(weights: "pw", margins: RakingTests.margins, output: "final")))

  @Test func rakedReplicatesAgreeWithSurvey() throws {
    try expect(
      Self.rake, matches: GoldenJSON(TestFiles.golden("survey/rake.json"))["values", "two_margins_jk1"])
  }

  @Test func postStratifiedReplicatesAgreeWithSurvey() throws {
    try expect(
      .totals(.poststratify(RakeRequest(weights: "pw", margins: Self.types, output: "final"))),
      matches: GoldenJSON(TestFiles.golden("survey/poststratify.json"))["values", "jk1"])
  }

  @Test func calibratedReplicatesAgreeWithSurvey() throws {
    let margins = [
      Margin(variable: "(Intercept)", total: 6194), Margin(variable: "stype", category: "H", total: 755),
      Margin(variable: "stype", category: "M", total: 1018), Margin(variable: "api99", total: 3_914_069),
    ]
    try expect(
      .totals(
        .calibrate(
          CalibrationRequest(
            weights: "pw", margins: margins, output: "final"))),
      matches: GoldenJSON(TestFiles.golden("survey/calibrate.json"))["values", "greg_stype_api99_jk1"])
  }

  // MARK: Chains

  /// Eight units of five rows, of which every fourth row did not answer.
  private let table: Table = {
    let n = 40
    return Table([
      ("pw", Column((0..<n).map { 10 + Double($0 % 7) })), ("unit", Column((0..<n).map { Double($0 / 5) })),
      ("stype", Column((0..<n).map { Optional(["E", "H", "M"][$0 % 3]) })),
      ("answered", Column((0..<n).map { $0 % 4 == 3 ? 0 : 1 })),
      ("y", Column((0..<n).map { Double($0 * $0 % 11) })),
    ])
  }()

  private static let chained: [WeightStep] = [
    .nonresponse(NonresponseRequest(weights: "pw", respondents: "answered", classes: ["stype"], output: "responding")),
    .totals(
      .rake(
        RakeRequest(
          weights: "responding",
          margins: [
            Margin(variable: "stype", category: "E", total: 200), Margin(variable: "stype", category: "H", total: 180),
            Margin(variable: "stype", category: "M", total: 160),
          ], output: "raked"))),
    .trim(TrimRequest(weights: "raked", upper: 21, output: "final")),
  ]

  /// Every replicate by itself through every step, one step at a time.
  @Test func everyReplicateReceivesEveryStep() throws {
    let design = SurveyDesign(weights: "pw", psu: ["unit"])
    let model = try Replication.make(ReplicatesRequest(.jk1, design: design), on: table)
    let replicated = try table.applying(model)
    let made = try WeightSteps(Self.chained, replicates: ["rw1-rw8"]).run(on: replicated)
    #expect(made.replicates == (1...8).map { "final\($0)" })
    #expect(made.added.count == 27)
    for replicate in 1...8 {
      let response = try Nonresponse.run(
        NonresponseRequest(weights: "rw\(replicate)", respondents: "answered", classes: ["stype"], output: "a"),
        on: replicated)
      var source = try replicated.applying(response)
      guard case .totals(.rake(var rake)) = Self.chained[1], case .trim(var trim) = Self.chained[2] else { return }
      (rake.weights, rake.output) = ("a", "b")
      source = try source.applying(try Weighting.rake(rake, on: source))
      (trim.weights, trim.output) = ("b", "c")
      source = try source.applying(try Trimming.run(trim, on: source))
      let expected = try source.chunk(0, [.number("c")]).numbers("c")
      let found = try made.source.chunk(0, [.number("final\(replicate)")]).numbers("final\(replicate)")
      expectClose((0..<40).map { found[$0] }, (0..<40).map { expected[$0] }, absolute: 1e-12)
    }
    // Given as columns, and made of the design, they lead to the same variance.
    let given = try Estimation.run(
      EstimateRequest(
        .mean, of: ["y"],
        design: SurveyDesign(weights: "final", replicates: ReplicateDesign(.jk1, columns: ["final1-final8"]))),
      on: made.source
    ).rows[0]
    let result = try Estimation.run(
      EstimateRequest(
        .mean, of: ["y"],
        design: SurveyDesign(weights: "final", psu: ["unit"], replicates: ReplicateDesign(.jk1))), on: made.source,
      steps: WeightSteps(Self.chained))
    expectClose(try #require(result.rows[0].standardError), try #require(given.standardError))
    #expect(result.notes.contains { $0.code == "steps_repeated" && $0.message.contains("nonresponse, rake, trim") })
  }

  @Test func linearisationSaysWhatItTakesAsFixed() throws {
    let made = try WeightSteps(Self.chained).run(on: table)
    func notes(_ steps: [WeightStep]) throws -> [String] {
      try Estimation.run(
        EstimateRequest(
          .mean, of: ["y"], design: SurveyDesign(weights: steps[steps.count - 1].output, psu: ["unit"])),
        on: made.source, steps: WeightSteps(steps)
      ).notes.filter { $0.code == "weights_taken_as_fixed" }.map(\.message)
    }
    #expect(try notes(Self.chained)[0].contains("of trim as"))
    #expect(try notes(Array(Self.chained.prefix(2))).isEmpty)
  }

  @Test func documents() throws {
    let steps = WeightSteps(Self.chained, replicates: ["rw1-rw8"])
    let text = try JSONEncoder().encode(steps)
    #expect(try JSONDecoder().decode(WeightSteps.self, from: text) == steps)
  }

  // MARK: Refusals

  private func problem(_ work: () throws -> Void) -> String {
    do {
      try work()
      return "none"
    } catch { return "\(error)" }
  }

  @Test func stepsThatCannotBeRepeated() throws {
    let two = WeightSteps([Self.chained[0], Self.chained[2]])
    #expect(problem { _ = try two.run(on: table) }.contains("starts at \"raked\", but the one before it wrote"))
    #expect(
      problem { _ = try WeightSteps([Self.chained[0]], replicates: ["rw1-rw3"]).run(on: table) }
        .contains("variable \"rw1\": there is no such column"))
    // A replicate that leaves out the only unit with a category cannot meet its total.
    var columns = [Double](repeating: 1, count: 40)
    for row in 0..<40 where row % 3 == 0 { columns[row] = 0 }
    let lacking = try table.applying(Extra(name: "rw1", values: columns))
    #expect(
      problem {
        let rake = WeightStep.totals(
          .rake(
            RakeRequest(
              weights: "pw",
              margins: [
                Margin(variable: "stype", category: "E", total: 200),
                Margin(variable: "stype", category: "H", total: 180),
                Margin(variable: "stype", category: "M", total: 160),
              ], output: "raked")))
        _ = try WeightSteps([rake], replicates: ["rw1"]).run(on: lacking)
      }.contains("in the replicate \"rw1\": all rows of the category \"E\" have weight zero"))
    let made = try WeightSteps(Self.chained).run(on: table).source
    func estimated(_ design: SurveyDesign, _ steps: [WeightStep]) -> String {
      problem {
        _ = try Estimation.run(
          EstimateRequest(.mean, of: ["y"], design: design), on: made, steps: WeightSteps(steps))
      }
    }
    #expect(estimated(SurveyDesign(weights: "pw"), Self.chained).contains("does not use these weights"))
    #expect(
      estimated(
        SurveyDesign(weights: "final", replicates: ReplicateDesign(.jk1, columns: ["pw", "raked"])), Self.chained
      )
      .contains("cannot be repeated in replicates that are columns"))
    var other = Self.chained
    other[2] = .trim(TrimRequest(weights: "raked", upper: 20, output: "final"))
    #expect(estimated(SurveyDesign(weights: "final"), other).contains("make other weights of these rows"))
    let model = try Weighting.rake(
      RakeRequest(weights: "pw", margins: RakingTests.margins, output: "final"), on: try Samples.open("apiclus1"))
    #expect(
      problem {
        _ = try Estimation.run(
          EstimateRequest(.mean, of: ["api00"], design: Self.jk1),
          on: try Samples.open("apiclus1").applying(model), calibrated: [.totals(model)])
      }.contains("every step by which the weights were made repeated"))
  }
}

/// A column beside those of a table.
struct Extra: Transform {
  let name: String
  let values: [Double]
  var inputs: [ColumnRequest] { [] }
  var outputs: [Field] { [Field(name, .float64)] }

  func apply(to batch: Batch) -> Batch {
    var extended = batch
    extended.set(name, Column(values))
    return extended
  }
}
