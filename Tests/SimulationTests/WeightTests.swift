import Columnar
import Probability
import Streaming
import TestSupport
import Testing

@testable import Simulation

@Suite struct WeightTests {
  @Test func weightsVaryAsInTheNotes() throws {
    let study = try SimulatedStudy(.pisaSix, seed: 1)
    let data = try StudyData(
      study, numbers: ["weight_site", "weight_child", "weight"], categories: ["country", "school", "stratum"])
    let products = zip(data["weight_site"], data["weight_child"]).map { $0 * $1 }
    #expect(products == data["weight"])
    #expect(data["weight_site"].allSatisfy { $0 > 0 })
    #expect(data["weight_child"].allSatisfy { $0 >= 1 })
    let siteCV = ["BE": 0.91, "DE": 0.80, "GR": 0.95, "IE": 0.44, "IT": 1.69, "ES": 1.19]
    let childCV = ["BE": 0.44, "DE": 0.26, "GR": 0.30, "IE": 0.19, "IT": 1.02, "ES": 1.03]
    for plan in study.sample.plan.countries {
      let code = plan.profile.code
      let rows = data.rows(where: "country", is: code)
      let schools = data.codes("school")
      let firsts = rows.filter { $0 == 0 || schools[$0] != schools[$0 - 1] }
      let siteWeights = firsts.map { data["weight_site"][$0] }
      expectClose(coefficientOfVariation(siteWeights), siteCV[code] ?? 0, relative: 0.25, "\(code) school weights")
      expectClose(
        coefficientOfVariation(rows.map { data["weight"][$0] }), childCV[code] ?? 0, relative: 0.45, "\(code) weights")
      // The weights add up to schools and children of the population.
      expectClose(siteWeights.reduce(0, +), plan.populationSites, relative: 0.12, "\(code) schools")
      expectClose(rows.reduce(0) { $0 + data["weight"][$1] }, plan.population, relative: 0.03, "\(code) children")
      let strata = Dictionary(grouping: rows) { data.codes("stratum")[$0] }
      for own in strata.values {
        let weights = own.map { data["weight"][$0] }.sorted()
        #expect((weights.last ?? 0) < 8 * weights[weights.count / 2], "\(code) largest weight")
      }
    }
  }

  @Test func immerseAndRegisterWeights() throws {
    let immerse = try StudyData(SimulatedStudy(.immerse, seed: 2), numbers: ["weight_site", "weight_child", "weight"])
    #expect(immerse["weight"].allSatisfy { $0 >= 1 })
    #expect(immerse["weight_child"].allSatisfy { $0 >= 1 })
    let spread = coefficientOfVariation(immerse["weight"])
    #expect(spread > 0.5 && spread < 3)
    let register = try StudyData(
      SimulatedStudy(.register, children: 1_000, seed: 2), numbers: ["weight_site", "weight_child", "weight"])
    #expect(Set(register["weight"] + register["weight_site"] + register["weight_child"]) == [1])
  }

  @Test func hadamardMatrixIsOne() {
    for a in 0..<80 {
      for b in a..<80 {
        let product = (0..<80).reduce(0.0) { $0 + FayReplicates.hadamard($1, a) * FayReplicates.hadamard($1, b) }
        #expect(product == (a == b ? 80 : 0))
      }
      let sum = (0..<80).reduce(0.0) { $0 + FayReplicates.hadamard($1, a) }
      #expect(sum == (a == 0 ? 80 : 0))
    }
  }

  @Test func replicatesRaiseOneSchoolOfAPair() throws {
    let study = try SimulatedStudy(.pisaSix, children: 3_000, seed: 1)
    let replicates = (1...80).map { "W_FSTURWT\($0)" }
    let data = try StudyData(study, numbers: ["weight"] + replicates, categories: ["school"])
    let schools = data.codes("school")
    let factors = replicates.map { name in zip(data[name], data["weight"]).map { $0 / $1 } }
    // One factor a school.
    for row in 1..<schools.count where schools[row] == schools[row - 1] {
      for factor in factors { expectClose(factor[row], factor[row - 1], relative: 1e-14) }
    }
    let half = 0.5.squareRoot() / 2
    var triples = 0
    for stratum in study.sample.strata {
      let rows = stratum.siteRange.map { study.sample.allocation.starts[$0] }
      let pairs = stride(from: 0, to: stratum.sites - (stratum.sites % 2 == 1 ? 3 : 0), by: 2)
      for factor in factors {
        for first in pairs {
          let isFay =
            Set([factor[rows[first]], factor[rows[first + 1]]].map { ($0 * 1e9).rounded() / 1e9 }) == [0.5, 1.5]
          #expect(isFay)
        }
        if stratum.sites % 2 == 1 {
          let triple = rows.suffix(3).map { factor[$0] }
          expectClose((triple[0] - 1).magnitude, 2 * half, relative: 1e-12)
          expectClose(triple[1] - 1, -(triple[0] - 1) / 2, relative: 1e-12)
          expectClose(triple[2], triple[1], relative: 1e-12)
          triples += 1
        }
      }
    }
    #expect(triples > 0)
  }

  /// For a total, balanced replicates must give the textbook variance of paired schools: the sum of squared differences.
  @Test func replicateVarianceOfATotalIsThatOfThePairs() throws {
    let study = try SimulatedStudy(.pisaSix, children: 3_000, seed: 1)
    let replicates = (1...80).map { "W_FSTURWT\($0)" }
    let data = try StudyData(study, numbers: ["weight", "migrant"] + replicates, categories: ["country"])
    let rows = data.rows(where: "country", is: "GR")
    func total(_ weights: String) -> Double { rows.reduce(0) { $0 + data[weights][$1] * data["migrant"][$1] } }
    let full = total("weight")
    let byReplicates = replicates.reduce(0.0) { $0 + (total($1) - full) * (total($1) - full) } / 20
    var byPairs = 0.0
    for stratum in study.sample.strata where study.sample.countries[stratum.country].profile.code == "GR" {
      let totals = stratum.siteRange.map { site in
        study.sample.allocation.rows(of: site).reduce(0.0) { $0 + data["weight"][$1] * data["migrant"][$1] }
      }
      let odd = stratum.sites % 2 == 1
      for first in stride(from: 0, to: stratum.sites - (odd ? 3 : 0), by: 2) {
        byPairs += (totals[first] - totals[first + 1]) * (totals[first] - totals[first + 1])
      }
      if odd {
        let triple = Array(totals.suffix(3))
        let contrast = 2 * triple[0] - triple[1] - triple[2]
        byPairs += contrast * contrast / 2
      }
    }
    expectClose(byReplicates, byPairs, relative: 1e-10)
  }
}
