import Foundation
import ImmerseStats
import Simulation
import Streaming
import Studies
import Testing

/// Whether intervals cover the truth as often as they say, over many simulated studies.
///
/// A slow run on demand: `make coverage` sets IMMERSE_COVERAGE to 2,000 studies and runs it optimised. Its last result
/// stands in the documentation.
struct CoverageTests {
  private static let studies = ProcessInfo.processInfo.environment["IMMERSE_COVERAGE"].flatMap { Int($0) } ?? 0
  private static let columns = ["BEL2", "LIFE", "BUL1", "escs", "migrant"]

  @Test(.enabled(if: studies > 0, "set IMMERSE_COVERAGE to the number of studies"))
  func nationalMeansAreCoveredAsOftenAsTheySay() throws {
    let request = EstimateRequest(
      .mean, of: Self.columns, design: SurveyDesign(weights: "weight", strata: ["stratum"], psu: ["site"]),
      by: ["country"], missing: .drop)
    let counts = Counts()
    try parallelForEach(Self.studies, threads: availableProcessors) { (study: Int) throws(ImmerseError) in
      let simulated = try SimulatedStudy(.immerse, seed: UInt64(study + 1))
      let truth = Dictionary(uniqueKeysWithValues: simulated.truth.countries.map { ($0.code, $0.means) })
      for row in try Estimation.run(request, on: simulated, engine: Engine(threads: 1)).rows {
        guard let low = row.confidenceLow, let high = row.confidenceHigh,
          let value = truth[row.by[0].level]?[row.term]
        else { continue }
        counts.add("\(row.term) \(row.by[0].level)", low <= value && value <= high)
      }
    }
    let all = counts.all
    #expect(all.count == 6 * Self.columns.count)
    let total = all.values.reduce(into: (covered: 0, of: 0)) { $0 = ($0.covered + $1.covered, $0.of + $1.of) }
    let coverage = Double(total.covered) / Double(total.of)
    for (name, count) in all.sorted(by: { $0.key < $1.key }) {
      let share = Double(count.covered) / Double(count.of)
      let error = (0.95 * 0.05 / Double(count.of)).squareRoot()
      print("\(name): \(100 * share) % of \(count.of), Monte Carlo error \(100 * error)")
      // 93-97 %, and as far outside as the simulation itself may be off.
      #expect((0.93 - 3 * error...0.97 + 3 * error).contains(share), "\(name)")
    }
    print("all: \(100 * coverage) % of \(total.of) intervals")
    #expect((0.93...0.97).contains(coverage))
  }

  /// What is estimated besides means. The target of a ratio of means is known; others are aimed at what they are on average.
  private static let further: [EstimateRequest] = {
    let design = SurveyDesign(weights: "weight", strata: ["stratum"], psu: ["site"])
    return [
      EstimateRequest(.ratio, of: ["BEL2/LIFE"], design: design, by: ["country"], missing: .drop),
      EstimateRequest(
        .quantile, of: ["escs"], design: design, by: ["country"], missing: .drop, probabilities: [0.1, 0.5]),
      EstimateRequest(.glm, of: ["LIFE ~ migrant + escs + country"], design: design),
      EstimateRequest(.glm, of: ["migrant ~ escs + country"], design: design, family: .binomial),
    ]
  }()

  @Test(.enabled(if: studies > 0, "set IMMERSE_COVERAGE to the number of studies"))
  func ratiosQuantilesAndCoefficientsAreCovered() throws {
    let intervals = Intervals()
    try parallelForEach(Self.studies, threads: availableProcessors) { (study: Int) throws(ImmerseError) in
      let simulated = try SimulatedStudy(.immerse, seed: UInt64(study + 1))
      for request in Self.further {
        let result = try Estimation.run(request, on: simulated, engine: Engine(threads: 1))
        for row in result.rows {
          let place = row.by.map(\.level) + (row.probability.map { ["\($0)"] } ?? [])
          guard let estimate = row.estimate, let low = row.confidenceLow, let high = row.confidenceHigh else {
            continue
          }
          intervals.add(([request.variables[0], row.term] + place).joined(separator: " "), (estimate, low, high))
        }
      }
    }
    var ratios: [String: Double] = [:]
    for country in try SimulatedStudy(.immerse, seed: 1).truth.countries {
      guard let above = country.means["BEL2"], let below = country.means["LIFE"] else { continue }
      ratios["BEL2/LIFE BEL2/LIFE \(country.code)"] = above / below
    }
    intervals.expectCoverage(of: ratios, count: 6 + 12 + 8 + 7)
  }

