import Columnar
import CompositeIndicators
import Foundation
import Probability
import Streaming
import TestSupport
import Testing

@Suite struct CalibrationTests {
  /// Section 7 of the LSAT, 1,000 persons: counts of the 32 patterns from 00000 to 11111 (Bock and Lieberman, 1970).
  static let counts = [
    12, 19, 1, 7, 3, 19, 3, 17, 10, 5, 3, 7, 7, 23, 8, 28, 7, 39, 11, 34, 14, 51, 15, 90, 6, 25, 7, 35, 18, 136, 32,
    308,
  ]
  static let names = ["i1", "i2", "i3", "i4", "i5"]

  static func answer(_ pattern: Int, _ item: Int) -> Double { Double(pattern >> (4 - item) & 1) }

  /// One row for each person.
  static let persons: Table = {
    let rows = counts.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
    return Table(names.enumerated().map { item, name in (name, Column(rows.map { answer($0, item) })) })
  }()

  /// One row for each pattern, with its count as the weight.
  static let weighted = Table(
    names.enumerated().map { item, name in (name, Column((0..<32).map { answer($0, item) })) }
      + [("w", Column(counts.map { Double($0) }))])

  /// Oracle: maximum marginal likelihood in NumPy with the same 61 points.
  @Test func lsat7() throws {
    let result = try ScaleCalibration("ability", Self.names, maximum: 1).run(on: Self.persons, engine: engine)
    #expect(result.hasConverged)
    #expect(result.count == 1000)
    #expect(result.patterns == 32)
    expectClose(result.logLikelihood, -2658.805113632331, relative: 1e-12)
    for (item, (slope, intercept)) in zip(result.scale.items, zip(LSAT7.slopes, LSAT7.intercepts)) {
      expectClose(item.parameters.slope, slope, relative: 1e-7)
      expectClose(-item.parameters.thresholds[0] * item.parameters.slope, intercept, relative: 1e-7)
    }
    var scale = result.scale
    scale.estimator = .eap
    let estimate = try #require(try ResponseScore(scale).estimate([1, 1, 1, 1, nil]))
    expectClose(estimate.theta, 0.6836791096187667, relative: 1e-7)
  }

  /// Doubling a row's weight is the row twice; the scale of weights does not matter.
  @Test func weightsReplicate() throws {
    let one = try ScaleCalibration("a", Self.names, maximum: 1).run(on: Self.persons, engine: engine)
    let other = try ScaleCalibration("a", Self.names, maximum: 1, weights: "w").run(on: Self.weighted, engine: engine)
    for (a, b) in zip(one.scale.items, other.scale.items) {
      expectClose(a.parameters.slope, b.parameters.slope, relative: 1e-9)
      expectClose(a.parameters.thresholds, b.parameters.thresholds, relative: 1e-9)
    }
    #expect(other.count == 32)
  }

  /// Answers of a generalised partial credit model in groups that differ in mean and spread.
  static func simulated(_ groups: [(name: String, mean: Double, sd: Double)], each: Int, biased: Bool = false) -> Table
  {
    let streams = RandomStreams(seed: 4, purpose: "calibration")
    var columns = [[Double]](repeating: [], count: 6)
    var names: [String?] = []
    for (place, group) in groups.enumerated() {
      for person in 0..<each {
        var stream = streams[place * each + person]
        let theta = group.mean + group.sd * stream.normal()
        names.append(group.name)
        for item in 0..<6 {
          // In the last group item 1 is much harder.
          let shift = biased && place == groups.count - 1 && item == 0 ? 1.5 : 0
          var (exponent, cumulative) = (0.0, [1.0])
          for threshold in SixItems.thresholds[item] {
            exponent += SixItems.slopes[item] * (theta - threshold - shift)
            cumulative.append(cumulative[cumulative.count - 1] + exp(exponent))
          }
          columns[item].append(Double(stream.position(in: cumulative)))
        }
      }
    }
    return Table([("country", Column(names))] + columns.enumerated().map { ("i\($0 + 1)", Column($1)) })
  }

  static let sixNames = (1...6).map { "i\($0)" }

  @Test func groupsAndMetric() throws {
    let truth = [("A", 0.6, 0.8), ("B", -0.6, 0.8)]
    let source = Self.simulated(truth.map { (name: $0.0, mean: $0.1, sd: $0.2) }, each: 6000)
    let result = try ScaleCalibration("s", Self.sixNames, maximum: 3, group: "country").run(on: source, engine: engine)
    #expect(result.hasConverged)
    let mean = result.groups.reduce(0) { $0 + $1.mean } / 2
    let variance = result.groups.reduce(0) { $0 + $1.sd * $1.sd + $1.mean * $1.mean } / 2
    expectClose(mean, 0, absolute: 1e-9)
    expectClose(variance, 1, relative: 1e-9)
    // The truth has mean 0 and variance 0.64 + 0.36 = 1 as well.
    for (group, known) in zip(result.groups, truth) {
      expectClose(group.mean, known.1, absolute: 0.04)
      expectClose(group.sd, known.2, absolute: 0.04)
    }
    for (item, slope) in zip(result.scale.items, SixItems.slopes) {
      expectClose(item.parameters.slope, slope, relative: 0.1)
    }
    let worst = result.fits.map(\.rmsd).max() ?? 1
    #expect(worst < 0.03)
  }

