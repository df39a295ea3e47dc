import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Score intervals of quantiles against all values tried in turn with survey's `svymean`.
struct ScoreIntervalTests {
  private static let probabilities = [0.1, 0.25, 0.5, 0.75, 0.9]

  private static func rows(_ variable: String, _ design: SurveyDesign, on source: any Source) throws -> [Estimate] {
    try Estimation.run(
      EstimateRequest(
        .quantile, of: [variable], design: design, probabilities: probabilities, interval: .score), on: source
    ).rows
  }

  @Test(arguments: ["cluster", "stratified"], ["api00", "enroll"])
  func areAllValuesThatATestAccepts(design: String, variable: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/score_intervals.json"))["values", design, variable]
    let isCluster = design == "cluster"
    let rows = try Self.rows(
      variable, isCluster ? Samples.cluster : Samples.stratified,
      on: try Samples.open(isCluster ? "apiclus1" : "apistrat"))
    for (row, p) in zip(rows, Self.probabilities) {
      let expected = golden["\(p)"]
      expectClose(row.confidenceLow ?? .nan, try expected["low"].number)
      expectClose(row.confidenceHigh ?? .nan, try expected["high"].number)
      expectClose(row.standardError ?? .nan, try expected["se"].number, relative: 1e-12)
    }
  }

  /// survey's root finder stops within a step of the same limits where all weights are equal.
  @Test(arguments: ["api00", "enroll"])
  func areNearSurveysWhereWeightsAreEqual(variable: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/score_intervals.json"))["values", "cluster", variable]
    let source = try Samples.open("apiclus1")
    let values = Set(try source.chunk(0, [.number(variable)]).numbers(variable).array).sorted()
    func place(_ value: Double) -> Int { values.firstIndex { $0 >= value } ?? values.count }
    for (row, p) in zip(try Self.rows(variable, Samples.cluster, on: source), Self.probabilities) {
      let survey = try golden["\(p)", "survey"].numbers
      #expect((place(row.confidenceLow ?? .nan) - place(survey[0])).magnitude <= 2, "\(p)")
      #expect((place(row.confidenceHigh ?? .nan) - place(survey[1])).magnitude <= 2, "\(p)")
    }
  }

  /// In domains, under replicates, and for calibrated weights, which the test knows of.
  @Test func everyVarianceHasThem() throws {
    let source = try Samples.open("apiclus1")
    func width(_ design: SurveyDesign, by: [String] = [], calibrated: [WeightStepModel] = [], on source: any Source)
      throws -> [Double]
    {
      let rows = try Estimation.run(
        EstimateRequest(
          .quantile, of: ["api00"], design: design, by: by, probabilities: [0.5], interval: .score), on: source,
        calibrated: calibrated
      ).rows
      return try rows.map { row in
        let (low, high) = (try #require(row.confidenceLow), try #require(row.confidenceHigh))
        let estimate = try #require(row.estimate)
        #expect(low <= estimate && estimate <= high)
        return high - low
      }
    }
    #expect(try width(Samples.cluster, by: ["stype"], on: source).count == 3)
    let plain = try width(Samples.cluster, on: source)[0]
    let jackknife = SurveyDesign(
      weights: "pw", psu: ["dnum"], fpc: ["fpc"], replicates: ReplicateDesign(.jk1))
    let replicated = try width(jackknife, on: source)[0]
    #expect((replicated / plain - 1).magnitude < 0.2)
    let model = try CalibrationTests.calibrate(CalibrationTests.typesAndScores, on: source)
    let calibrated = try width(
      CalibrationTests.design, calibrated: [.totals(model)], on: try source.applying(model))[0]
    // api99, whose total is met, tells nearly all of api00.
    #expect(calibrated < plain / 2)
  }

  @Test func belongToQuantiles() throws {
    let error = #expect(throws: ImmerseError.self) {
      try Estimation.run(
        EstimateRequest(.proportion, of: ["stype"], design: Samples.cluster, interval: .score),
        on: try Samples.open("apiclus1"))
    }
    #expect(error?.kind == .usage)
  }
}