  /// Totals of 1,000 children a country under weights calibrated to the shares and means of the superpopulation.
  @Test(.enabled(if: studies > 0, "set IMMERSE_COVERAGE to the number of studies"))
  func calibratedTotalsAreCovered() throws {
    let intervals = Intervals()
    let truth = try SimulatedStudy(.immerse, seed: 1).truth.countries
    let margins = truth.flatMap { country in
      [("(Intercept)", 1), ("migrant", country.means["migrant"] ?? .nan), ("escs", country.means["escs"] ?? .nan)].map {
        Margin(variable: $0.0, total: 1000 * $0.1, domain: country.code)
      }
    }
    let step = WeightingRequest.calibrate(
      CalibrationRequest(
        weights: "weight", margins: margins, method: .raking, by: "country", output: "calibrated"))
    let request = EstimateRequest(
      .total, of: ["LIFE", "BEL2"],
      design: SurveyDesign(weights: "calibrated", strata: ["stratum"], psu: ["site"]), by: ["country"], missing: .drop)
    try parallelForEach(Self.studies, threads: availableProcessors) { (study: Int) throws(ImmerseError) in
      let engine = Engine(threads: 1)
      let simulated = try SimulatedStudy(.immerse, seed: UInt64(study + 1)).filtered(
        by: "LIFE >= 0 and BEL2 >= 0 and escs > -99")
      let model = try Weighting.run(step, on: simulated, engine: engine)
      let result = try Estimation.run(
        request, on: try simulated.applying(model), calibrated: [.totals(model)], engine: engine)
      for row in result.rows { intervals.add(row) }
    }
    var targets: [String: Double] = [:]
    for country in truth {
      for (term, mean) in country.means { targets["\(term) \(country.code)"] = 1000 * mean }
    }
    intervals.expectCoverage(of: targets, count: 12)
  }

  /// Means of ten plausible values in the design of PISA, by Rubin's rules.
  @Test(.enabled(if: studies > 0, "set IMMERSE_COVERAGE to the number of studies"))
  func meansOfPlausibleValuesAreCovered() throws {
    let intervals = Intervals()
    let request = EstimateRequest(
      .mean, of: ["math"], design: SurveyDesign(weights: "weight", strata: ["stratum"], psu: ["school"]),
      by: ["country"], missing: .drop, plausible: [PlausibleValues("math", columns: ["PV1MATH-PV10MATH"])])
    try parallelForEach(Self.studies, threads: availableProcessors) { (study: Int) throws(ImmerseError) in
      let simulated = try SimulatedStudy(.pisaSix, seed: UInt64(study + 1))
      for row in try Estimation.run(request, on: simulated, engine: Engine(threads: 1)).rows { intervals.add(row) }
    }
    var targets: [String: Double] = [:]
    for country in try SimulatedStudy(.pisaSix, seed: 1).truth.countries {
      targets["math \(country.code)"] = country.means["math"]
    }
    intervals.expectCoverage(of: targets, count: 6)
  }

  /// Written to by all threads.
  private final class Intervals: @unchecked Sendable {
    private let lock = NSLock()
    private var intervals: [String: [(estimate: Double, low: Double, high: Double)]] = [:]

    var all: [String: [(estimate: Double, low: Double, high: Double)]] { lock.withLock { intervals } }

    func add(_ name: String, _ interval: (estimate: Double, low: Double, high: Double)) {
      lock.withLock { intervals[name, default: []].append(interval) }
    }

    func add(_ row: Estimate) {
      guard let estimate = row.estimate, let low = row.confidenceLow, let high = row.confidenceHigh else { return }
      add(([row.term] + row.by.map(\.level)).joined(separator: " "), (estimate, low, high))
    }

    /// 93-97 %, and as far outside as the simulation itself may be off; estimates without a target are aimed at what they
    /// are on average.
    func expectCoverage(of targets: [String: Double], count: Int) {
      let all = all
      #expect(all.count == count)
      for (name, own) in all.sorted(by: { $0.key < $1.key }) {
        let target = targets[name] ?? own.reduce(0) { $0 + $1.estimate } / Double(own.count)
        let share = Double(own.count { $0.low <= target && target <= $0.high }) / Double(own.count)
        let error = (0.95 * 0.05 / Double(own.count)).squareRoot()
        print("\(name): \(100 * share) % of \(own.count), Monte Carlo error \(100 * error)")
        #expect((0.93 - 3 * error...0.97 + 3 * error).contains(share), "\(name)")
      }
    }
  }

  /// Written to by all threads.
  private final class Counts: @unchecked Sendable {
    private let lock = NSLock()
    private var counts: [String: (covered: Int, of: Int)] = [:]

    var all: [String: (covered: Int, of: Int)] { lock.withLock { counts } }

    func add(_ name: String, _ isCovered: Bool) {
      lock.withLock {
        let count = counts[name] ?? (0, 0)
        counts[name] = (count.covered + (isCovered ? 1 : 0), count.of + 1)
      }
    }
  }
}