  /// An item that works otherwise in one country is found, and freed where asked.
  @Test func partialInvariance() throws {
    let source = Self.simulated([("A", 0.3, 1), ("B", 0, 1), ("C", -0.3, 1)], each: 4000, biased: true)
    var calibration = ScaleCalibration("s", Self.sixNames, maximum: 3, group: "country")
    let fixed = try calibration.run(on: source, engine: engine)
    let worst = try #require(fixed.fits.max { $0.rmsd < $1.rmsd })
    #expect(worst.item == "i1")
    #expect(worst.group == "C")
    calibration.freeAbove = (worst.rmsd + (fixed.fits.map(\.rmsd).sorted().dropLast().last ?? 0)) / 2
    let freed = try calibration.run(on: source, engine: engine)
    #expect(freed.scale.items[0].byGroup?.keys.sorted() == ["C"])
    #expect(freed.logLikelihood > fixed.logLikelihood)
    let shift =
      zip(freed.scale.items[0].byGroup?["C"]?.thresholds ?? [], freed.scale.items[0].parameters.thresholds)
      .map { $0 - $1 }.reduce(0, +) / 3
    expectClose(shift, 1.5, absolute: 0.25)
    calibration.freeAbove = nil
    calibration.free = ["i1": ["C"]]
    let named = try calibration.run(on: source, engine: engine)
    #expect(named == freed)
  }

  @Test func partialCredit() throws {
    let source = Self.simulated([("A", 0, 1)], each: 3000)
    let result = try ScaleCalibration("s", Self.sixNames, maximum: 3, model: .pcm).run(on: source, engine: engine)
    #expect(result.hasConverged)
    #expect(result.scale.items.allSatisfy { $0.parameters.slope == 1 })
    let gpcm = try ScaleCalibration("s", Self.sixNames, maximum: 3).run(on: source, engine: engine)
    #expect(gpcm.logLikelihood > result.logLikelihood)
    let isPlausible = (0.8...1.6).contains(result.groups[0].sd)
    #expect(isPlausible)
  }

  @Test func rowsThreadsAndSavedPartials() throws {
    let source = Self.simulated([("A", 0.3, 1), ("B", -0.2, 1)], each: 500)
    let calibration = ScaleCalibration("s", Self.sixNames, maximum: 3, group: "country")
    let one = try calibration.run(on: source, engine: Engine(threads: 1))
    let five = try calibration.run(on: source, engine: Engine(threads: 5))
    #expect(one == five)
    let order = (0..<1000).map { ($0 * 619) % 1000 }
    let batch = source.batch
    let shuffled = Table(
      [("country", Column(order.map { Optional($0 < 500 ? "A" : "B") }))]
        + (try Self.sixNames.map { name in
          let values = try batch.numbers(name).array
          return (name, Column(order.map { values[$0] }))
        }))
    #expect(try calibration.run(on: shuffled, engine: engine) == one)
  }

  @Test func impossibleCalibrations() throws {
    func refusal(_ calibration: ScaleCalibration, _ source: Table = Self.persons) -> ImmerseError? {
      #expect(throws: ImmerseError.self) { try calibration.run(on: source, engine: engine) }
    }
    #expect(refusal(ScaleCalibration("a", Self.names, maximum: 0))?.kind == .usage)
    #expect(refusal(ScaleCalibration("a", ["i1"], maximum: 1))?.kind == .usage)
    #expect(refusal(ScaleCalibration("a", Self.names, reversed: ["x"], maximum: 1))?.variable == "x")
    #expect(refusal(ScaleCalibration("a", Self.names, maximum: 1, freeAbove: 0.1))?.kind == .usage)
    let empty = refusal(ScaleCalibration("a", Self.names, maximum: 2))
    #expect(empty?.kind == .badData)
    #expect(empty?.description.contains("category 2 was never chosen") == true)
    let outside = Table(Self.names.map { ($0, Column([0.0, 1, 2])) })
    #expect(refusal(ScaleCalibration("a", Self.names, maximum: 1), outside)?.row == 2)
    let nobody = Table(Self.names.map { ($0, Column([Double.nan, .nan])) })
    #expect(refusal(ScaleCalibration("a", Self.names, maximum: 1), nobody)?.kind == .badData)
  }
}

/// R 4.2.2, stats and mvtnorm: Tests/Reference/scale_reliability.R, on the answers of Tests/Reference/cronbach_alpha.R.
@Suite struct ScaleReliabilityTests {
  static let calibration = ScaleCalibration(
    "s", ["q1", "q2", "q3", "q4"], reversed: ["q3"], minimum: 1, maximum: 5)

