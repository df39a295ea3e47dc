import Columnar
import Streaming
import TestSupport
import Testing

@testable import Simulation

@Suite struct ShapeTests {
  private func counts(_ data: StudyData, _ name: String) -> [String: Int] {
    let names = data.levels[name] ?? []
    return data.codes(name).reduce(into: [:]) { $0[names[$1], default: 0] += 1 }
  }

  @Test func immerseHasTheSurveysTotals() throws {
    let study = try SimulatedStudy(.immerse, seed: 1)
    let data = try StudyData(
      study, numbers: [], categories: ["country", "region", "site", "stratum", "questionnaire", "site_type"])
    #expect(study.rowCount == 24_420)
    #expect(counts(data, "country") == ["BE": 2_421, "DE": 2_700, "GR": 3_900, "IE": 3_600, "IT": 4_600, "ES": 7_199])
    #expect(counts(data, "questionnaire") == ["older": 19_917, "younger": 4_503])
    #expect(data.distinct("site").count == 406)
    #expect(study.siteCount == 406)
    let regions = data.distinct("region")
    #expect(regions.count == 36)
    let perCountry = regions.reduce(into: [:]) { $0[String($1.prefix(2)), default: 0] += 1 }
    #expect(perCountry == ["BE": 3, "DE": 16, "EL": 4, "IE": 1, "IT": 5, "ES": 7])
    #expect(data.distinct("site_type") == ["school", "non-formal", "reception"])
    let sitesPerCountry = data.distinct("site").reduce(into: [:]) { $0[String($1.prefix(2)), default: 0] += 1 }
    #expect(sitesPerCountry == ["BE": 38, "DE": 44, "GR": 72, "IE": 62, "IT": 80, "ES": 110])
    let sitesByStratum = Dictionary(
      grouping: Set(zip(data.codes("stratum"), data.codes("site")).map { [$0, $1] }), by: { $0[0] })
    #expect(sitesByStratum.values.allSatisfy { $0.count >= 2 })
  }

  @Test func pisaSixHasTheSchoolsOf2018() throws {
    let study = try SimulatedStudy(.pisaSix, seed: 1)
    let data = try StudyData(study, numbers: [], categories: ["country", "school", "stratum"])
    #expect(study.rowCount == 73_634)
    let schools = data.distinct("school").reduce(into: [:]) { $0[String($1.prefix(2)), default: 0] += 1 }
    #expect(schools == ["BE": 288, "DE": 223, "GR": 242, "IE": 157, "IT": 542, "ES": 1_089])
    #expect(data.distinct("stratum").count == 136)
  }

  @Test func pisaWorldHasTheFilesSize() throws {
    let study = try SimulatedStudy(.pisaWorld, seed: 1)
    #expect(study.rowCount == 612_004)
    #expect(study.siteCount == 21_903)
    #expect(study.sample.countries.count == 80)
    let unexplained = study.sample.countries.map { $0.achievement.siteSD * $0.achievement.siteSD }
    let between = study.sample.countries.map { country in
      country.profile.mathematics.schoolICC * country.profile.mathematics.standardDeviation
        * country.profile.mathematics.standardDeviation
    }
    // Composition never takes up so much that the floor on what is left between schools is reached.
    #expect(zip(unexplained, between).allSatisfy { $0 > 0.051 * $1 })
  }

  @Test(arguments: [200, 1_003, 250_000])
  func registersHaveAnyLength(_ children: Int) throws {
    let study = try SimulatedStudy(.register, children: children, seed: 3)
    #expect(study.rowCount == children)
    let last = try study.batch(children - 1..<children, [.number("child"), .number("math"), .category("country")])
    #expect(try last.numbers("child")[0] == Double(children))
    #expect(try last.categories("country").levels.names.contains("ES"))
    #expect(try last.numbers("math")[0].isFinite)
  }

  @Test func theNumberOfChildrenScalesTheSites() throws {
    let study = try SimulatedStudy(.immerse, children: 48_840, seed: 1)
    #expect(study.rowCount == 48_840)
    #expect(study.siteCount == 812)
    let small = try SimulatedStudy(.pisaSix, children: 5_000, seed: 1)
    #expect(small.rowCount == 5_000)
    let sites = small.sample.strata.map(\.sites)
    #expect(sites.allSatisfy { $0 >= 2 })
  }

  @Test(arguments: SimulationPreset.allCases)
  func tooFewChildrenAreRefused(_ preset: SimulationPreset) throws {
    for children in [-1, 0, 30] {
      let error = #expect(throws: ImmerseError.self) { try SimulatedStudy(preset, children: children) }
      #expect(error?.kind == .usage)
      #expect(error?.remedy?.contains("ask for at least") == true)
    }
    // What the message asks for is enough.
    let least = StudyPlan(preset).leastChildren
    let study = try SimulatedStudy(preset, children: least, seed: 9)
    #expect(study.rowCount == least)
    let counts = (0..<study.siteCount).map { study.sample.allocation.rows(of: $0).count }
    #expect(counts.allSatisfy { $0 >= 1 })
  }

  @Test func columnsStandInTheContractsOrder() throws {
    let base = ["age", "female", "migrant", "escs", "weight_site", "weight_child", "weight"]
    let immerse = try SimulatedStudy(.immerse).columnNames
    #expect(
      Array(immerse.prefix(14)) == ["country", "region", "site", "child", "stratum", "site_type", "questionnaire"]
        + base)
    #expect(Array(immerse[14..<20]) == (1...6).map { "BEL\($0)" })
    #expect(immerse.count == 14 + 38)
    let pisa = try SimulatedStudy(.pisaSix).columnNames
    #expect(Array(pisa.prefix(12)) == ["country", "region", "school", "child", "stratum"] + base)
    #expect(Array(pisa.suffix(90)) == (1...10).map { "PV\($0)MATH" } + (1...80).map { "W_FSTURWT\($0)" })
    let latent = try SimulatedStudy(.pisaSix, latent: true).columnNames
    #expect(latent.prefix(pisa.count) == pisa[...])
    #expect(latent.contains("TRUE_MATH") && latent.contains("TRUE_BEL"))
  }

  @Test func requestsForWhatIsNotThereAreRefused() throws {
    let study = try SimulatedStudy(.immerse)
    let missing = #expect(throws: ImmerseError.self) { try study.chunk(0, [.number("PV1MATH")]) }
    #expect(missing?.kind == .badData)
    let text = #expect(throws: ImmerseError.self) { try study.chunk(0, [.number("country")]) }
    #expect(text?.variable == "country")
    #expect(throws: ImmerseError.self) { try study.types(of: ["nothing"]) }
    let types = try study.types(of: ["site", "BEL1"])
    #expect(types == ["site": .category, "BEL1": .float64])
  }

  @Test func apportionmentKeepsTotalsAndBounds() {
    #expect(apportion(10, [1, 1, 1]).reduce(0, +) == 10)
    #expect(
      apportion(7, [0.1, 5, 5], atLeast: [2, 2, 2]) == [2, 3, 2]
        || apportion(7, [0.1, 5, 5], atLeast: [2, 2, 2]) == [2, 2, 3])
    let bounded = apportion(100, [10, 1, 1, 50], atLeast: [1, 1, 1, 1], atMost: [5, 90, 30, 20])
    #expect(bounded.reduce(0, +) == 100)
    #expect(bounded[0] == 5 && bounded[3] == 20)
    #expect(zip(bounded, [5, 90, 30, 20]).allSatisfy { $0 <= $1 })
  }
}
