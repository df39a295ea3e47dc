import Columnar
import DataFormats
import Foundation
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Designs of books and manuals, small enough to be checked by hand, and a national survey.
struct PublishedDesignTests {
  private func golden(_ file: String, _ keys: String...) throws -> GoldenJSON {
    try keys.reduce(GoldenJSON(TestFiles.golden("survey/\(file).json"))["values"]) { $0[$1] }
  }

  private func table(_ rows: GoldenJSON, ids: [String]) throws -> Table {
    try Table(
      rows.keys.map { name in
        let numbers = try rows[name].numbers
        return (name, ids.contains(name) ? Column(numbers.map { Optional(String(Int($0))) }) : Column(numbers))
      })
  }

  private func expect(_ row: Estimate?, matches entry: GoldenJSON) throws {
    expectClose(try #require(row?.estimate), try entry["est"].number)
    expectClose(try #require(row?.standardError), try entry["se"].number)
  }

  /// Särndal, Swensson and Wretman (1992), p. 143: two stages, the variance of the second among the first's.
  @Test func twoStages() throws {
    let entry = try golden("textbook", "mu284")
    let table = try table(entry["rows"], ids: ["id1", "id2"])
    let row = try Estimation.run(
      EstimateRequest(.total, of: ["y1"], design: SurveyDesign(psu: ["id1", "id2"], fpc: ["n1", "n2"])), on: table
    ).rows.first
    try expect(row, matches: entry["total.y1"])
    let error = try #require(row?.standardError)
    expectClose(error * error, try entry["total.y1.variance"].number)
  }

  /// The Stata manual's example of a finite population correction.
  @Test func finitePopulation() throws {
    let entry = try golden("textbook", "fpc")
    let table = try table(entry["rows"], ids: ["stratid", "psuid"])
    for (kind, fpc, key) in [
      (EstimateRequest.Kind.mean, [String](), "mean.x.no_fpc"), (.mean, ["Nh"], "mean.x.fpc"),
      (.total, ["Nh"], "total.x.fpc"),
    ] {
      let design = SurveyDesign(weights: "weight", strata: ["stratid"], psu: ["psuid"], fpc: fpc)
      let row = try Estimation.run(EstimateRequest(kind, of: ["x"], design: design), on: table).rows.first
      try expect(row, matches: entry[key])
    }
  }

  @Test func nationalSurvey() throws {
    let source = try DataFile.open(TestFiles.golden("survey/nhanes2.csv.gz").path)
    let entry = try golden("nhanes2", "taylor")
    let design = SurveyDesign(weights: "finalwgt", strata: ["stratid"], psu: ["psuid"])
    let all = try Estimation.run(
      EstimateRequest(.mean, of: ["zinc"], design: design, missing: .drop), on: source
    ).rows.first
    let mean = entry["mean.zinc"]
    try expect(all, matches: mean)
    expectClose(try #require(all?.confidenceLow), try mean["lower"].number)
    expectClose(try #require(all?.confidenceHigh), try mean["upper"].number)
    #expect(all?.degreesOfFreedom == (try entry["degf"].number))
    let unstratified = try Estimation.run(
      EstimateRequest(
        .mean, of: ["zinc"], design: SurveyDesign(weights: "finalwgt", psu: ["psuid"]), missing: .drop), on: source
    ).rows.first
    try expect(unstratified, matches: try golden("nhanes2", "taylor_unstratified", "mean.zinc"))

    let groups = entry["mean.zinc.by.race"]
    let rows = try Estimation.run(
      EstimateRequest(.mean, of: ["zinc"], design: design, by: ["race"], contrast: true, missing: .drop), on: source
    ).rows
    expectClose(rows.prefix(3).compactMap(\.estimate), try groups["est"].numbers)
    expectClose(rows.prefix(3).compactMap(\.standardError), try groups["se"].numbers)
    let covariance = try groups["vcov"].list.map { try $0.numbers }
    var errors: [Double] = []
    for (a, b) in [(1, 0), (2, 0), (2, 1)] {
      let variance = covariance[a][a] + covariance[b][b] - 2 * covariance[a][b]
      errors.append(variance.squareRoot())
    }
    expectClose(rows.dropFirst(3).compactMap(\.standardError), errors)
  }
}
