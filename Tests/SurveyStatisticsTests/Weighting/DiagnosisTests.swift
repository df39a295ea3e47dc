import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

struct DiagnosisTests {
  @Test func agreesWithSurveysCalibration() throws {
    let golden = try GoldenJSON(TestFiles.golden("survey/calibrate.json"))["values", "greg_stype_api99", "g"]
    let row = try Diagnosis.run(
      DiagnosisRequest(weights: "calibrated", base: "pw"), on: try TrimmingTests.greg()
    ).rows[0]
    expectClose(row.smallestFactor ?? .nan, try golden["min"].number, relative: 1e-10)
    expectClose(row.largestFactor ?? .nan, try golden["max"].number, relative: 1e-10)
    // Base weights are equal, so the variation of g is that of the weights; survey's has the divisor n - 1.
    let variation = row.variation * (183.0 / 182).squareRoot()
    expectClose(variation, try golden["cv"].number, relative: 1e-10)
    expectClose(row.effectiveCount * row.kishEffect, 183, relative: 1e-12)
  }

  @Test(arguments: [1e-300, 1, 1e300])
  func handlesAnyScale(scale: Double) throws {
    let table = Table([("w", Column([1, 2, 3, 0].map { $0 * scale }))])
    let row = try Diagnosis.run(DiagnosisRequest(weights: "w"), on: table).rows[0]
    expectClose(row.kishEffect, 3 * 14.0 / 36, relative: 1e-12)
    #expect(row.count == 3)
    #expect(row.zeros == 1)
  }

  /// Balance is that of the rows with a weight, against all rows.
  @Test func balanceBeforeAndAfter() throws {
    let table = Table([
      ("x", Column([0, 0, 1, 1])), ("d", Column([1, 1, 1, 1])), ("w", Column([2, 0, 1, 1])),
    ])
    let balance = try Diagnosis.run(
      DiagnosisRequest(weights: "w", base: "d", variables: ["x"]), on: table
    ).balance[0]
    expectClose(balance.reference, 0.5, relative: 1e-12)
    expectClose(balance.before ?? .nan, (2.0 / 3 - 0.5) / 0.5, relative: 1e-12)
    expectClose(balance.after ?? .nan, 0, absolute: 1e-12)
  }

  @Test func allZeroIsRefused() throws {
    let table = Table([("w", Column([0, 0])), ("g", Column(["a", "b"]))])
    let error = #expect(throws: ImmerseError.self) {
      try Diagnosis.run(DiagnosisRequest(weights: "w", by: ["g"]), on: table)
    }
    #expect(error?.kind == .badData)
  }
}
