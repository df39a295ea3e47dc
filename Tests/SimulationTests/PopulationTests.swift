import Columnar
import Probability
import TestSupport
import Testing

@testable import Simulation

@Suite struct PopulationTests {
  @Test func immerseSharesAreNearTheSurveys() throws {
    let study = try SimulatedStudy(.immerse, seed: 1)
    let data = try StudyData(
      study, numbers: ["female", "migrant", "escs", "age", "BEL1", "LRN1", "TRU1"],
      categories: ["country", "site", "questionnaire", "site_type"])
    let migrants = data["migrant"]
    expectClose(mean(migrants), 0.546, relative: 0.05, "migrant background")
    // Concentrated: whole sites differ from nearly none to all.
    var shares: [Int: (Double, Double)] = [:]
    for (row, site) in data.codes("site").enumerated() {
      let known = shares[site] ?? (0, 0)
      shares[site] = (known.0 + migrants[row], known.1 + 1)
    }
    let bySite = shares.values.map { $0.0 / $0.1 }.sorted()
    #expect(bySite[20] < 0.08)
    #expect(bySite[385] > 0.97)
    for type in ["non-formal", "reception"] {
      #expect(mean(data.rows(where: "site_type", is: type).map { migrants[$0] }) > 0.95)
    }
    let girls = data["female"]
    expectClose(Double(girls.count { $0.isNaN }), 979, absolute: 5 * 31)
    expectClose(mean(girls.filter { !$0.isNaN }), 11_277.0 / 23_441, absolute: 5 * 0.0033)
    let escsMissing = ["BE": 0.028, "DE": 0.056, "GR": 0.003, "IE": 0.013, "IT": 0.003, "ES": 0.010]
    for (country, rate) in escsMissing {
      let values = data.rows(where: "country", is: country).map { data["escs"][$0] }
      let share = Double(values.count { $0.isNaN }) / Double(values.count)
      expectClose(share, rate, absolute: 5 * (rate / Double(values.count)).squareRoot(), country)
    }
    let older = data.rows(where: "questionnaire", is: "older")
    let younger = data.rows(where: "questionnaire", is: "younger")
    #expect(Set(younger.map { data["age"][$0] }) == [7, 8, 9])
    #expect(Set(older.map { data["age"][$0] }) == Set((10...18).map(Double.init)))
    #expect(Set(younger.map { data["BEL1"][$0] }.filter { !$0.isNaN }) == [1, 3, 5])
    #expect(Set(older.map { data["BEL1"][$0] }.filter { !$0.isNaN }) == [1, 2, 3, 4, 5])
    let areYoungerAsked = younger.contains { !data["TRU1"][$0].isNaN || !data["LRN1"][$0].isNaN }
    #expect(!areYoungerAsked)
    let ordinary = Double(older.count { data["TRU1"][$0].isNaN }) / Double(older.count)
    #expect(ordinary > 0.02 && ordinary < 0.06)
    let rotated = Double(older.count { data["LRN1"][$0].isNaN }) / Double(older.count)
    #expect(rotated > 0.33 && rotated < 0.40)
  }

