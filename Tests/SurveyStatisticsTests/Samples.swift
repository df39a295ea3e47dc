import Columnar
import DataFormats
import Foundation
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// The California school samples and the designs R's survey package documents them with.
enum Samples {
  static func open(_ name: String) throws -> any Source {
    try DataFile.open(TestFiles.dataset("api/\(name).csv").path)
  }

  static let simple = SurveyDesign(weights: "pw", fpc: ["fpc"])
  static let stratified = SurveyDesign(weights: "pw", strata: ["stype"], fpc: ["fpc"])
  static let cluster = SurveyDesign(weights: "pw", psu: ["dnum"], fpc: ["fpc"])
  static let twoStage = SurveyDesign(psu: ["dnum", "snum"], fpc: ["fpc1", "fpc2"])
}

/// Expects one estimate and its standard error to equal a golden entry with `est` and `se`.
func expect(
  _ request: EstimateRequest, on sample: String, matches golden: GoldenJSON, relative: Double = 1e-10
) throws {
  let row = try #require(try Estimation.run(request, on: try Samples.open(sample)).rows.first)
  expectClose(try #require(row.estimate), try golden["est"].number, relative: relative, row.term)
  expectClose(try #require(row.standardError), try golden["se"].number, relative: relative, "SE of \(row.term)")
}
