import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import Simulation

@Suite struct TableTests {
  @Test func sitesStandInTheTableOnce() throws {
    let study = try SimulatedStudy(.immerse, seed: 1)
    let table = study.siteTable
    #expect(table.rowCount == 406)
    let data = try StudyData(study, numbers: ["weight_site", "migrant"], categories: ["site", "region"])
    let names = try table.batch.categories("site")
    #expect(Set(names.levels.names) == data.distinct("site"))
    #expect(try table.batch.numbers("children").array.reduce(0, +) == 24_420)
    // Row by row in the order of the study's sites, with the weight and the region its children carry.
    let starts = study.sample.allocation.starts
    let regions = try table.batch.categories("region")
    for site in [0, 37, 38, 405] {
      #expect(try table.batch.numbers("weight_site")[site] == data["weight_site"][starts[site]])
      let region = data.levels["region"]?[data.codes("region")[starts[site]]]
      #expect(regions.levels[Int(regions.codes[site])] == region)
    }
    for (name, range) in [
      ("concentration", 0.0...100), ("staff_diversity", 0...100), ("teacher_training", 1...5),
      ("intercultural_values", 1...5), ("parental_involvement", 1...5), ("host_language_support", 0...6),
      ("mother_tongue_support", 0...4), ("mental_health_service", 0...1),
    ] {
      let values = try table.batch.numbers(name).array
      let answered = values.filter { !$0.isNaN }
      #expect(answered.allSatisfy(range.contains), "\(name)")
      #expect(variance(answered) > 0, "\(name)")
      let missing = Double(values.count - answered.count) / 406
      #expect(name == "concentration" ? missing == 0 : missing > 0.04 && missing < 0.13, "\(name) \(missing)")
    }
  }

  @Test func countriesStandInTheTableOnce() throws {
    let table = SimulatedStudy.countryTable
    #expect(table.rowCount == 6)
    #expect(table.columnNames.count == 14)
    let countries = try table.batch.categories("country")
    let spain = try #require(countries.levels.code(of: "ES"))
    let row = try #require(countries.codes.array.firstIndex(of: spain))
    #expect(try table.batch.numbers("access_compulsory")[row] == 98)
  }
}
