import Columnar
import CompositeIndicators
import Foundation
import Streaming
import TestSupport
import Testing
import Yams

/// `Datasets/immerse/framework.yaml`.
@Suite struct BundledFrameworkTests {
  static func text() throws -> String {
    try String(contentsOf: TestFiles.dataset("immerse/framework.yaml"), encoding: .utf8)
  }

  static func framework() throws -> Framework { try YAMLDecoder().decode(Framework.self, from: text()) }

  @Test func hasThePublishedStructure() throws {
    let framework = try Self.framework()
    #expect(framework.findings() == [])
    let results = framework.indicators.filter { $0.role == .result }
    let determinants = framework.indicators.filter { $0.role == .determinant }
    #expect(results.count == 14 && determinants.count == 16)
    let expectedCodes = (1...30).map { String(format: $0 <= 14 ? "R%02d_" : "D%02d_", $0) }
    let codes = framework.indicators.map { String($0.code.prefix(4)) }
    #expect(codes == expectedCodes)
    #expect(Set(results.flatMap(\.parents)).count == 5)
    #expect(Set(determinants.flatMap(\.parents)).count == 6)
    #expect(results.allSatisfy { $0.ecologicalLevel == .micro })
    #expect(determinants.allSatisfy { $0.ecologicalLevel != .micro })
  }

  @Test func keepsResultsAndDeterminantsApart() throws {
    let framework = try Self.framework()
    let tops = framework.aggregates.filter(\.parents.isEmpty).map(\.code)
    #expect(tops == ["results", "determinants"])
    let mixed = framework.aggregates.filter(\.mixesRoles)
    #expect(mixed == [])
  }

  @Test func confirmsOnlyTheFirst() throws {
    let verified = try Self.framework().indicators.filter { $0.confidence == .verified }.map(\.code)
    #expect(verified == ["R01_compulsory_education"])
  }

  /// About a third of the indicators come from children's answers; what is not sampled is never among them.
  @Test func everyIndicatorSaysWhereItComesFrom() throws {
    for indicator in try Self.framework().indicators {
      let (kind, level) = (try #require(indicator.kind), try #require(indicator.measuredAt))
      switch try #require(indicator.origin) {
      case .items(let scale):
        #expect(level == .child && kind.canCarrySamplingError)
        #expect(scale.atLeast != nil)
      case .column(_, let table):
        #expect(level == table)
        #expect(kind.canCarrySamplingError == (kind == .siteValue || indicator.code == "R11_academic_skills"))
      }
      #expect(indicator.goalposts != nil)
    }
    #expect(try Self.framework().scaleScores.count == 10)
  }

  /// A misspelt key would be passed over in silence.
  @Test func noKeyIsLost() throws {
    let read = try #require(try Yams.load(yaml: Self.text()) as? [String: Any])
    let written = try JSONSerialization.jsonObject(with: JSONEncoder().encode(Self.framework()))
    func check(_ a: Any, _ b: Any?, _ path: String) {
      if let map = a as? [String: Any] {
        for (key, value) in map { check(value, (b as? [String: Any])?[key], "\(path).\(key)") }
      } else if let list = a as? [Any], (b as? [Any])?.count == list.count {
        for (index, value) in list.enumerated() { check(value, (b as? [Any])?[index], "\(path)[\(index)]") }
      } else {
        #expect(b != nil, "\(path) was not decoded")
      }
    }
    check(read, written, "framework")
  }

  /// Items with their range and direction, and the columns of sites and countries, are those of the simulated data.
  @Test func agreesWithTheCodebook() throws {
    let text = try String(contentsOf: TestFiles.dataset("immerse/codebook.yaml"), encoding: .utf8)
    let codebook = try #require(try Yams.load(yaml: text) as? [String: Any])
    func variables(_ key: String) -> [String: [String: Any]] {
      let list = codebook[key] as? [[String: Any]] ?? []
      return Dictionary(list.compactMap { entry in (entry["name"] as? String).map { ($0, entry) } }) { a, _ in a }
    }
    let tables: [MeasurementLevel: [String: [String: Any]]] = [
      .site: variables("site_variables"), .country: variables("country_variables"),
    ]
    let items = variables("variables")
    for (number, indicator) in try Self.framework().indicators.enumerated() {
      switch try #require(indicator.origin) {
      case .column(let column, let table):
        #expect(tables[table]?[column]?["indicator"] as? Int == number + 1, "\(indicator.code)")
      case .items(let scale):
        for item in scale.items {
          let variable = try #require(items[item], "\(item)")
          let answers = try #require(variable["values"] as? [String: Any], "\(item)").keys.compactMap { Double($0) }
          #expect(answers.min() == scale.minimum, "\(item)")
          #expect(answers.max() == scale.maximum, "\(item)")
          #expect((variable["reversed"] as? Bool ?? false) == scale.reversed.contains(item), "\(item)")
        }
        let listed = (codebook["scales"] as? [[String: Any]] ?? []).first { $0["indicator"] as? Int == number + 1 }
        #expect(listed?["items"] as? [String] == scale.items, "\(indicator.code)")
      }
    }
  }

  /// Answers of a few children, up to the indices of two units.
  @Test func scoresFromAnswersToIndices() throws {
    let framework = try Self.framework()
    let items = Set(framework.scaleScores.flatMap(\.scale.items)).sorted()
    #expect(items.count == 38)
    let answers = items.map { item -> (name: String, column: Column) in
      // Everything at its greatest answer, then everything at its least.
      let scale = framework.scaleScores.first { $0.scale.items.contains(item) }?.scale
      return (item, Column([scale?.maximum ?? .nan, scale?.minimum ?? .nan]))
    }
    let tables = framework.indicators.compactMap { indicator -> (name: String, column: Column)? in
      guard case .column = indicator.origin, let posts = indicator.goalposts else { return nil }
      return (indicator.code, Column([posts.upper, posts.lower]))
    }
    var source: any Source = Table([("unit", Column(["high", "low"]))] + answers + tables)
    for scale in framework.scaleScores { source = try source.applying(scale) }
    let result = try score(ScoreRequest(framework, unit: "unit"), source: source, engine: engine)
    #expect(result.terms.prefix(2).map(\.code) == ["results", "determinants"])
    // Half of the items on belonging are reversed, so that both children are in the middle: below 3.5.
    #expect(result.row(unit: "high", term: "R06_belonging")?.estimate == 0)
    #expect(result.row(unit: "high", term: "R09_teacher_support")?.estimate == 100)
    #expect(result.row(unit: "high", term: "D30_bullying")?.estimate == 0)
    #expect(result.row(unit: "low", term: "D30_bullying")?.estimate == 100)
    // Academic skills are a share of low achievers, and the kinds of education have no weight: (100 + 100 + 0) / 3.
    let achievements = result.row(unit: "high", term: "educational_achievements")?.estimate
    expectClose(achievements ?? .nan, 200.0 / 3)
    expectClose(result.row(unit: "high", term: "well_being")?.estimate ?? .nan, 50)
  }
}