  private func golden() throws -> GoldenJSON {
    try GoldenJSON(TestFiles.golden("indicators/scale_reliability.json"))["values"]
  }

  @Test func omega() throws {
    let (source, _) = try CronbachAlphaTests.data()
    let columns = try Self.calibration.items.map { try source.batch.numbers($0).array }
    let rows = columns[0].indices.filter { row in columns.allSatisfy { !$0[row].isNaN } }
    let complete = Table(
      zip(Self.calibration.items, columns).map { item, column in
        (item, Column(rows.map { column[$0] }))
      })
    let result = try Self.calibration.reliability(on: complete, engine: engine)[0]
    expectClose(result.omega ?? .nan, try golden()["omega"].number, relative: 1e-9)
    let alpha = try GoldenJSON(TestFiles.golden("indicators/cronbach_alpha.json"))["values", "complete", "alpha"].number
    expectClose(result.alpha ?? .nan, alpha, relative: 1e-12)
  }

  @Test func ordinalAlphaAndWeights() throws {
    let (source, values) = try CronbachAlphaTests.data()
    let result = try Self.calibration.reliability(on: source, engine: engine)[0]
    expectClose(result.ordinalAlpha ?? .nan, try golden()["ordinal_alpha"].number, relative: 1e-8)
    expectClose(result.alpha ?? .nan, try values["pairwise", "alpha"].number, relative: 1e-12)
    var weighted = Self.calibration
    weighted.weights = "w"
    let other = try weighted.reliability(on: source, engine: engine)[0]
    expectClose(other.alpha ?? .nan, try values["pairwise_weighted", "alpha"].number, relative: 1e-12)
  }

  /// What is not defined is absent: items that never vary, a perfect correlation, two items for a factor.
  @Test func undefinedCoefficientsAreAbsent() throws {
    let same = Table(["a", "b"].map { ($0, Column([1.0, 2, 1, 2])) })
    let perfect = try ScaleCalibration("s", ["a", "b"], minimum: 1, maximum: 2).reliability(on: same, engine: engine)[0]
    #expect(perfect.ordinalAlpha == nil)
    #expect(perfect.omega == nil)
    expectClose(perfect.alpha ?? .nan, 1, relative: 1e-14)
    let constant = Table(["a", "b"].map { ($0, Column([1.0, 1, 1, 1])) })
    let none = try ScaleCalibration("s", ["a", "b"], minimum: 1, maximum: 2).reliability(on: constant, engine: engine)[
      0]
    #expect(none.alpha == nil)
  }
}

@Suite struct ScaleSummaryTests {
  @Test func standardisedOverEqualCountries() throws {
    var source = CalibrationTests.simulated([("A", 0.5, 1), ("B", -0.5, 1)], each: 400).batch
    source.set("w", Column((0..<800).map { $0 < 400 ? 10.0 : 1 }))
    let request = ScaleRequest(SixItems.scale(), weights: "w", by: "country", standardise: true)
    let summary = try ScaleSummary(request, source: Table(source), engine: engine)
    #expect(summary.rows.map(\.group) == ["A", "B", nil])
    let whole = try #require(summary.rows.last)
    expectClose(whole.mean ?? .nan, 0, absolute: 1e-12)
    expectClose(whole.standardDeviation ?? .nan, 1, relative: 1e-12)
    // Country means counted equally, whatever the weights.
    let means = summary.rows.prefix(2).map { $0.mean ?? .nan }
    expectClose(means[0], -means[1], absolute: 1e-12)
    let raw = try ScaleSummary(
      ScaleRequest(SixItems.scale(), weights: "w", by: "country"), source: Table(source), engine: engine)
    for (one, other) in zip(summary.rows, raw.rows) {
      expectClose(one.reliability ?? .nan, other.reliability ?? .nan, relative: 1e-10)
    }
  }

  /// Published run on a million persons: reliability 0.775; here from twenty thousand others.
  @Test func reliability() throws {
    let source = CalibrationTests.simulated([("A", 0, 1)], each: 20_000)
    let summary = try ScaleSummary(ScaleRequest(SixItems.scale()), source: source, engine: engine)
    expectClose(summary.rows[0].reliability ?? .nan, 0.775053215441823, absolute: 0.01)
    var scale = SixItems.scale()
    scale.estimator = .eap
    let posterior = try ScaleSummary(ScaleRequest(scale), source: source, engine: engine)
    let isPlausible = (0.75...0.85).contains(posterior.rows[0].reliability ?? 0)
    #expect(isPlausible)
  }

  @Test func nobodyHasAScore() {
    let source = Table((1...6).map { ("i\($0)", Column([Double.nan, .nan])) })
    let error = #expect(throws: ImmerseError.self) {
      try ScaleSummary(ScaleRequest(SixItems.scale()), source: source, engine: engine)
    }
    #expect(error?.variable == "s")
  }
}