  @Test func achievementClustersAsInTheNotes() throws {
    let study = try SimulatedStudy(.pisaSix, seed: 1, latent: true)
    let data = try StudyData(study, numbers: ["TRUE_MATH", "TRUE_BEL", "escs"], categories: ["country", "school"])
    for country in study.truth.countries {
      let rows = data.rows(where: "country", is: country.code)
      let schools = rows.map { data.codes("school")[$0] }
      let mathematics = rows.map { data["TRUE_MATH"][$0] }
      let (between, within) = varianceComponents(mathematics, schools)
      let achievement = try #require(country.achievement)
      // About three standard errors of the ICC of 157 to 1,089 schools.
      expectClose(
        between / (between + within), achievement.schoolVariance / achievement.totalVariance, relative: 0.3,
        "\(country.code) mathematics")
      expectClose(
        variance(mathematics).squareRoot(), achievement.totalVariance.squareRoot(), relative: 0.06, "\(country.code) SD"
      )
      let belonging = varianceComponents(rows.map { data["TRUE_BEL"][$0] }, schools)
      let icc = belonging.between / (belonging.between + belonging.within)
      #expect(icc > -0.01 && icc < 0.06, "\(country.code) belonging \(icc)")
      if country.code == "DE" { #expect(icc < 0.02) }
      let known = rows.filter { !data["escs"][$0].isNaN }
      let escs = varianceComponents(known.map { data["escs"][$0] }, known.map { data.codes("school")[$0] })
      let profile = try #require(CountryProfile.six.first { $0.code == country.code })
      expectClose(
        escs.between / (escs.between + escs.within), profile.escs.schoolICC, relative: 0.25, "\(country.code) ESCS")
    }
  }

  @Test func scalesAreAsReliableAsAimed() throws {
    let scales = Scale.all.filter { $0.items.count > 1 }
    let study = try SimulatedStudy(.immerse, children: 12_000, seed: 2)
    let data = try StudyData(study, numbers: scales.flatMap { $0.items.map(\.name) }, categories: ["questionnaire"])
    let older = data.rows(where: "questionnaire", is: "older")
    for scale in scales {
      let items = scale.items.map { data[$0.name] }
      let complete = older.filter { row in items.allSatisfy { !$0[row].isNaN } }
      let scored = zip(scale.items, items).map { item, values in
        complete.map { item.reversed ? 6 - values[$0] : values[$0] }
      }
      let sums = complete.indices.map { row in scored.reduce(0) { $0 + $1[row] } }
      let k = Double(items.count)
      let alpha = k / (k - 1) * (1 - scored.reduce(0) { $0 + variance($1) } / variance(sums))
      #expect(alpha > 0.74 && alpha < 0.86, "\(scale.prefix) \(alpha)")
    }
  }

  @Test func gapsAreRecoveredWithinSites() throws {
    let study = try SimulatedStudy(.pisaSix, children: 30_000, seed: 6, latent: true)
    let data = try StudyData(
      study, numbers: ["TRUE_MATH", "TRUE_BEL", "migrant", "escs", "female", "age"], categories: ["school"])
    let rows = data["escs"].indices.filter { !data["escs"][$0].isNaN }
    let schools = rows.map { data.codes("school")[$0] }
    func values(_ name: String) -> [Double] { rows.map { data[name][$0] } }
    let achievement = try #require(study.truth.countries.first?.achievement)
    let full = withinGroupRegression(
      values("TRUE_MATH"), [values("migrant"), values("escs"), values("female"), values("age")], schools)
    // Four standard errors each, with a residual SD of 70.
    expectClose(full[0], achievement.migrant, absolute: 4 * 1.35, "migrant")
    expectClose(full[1], achievement.escs, absolute: 4 * 0.5, "escs")
    expectClose(full[2], achievement.female, absolute: 4 * 0.85, "female")
    expectClose(full[3], achievement.age, absolute: 4 * 1.5, "age")
    let gap = withinGroupRegression(values("TRUE_MATH"), [values("migrant")], schools)[0]
    expectClose(gap, achievement.migrantGap, absolute: 4 * 1.4, "migrant without ESCS")
    let belonging = withinGroupRegression(values("TRUE_BEL"), [values("migrant")], schools)[0]
    expectClose(belonging, -0.2, absolute: 4 * 0.02, "belonging")
  }

  /// Plausible values have the distribution of the truth given school and covariates; truth plus error is too wide.
  @Test func plausibleValuesAreDrawsFromThePosterior() throws {
    let study = try SimulatedStudy(.pisaSix, children: 20_000, seed: 3, latent: true)
    let names = (1...10).map { "PV\($0)MATH" }
    let data = try StudyData(study, numbers: ["TRUE_MATH", "TEST_MATH", "migrant"] + names, categories: ["school"])
    let schools = data.codes("school")
    func summary(_ name: String) -> (gap: Double, icc: Double, within: Double) {
      let (between, within) = varianceComponents(data[name], schools)
      return (withinGroupRegression(data[name], [data["migrant"]], schools)[0], between / (between + within), within)
    }
    let truth = summary("TRUE_MATH")
    let draws = names.map(summary)
    let gaps = draws.map(\.gap)
    expectClose(mean(gaps), truth.gap, absolute: 4 * (variance(gaps) * 1.1).squareRoot(), "migrant gap")
    expectClose(mean(draws.map(\.icc)), truth.icc, absolute: 0.008, "school ICC")
    expectClose(mean(draws.map(\.within)), truth.within, relative: 0.015, "variance within schools")
    let test = summary("TEST_MATH")
    let country = try #require(study.truth.countries.first?.achievement)
    expectClose(test.within - truth.within, country.errorVariance, relative: 0.15, "error variance")
    #expect(test.icc < truth.icc - 0.03)
    // Standardised by its SD, the gap of the erroneous score is too small.
    let attenuated = test.gap / (test.within / (1 - test.icc)).squareRoot()
    let standardised = truth.gap / (truth.within / (1 - truth.icc)).squareRoot()
    let plausible = mean(draws.map { $0.gap / ($0.within / (1 - $0.icc)).squareRoot() })
    expectClose(plausible, standardised, relative: 0.06)
    #expect(attenuated / standardised < 0.95)
    // Different draws: correlated as far as the test is informative, not copies.
    let difference = zip(data["PV1MATH"], data["PV2MATH"]).map { $0 - $1 }
    let posterior = country.residualChildVariance * country.errorVariance
    let pooled = posterior / (country.residualChildVariance + country.errorVariance)
    expectClose(variance(difference), 2 * pooled, relative: 0.1)
  }
}
