import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

struct TrimmingTests {
  static func greg() throws -> any Source {
    let source = try Samples.open("apiclus1")
    return try source.applying(try CalibrationTests.calibrate(CalibrationTests.typesAndScores, on: source))
  }

  static func weights(_ source: any Source, _ name: String) throws -> [Double] {
    try source.chunk(0, [.number(name)]).numbers(name).array
  }

  @Test(arguments: [("trim_plain", false), ("trim_strict", true)])
  func agreesWithSurvey(name: String, strict: Bool) throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/calibrate.json"))["values", name, "weights"]
    let source = try TrimmingTests.greg()
    let model = try Trimming.run(
      TrimRequest(weights: "calibrated", lower: 20, upper: 45, strict: strict, output: "trimmed"), on: source)
    let trimmed = try TrimmingTests.weights(try source.applying(model), "trimmed")
    let sum = trimmed.reduce(0, +)
    expectClose(trimmed.min() ?? .nan, try golden["min"].number, relative: 1e-10)
    expectClose(trimmed.max() ?? .nan, try golden["max"].number, relative: 1e-10)
    expectClose(sum, try golden["sum"].number, relative: 1e-10)
    expectClose(model.summary.largest, try golden["max"].number, relative: 1e-10)
    expectClose(model.summary.sumAfter, sum, relative: 1e-12)
  }

  /// Bounds on calibrated weights that keep every total they met.
  @Test func boundsOnWeightsKeepTotals() throws {
    let source = try TrimmingTests.greg()
    let request = CalibrationRequest(
      weights: "calibrated", margins: CalibrationTests.typesAndScores, weightBounds: [20, 60], output: "trimmed")
    let model = try Weighting.run(.calibrate(request), on: source)
    let trimmed = try TrimmingTests.weights(try source.applying(model), "trimmed")
    let inside = trimmed.allSatisfy { $0 >= 20 - 1e-9 && $0 <= 60 + 1e-9 }
    #expect(inside)
    for row in model.summary.margins { expectClose(row.after, row.margin.total, relative: 1e-11) }
  }

  @Test func weightsOfZeroStayZero() throws {
    let table = Table([("w", Column([0, 1, 2, 9]))])
    let model = try Trimming.run(TrimRequest(weights: "w", lower: 2, upper: 6, strict: true, output: "t"), on: table)
    let trimmed = try TrimmingTests.weights(try table.applying(model), "t")
    expectClose(trimmed, [0, 2, 4, 6], relative: 1e-12)
  }

  @Test(arguments: [(13.0, 20.0), (0.5, 1.0)])
  func boundsThatCannotHoldTheSumAreRefused(lower: Double, upper: Double) throws {
    let table = Table([("w", Column([1, 2, 9]))])
    let error = #expect(throws: ImmerseError.self) {
      try Trimming.run(TrimRequest(weights: "w", lower: lower, upper: upper), on: table)
    }
    #expect(error?.kind == .badData)
    #expect(error?.remedy?.contains("the mean weight, 4,") == true)
  }
}
