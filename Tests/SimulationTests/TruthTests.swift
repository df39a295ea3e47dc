import Columnar
import Foundation
import Probability
import TestSupport
import Testing

@testable import Simulation

@Suite struct TruthTests {
  private static let scores = ["BEL": 6, "TEA": 4, "CUL": 4, "LRN": 4, "BUL": 6]

  /// The mean of the items that were answered, after reversing those worded against the scale.
  private func score(_ prefix: String, _ data: StudyData) throws -> [Double] {
    let scale = try #require(Scale.all.first { $0.prefix == prefix })
    let items = scale.items.map { (values: data[$0.name], reversed: $0.reversed) }
    return data["weight"].indices.map { row in
      let answers = items.compactMap { item in
        item.values[row].isNaN ? nil : item.reversed ? 6 - item.values[row] : item.values[row]
      }
      return answers.isEmpty ? .nan : mean(answers)
    }
  }

  @Test func estimatesOfOneStudyLieAroundTheTruth() throws {
    let study = try SimulatedStudy(.immerse, seed: 4)
    let plain = ["escs", "migrant", "LIFE", "BRI"]
    let items = try Self.scores.keys.flatMap { prefix in
      try #require(Scale.all.first { $0.prefix == prefix }).items.map(\.name)
    }
    let data = try StudyData(study, numbers: ["weight"] + plain + items, categories: ["country", "site", "stratum"])
    let truth = study.truth
    var squares = 0.0
    var count = 0.0
    for name in plain + Self.scores.keys.sorted() {
      let values = plain.contains(name) ? data[name] : try score(name, data)
      for country in truth.countries {
        let estimate = weightedMean(
          values, data["weight"], rows: data.rows(where: "country", is: country.code), sites: data.codes("site"),
          strata: data.codes("stratum"))
        let target = try #require(country.means[name])
        let z = (estimate.mean - target) / estimate.standardError
        #expect(z.magnitude < 4, "\(name) in \(country.code): \(z)")
        squares += z * z
        count += 1
      }
    }
    // Correlated within a country, so only roughly chi-squared.
    #expect(squares / count > 0.5 && squares / count < 1.7)
  }

  @Test func weightedIntervalsCoverTheTruth() throws {
    var inside = 0.0
    var count = 0.0
    var sumOfZ: [String: Double] = [:]
    let seeds = 60
    for seed in 1...seeds {
      let study = try SimulatedStudy(.immerse, seed: UInt64(seed))
      let data = try StudyData(
        study, numbers: ["weight", "escs", "migrant"], categories: ["country", "site", "stratum"])
      for country in study.sample.countries {
        let rows = data.rows(where: "country", is: country.profile.code)
        for (name, target) in [("escs", country.profile.escs.mean), ("migrant", country.composition.share)] {
          let estimate = weightedMean(
            data[name], data["weight"], rows: rows, sites: data.codes("site"), strata: data.codes("stratum"))
          let z = (estimate.mean - target) / estimate.standardError
          let isInside = z.magnitude <= StudentT(df: estimate.df).criticalValue(level: 0.95)
          inside += isInside ? 1 : 0
          count += 1
          sumOfZ[name, default: 0] += z
        }
      }
    }
    // 720 intervals: three standard errors are .025.
    #expect(inside / count > 0.925 && inside / count < 0.975, "coverage \(inside / count)")
    for (name, sum) in sumOfZ {
      let meanZ = sum / Double(6 * seeds).squareRoot()
      #expect(meanZ.magnitude < 3.5, "bias of \(name): \(meanZ)")
    }
  }

  @Test func categorySharesAreThoseDrawn() throws {
    let study = try SimulatedStudy(.register, children: 60_000, seed: 2)
    let truth = study.truth
    let data = try StudyData(study, numbers: ["BEL1", "BEL3", "LIFE", "BUL6"], categories: ["country", "site"])
    for country in truth.countries {
      let rows = data.rows(where: "country", is: country.code)
      for name in ["BEL1", "BEL3", "LIFE", "BUL6"] {
        let shares = try #require(country.categoryShares[name])
        expectClose(shares.reduce(0, +), 1, relative: 1e-12)
        let answered = rows.map { data[name][$0] }.filter { !$0.isNaN }
        let first = name == "LIFE" ? 0.0 : 1.0
        for (index, share) in shares.enumerated() {
          let drawn = Double(answered.count { $0 == first + Double(index) }) / Double(answered.count)
          // A design effect of 2 for clustering.
          let limit = 4.5 * (2 * share * (1 - share) / Double(answered.count)).squareRoot()
          expectClose(drawn, share, absolute: limit, "\(country.code) \(name) \(index)")
        }
      }
    }
  }

  @Test func truthAddsUp() throws {
    let truth = try SimulatedStudy(.pisaSix, seed: 1).truth
    expectClose(truth.countries.reduce(0) { $0 + $1.share }, 1)
    for country in truth.countries {
      for name in ["math", "escs", "BEL", "LIFE"] {
        let target = try #require(country.means[name])
        let regional = country.regions.reduce(0.0) { $0 + $1.share * ($1.means[name] ?? .nan) }
        expectClose(regional, target, absolute: 1e-12, "\(country.code) \(name)")
      }
    }
    let spain = try #require(truth.countries.first { $0.code == "ES" })
    expectClose(try #require(spain.means["math"]), 481.4)
    let overall = truth.countries.reduce(0.0) { $0 + $1.share * ($1.means["math"] ?? .nan) }
    expectClose(try #require(truth.means["math"]), overall)
    // As JSON and back.
    let json = try JSONEncoder().encode(truth)
    #expect(try JSONDecoder().decode(SimulationTruth.self, from: json) == truth)
  }

  @Test func thePopulationDoesNotDependOnTheSeed() throws {
    let first = try SimulatedStudy(.pisaSix, children: 5_000, seed: 1).truth
    let second = try SimulatedStudy(.pisaSix, children: 9_000, seed: 77).truth
    #expect(first.countries == second.countries)
  }
}
