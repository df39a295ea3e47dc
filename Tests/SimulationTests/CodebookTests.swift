import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import Simulation

/// The committed codebook describes just the columns and items that are simulated.
@Suite struct CodebookTests {
  private struct Entry {
    var name: String
    var fields: [String: String]
  }

  /// The entries of one list of the file, which is written with one field a line.
  private func entries(_ list: String) throws -> [Entry] {
    let text = try String(contentsOf: TestFiles.root.appending(path: "Datasets/immerse/codebook.yaml"), encoding: .utf8)
    var entries: [Entry] = []
    var isInside = false
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      if !line.hasPrefix(" ") {
        isInside = line == "\(list):"
      } else if isInside {
        let field = line.drop { $0 == " " || $0 == "-" }.split(separator: ":", maxSplits: 1)
        let value = field[1].trimmingCharacters(in: .whitespaces)
        if line.hasPrefix("  - name:") {
          entries.append(Entry(name: value, fields: [:]))
        } else {
          entries[entries.count - 1].fields[String(field[0])] = value
        }
      }
    }
    return entries
  }

  @Test func everyColumnIsDescribedInItsOrder() throws {
    let study = try SimulatedStudy(.immerse)
    #expect(try entries("variables").map(\.name) == study.columnNames)
    #expect(try entries("site_variables").map(\.name) == study.siteTable.columnNames)
    #expect(try entries("country_variables").map(\.name) == SimulatedStudy.countryTable.columnNames)
  }

  @Test func itemsAreReversedAsDescribed() throws {
    let variables = try entries("variables")
    let scales = try entries("scales")
    #expect(scales.count == Scale.all.count)
    for (described, scale) in zip(scales, Scale.all) {
      #expect(described.fields["indicator"] == "\(scale.indicator)")
      #expect(described.fields["items"] == "[\(scale.items.map(\.name).joined(separator: ", "))]")
      for item in scale.items {
        let entry = try #require(variables.first { $0.name == item.name })
        #expect(entry.fields["reversed"] == "\(item.reversed)", "\(item.name)")
        #expect(entry.fields["scale"] == described.name)
        #expect((entry.fields["asked_of"] == "older") == scale.olderOnly)
        #expect(entry.fields["label"]?.isEmpty == false)
      }
    }
  }

  @Test func valuesAreThoseDescribed() throws {
    let study = try SimulatedStudy(.immerse, seed: 1)
    let labelled = ["BEL1": 5, "BRI": 5, "TRU2": 5, "LAN4": 5, "LRN1": 4, "BUL1": 4]
    let data = try StudyData(study, numbers: labelled.keys.sorted() + ["LIFE"])
    for (name, count) in labelled {
      #expect(Set(data[name].filter { !$0.isNaN }) == Set((1...count).map(Double.init)), "\(name)")
    }
    #expect(Set(data["LIFE"].filter { !$0.isNaN }) == Set((0...10).map(Double.init)))
  }
}
