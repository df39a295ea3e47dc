import Columnar
import CompositeIndicators
import DataFormats
import Foundation
import Probability
import Streaming
import TestSupport
import Testing

@Suite struct SobolTests {
  /// COINr 1.1.14 `SA_estimate` on sixteen values, and the same with the population variance, as SALib.
  @Test func estimatorsByHand() {
    let (a, b) = ([1.0, 2.5, 0.3, 4.1], [2.2, 0.7, 3.3, 1.9])
    let ab = [[1.4, 2.1, 0.9, 3.6], [2.6, 0.5, 2.9, 1.2]]
    let sample = SobolEstimate(a: a, b: b, ab: ab, divisor: .sample)
    let population = SobolEstimate(a: a, b: b, ab: ab)
    let n = 8.0
    expectClose(sample.variance / population.variance, n / (n - 1), relative: 1e-14)
    for (one, other) in zip(sample.factors, population.factors) {
      expectClose(other.firstOrder / one.firstOrder, n / (n - 1), relative: 1e-13)
      expectClose(other.totalOrder / one.totalOrder, n / (n - 1), relative: 1e-13)
    }
    // Σ y_B (y_AB - y_A) / 4 = (2.2·0.4 - 0.7·0.4 + 3.3·0.6 - 1.9·0.5) / 4.
    expectClose(population.factors[0].firstOrder * population.variance, 0.4075, relative: 1e-13)
    // Σ (y_A - y_AB)² / 8 = (0.16 + 0.16 + 0.36 + 0.25) / 8.
    expectClose(population.factors[0].totalOrder * population.variance, 0.11625, relative: 1e-13)
  }

  @Test func estimatorsOfCOINr() throws {
    guard let file = TestFiles.reference("indicators/sobol_analytic.json") else { return }
    let toy = try GoldenJSON(file)["estimator_toy"]
    let y = try toy["y"].numbers
    let part = { (index: Int) in Array(y[4 * index..<4 * index + 4]) }
    for (key, divisor) in [("coinr", SobolEstimate.Divisor.sample), ("population_variance", .population)] {
      let estimate = SobolEstimate(a: part(0), b: part(1), ab: [part(2), part(3)], divisor: divisor)
      expectClose(estimate.variance, try toy[key, "V"].number, relative: 1e-14)
      expectClose(estimate.factors.map(\.firstOrder), try toy[key, "S"].numbers, relative: 1e-12)
      expectClose(estimate.factors.map(\.totalOrder), try toy[key, "ST"].numbers, relative: 1e-12)
    }
  }

  /// Estimates of a function of uniform numbers from many rows.
  private func estimate(_ factors: Int, rows: Int = 1 << 16, _ f: ([Double]) -> Double) -> SobolEstimate {
    let streams = RandomStreams(seed: 3, purpose: "test")
    var (a, b) = ([Double](), [Double]())
    var ab = [[Double]](repeating: [], count: factors)
    for row in 0..<rows {
      var stream = streams[row]
      let pa = (0..<factors).map { _ in stream.uniform() }
      let pb = (0..<factors).map { _ in stream.uniform() }
      a.append(f(pa))
      b.append(f(pb))
      for factor in 0..<factors {
        var mixed = pa
        mixed[factor] = pb[factor]
        ab[factor].append(f(mixed))
      }
    }
    return SobolEstimate(a: a, b: b, ab: ab)
  }

  /// Ishigami and Homma (1990) with a = 7, b = 0.1: closed forms.
  @Test func ishigami() {
    let result = estimate(3) { u in
      let x = u.map { (2 * $0 - 1) * Double.pi }
      return sin(x[0]) + 7 * sin(x[1]) * sin(x[1]) + 0.1 * x[2] * x[2] * x[2] * x[2] * sin(x[0])
    }
    expectClose(result.variance, 13.844587940719254, relative: 0.02)
    expectClose(
      result.factors.map(\.firstOrder), [0.31390519114781146, 0.4424111447900409, 0], absolute: 0.024)
    expectClose(
      result.factors.map(\.totalOrder), [0.5575888552099592, 0.4424111447900409, 0.24368366406214773], absolute: 0.01)
  }

  /// Sobol's g function with a = (0, 1, 4.5, 9): closed forms, restricted to the four factors that matter.
  @Test func sobolG() {
    let a = [0.0, 1, 4.5, 9]
    let result = estimate(4) { u in zip(u, a).reduce(1) { $0 * ((4 * $1.0 - 2).magnitude + $1.1) / (1 + $1.1) } }
    let parts = a.map { 1 / (3 * (1 + $0) * (1 + $0)) }
    let variance = parts.reduce(1) { $0 * (1 + $1) } - 1
    expectClose(result.variance, variance, relative: 0.02)
    expectClose(result.factors.map(\.firstOrder), parts.map { $0 / variance }, absolute: 0.02)
    let total = parts.indices.map { i in
      parts[i] * parts.indices.filter { $0 != i }.reduce(1) { $0 * (1 + parts[$1]) } / variance
    }
    expectClose(result.factors.map(\.totalOrder), total, absolute: 0.01)
  }

  /// y = x1 + 2 x2 on a grid: additive, so that first and total order agree and no interaction is left.
  @Test func factorialOfASum() {
    let output = [0.0, 1, 2].flatMap { a in [0.0, 1].map { a + 2 * $0 } }
    let exact = FactorialDecomposition(output, levels: [3, 2])
    expectClose(exact.variance, 2.0 / 3 + 1, relative: 1e-14)
    expectClose(exact.firstOrder, [0.4, 0.6], relative: 1e-14)
    expectClose(exact.totalOrder, [0.4, 0.6], relative: 1e-14)
    expectClose(exact.interactions[0].share, 0, absolute: 1e-15)
  }

  /// y = x1 x2 with levels ±1: nothing but interaction.
  @Test func factorialOfAProduct() {
    let exact = FactorialDecomposition([1, -1, -1, 1], levels: [2, 2])
    #expect(exact.firstOrder == [0, 0])
    expectClose(exact.totalOrder, [1, 1], relative: 1e-14)
    expectClose(exact.interactions[0].share, 1, relative: 1e-14)
    let constant = FactorialDecomposition([2, 2], levels: [2])
    #expect(constant.firstOrder == [0])
    #expect(constant.totalOrder == [0])
  }
}

/// Oracle: exact enumeration of the ASEM example in NumPy; forty cells re-run through COINr 1.1.14, all identical.
@Suite struct ASEMSensitivityTests {
  static let result = Result { () throws -> (SensitivityResult, GoldenJSON)? in
    guard let example = try ASEMTests.Example(), let file = TestFiles.reference("indicators/asem_factorial.json") else {
      return nil
    }
    let golden = try GoldenJSON(file)
    let hierarchy = try example.framework.hierarchy()
    var rows = [[Double]](repeating: Array(repeating: 1, count: hierarchy.terms.count), count: 300)
    for level in ["2", "3"] {
      for (column, code) in golden["weight_components_level\(level)"].list.enumerated() {
        let term = try #require(hierarchy.terms.firstIndex { (try? code.string) == $0.code })
        for (draw, factors) in golden["weight_draws_level\(level)"].list.enumerated() {
          rows[draw][term] = try factors[column].number
        }
      }
    }
    let units = try UnitMatrix(
      reading: example.source, unit: "uCode", codes: ScoreModel.columns(of: example.framework),
      group: "EurAsia_group", engine: engine)
    let plan = SensitivityPlan(
      treat: (1...5).map { Treatment(.winsorise, winmax: $0) },
      normalise: [.minmax(lower: 1, upper: 100), .zscore(mean: 10, sd: 2)],
      aggregate: [AggregationChoice(.arithmetic), AggregationChoice(.geometric)])
    let result = try SensitivityResult(
      of: example.framework, example.request().method, plan: plan, units: units,
      weightDraws: try WeightDraws(rows, for: hierarchy), confidenceLevel: 0.9, threads: 2)
    return (result, golden)
  }

  @Test func everyRun() throws {
    guard let (result, golden) = try Self.result.get() else { return }
    #expect(result.runs == 6000)
    // Runs here are ordered treat, normalise, aggregate, weights; there treat, normalise, weights, aggregate.
    let sums = golden["sum_abs_rank_shift"]
    var differences = 0
    for treat in 0..<5 {
      for normalise in 0..<2 {
        for draw in 0..<300 {
          for aggregate in 0..<2 {
            let expected = try sums[treat][normalise][draw][aggregate].number
            let run = ((treat * 2 + normalise) * 2 + aggregate) * 300 + draw
            differences += (result.shifts[run] * 51 - expected).magnitude > 1e-9 ? 1 : 0
          }
        }
      }
    }
    #expect(differences == 0)
  }

  @Test func indices() throws {
    guard let (result, golden) = try Self.result.get() else { return }
    // Factors there: treat, normalise, weights, aggregate.
    let order = [0, 1, 3, 2]
    #expect(result.factors.map(\.name) == ["treat", "normalise", "aggregate", "weights"])
    expectClose(order.map { result.factors[$0].firstOrder }, try golden["S"].numbers, relative: 1e-10)
    expectClose(order.map { result.factors[$0].totalOrder }, try golden["ST"].numbers, relative: 1e-10)
    expectClose(result.outputMean, try golden["output_mean"].number, relative: 1e-12)
    expectClose(result.outputVariance, try golden["output_variance"].number, relative: 1e-11)
    let pairs = [
      "normalise:aggregate": "Norm:Agg", "normalise:weights": "Norm:Weights", "treat:weights": "Winmax:Weights",
    ]
    for pair in result.interactions {
      guard let name = pairs[pair.factors.joined(separator: ":")] else { continue }
      expectClose(pair.share, try golden["S2", name].number, relative: 1e-8)
    }
  }

  @Test func ranksOfUnits() throws {
    guard let (result, golden) = try Self.result.get() else { return }
    let codes = try golden["units"].list.map { try $0.string }
    let units = try codes.map { code in try #require(result.units.first { $0.name == code }) }
    let nominal = try golden["nominal_rank"].numbers
    #expect(units.map { Double($0.rank ?? 0) } == nominal)
    expectClose(units.map { $0.rankMean ?? .nan }, try golden["rank_mean"].numbers, relative: 1e-12)
    expectClose(units.map { $0.rankMedian ?? .nan }, try golden["rank_median"].numbers, relative: 1e-12)
    expectClose(units.map { $0.rankLow ?? .nan }, try golden["rank_q05"].numbers, relative: 1e-12)
    expectClose(units.map { $0.rankHigh ?? .nan }, try golden["rank_q95"].numbers, relative: 1e-12)
  }

  @Test func removals() throws {
    guard let (result, _) = try Self.result.get() else { return }
    // COINr 1.1.14, remove_elements at level 2.
    let expected = [
      "Physical": 1.529412, "ConEcFin": 2.627451, "Political": 2.901961, "Instit": 1.176471, "P2P": 1.686275,
      "Environ": 3.098039, "Social": 3.960784, "SusEcFin": 2.627451,
    ]
    for (term, shift) in expected {
      let removal = try #require(result.removals.first { $0.term == term })
      expectClose(removal.meanShift, shift, relative: 1e-6)
    }
    #expect(result.removals.count == 59)
  }

  @Test func theLogSaysWhatEachCombinationDid() throws {
    guard let (result, _) = try Self.result.get() else { return }
    #expect(result.cells.count == 20)
    let first = try #require(result.cells.first)
    #expect(first.settings.map(\.factor) == ["treat", "normalise", "aggregate"])
    #expect(first.runs == 300)
    #expect(first.steps.contains { $0.contains("imputed") })
    expectClose(first.minimum, 1, relative: 1e-14)
    expectClose(first.maximum, 100, relative: 1e-14)
    let zscores = try #require(
      result.cells.first { $0.settings[1].level.contains("zscore") && $0.settings[0].level.contains("5") })
    expectClose(zscores.minimum, 2.3018603497821495, relative: 1e-12)
  }
}

@Suite struct SensitivityTests {
  static let framework = Framework(
    indicators: [
      Indicator("a", parents: ["x"], kind: .shareAtCutoff), Indicator("b", parents: ["x"], kind: .shareAtCutoff),
      Indicator("c", parents: ["Index"], kind: .officialRatio),
    ], aggregates: [Aggregate("Index"), Aggregate("x", parents: ["Index"])],
    method: ScoreMethod(normalise: .minmax(lower: 1, upper: 100)))

  static let columns: [(String, [Double?])] = [
    ("a", [1, 4, 2, 8, 5, 7]), ("b", [3, 1, nil, 6, 2, 8]), ("c", [9, 2, 6, 5, 3, 1]),
    ("se", [0.2, 0.3, 0.2, 0.4, 0.3, 0.2]),
  ]

  static func run(
    _ plan: SensitivityPlan, errors: [String: String] = [:], columns: [(String, [Double?])] = columns,
    seed: UInt64 = 1, threads: Int = 2
  ) throws -> SensitivityResult {
    try sensitivity(
      SensitivityRequest(ScoreRequest(framework, standardErrors: errors), plan: plan, seed: seed),
      source: table(columns), engine: Engine(threads: threads))
  }

  static let everything = SensitivityPlan(
    normalise: [.minmax(lower: 1, upper: 100), .percentileRank],
    aggregate: [
      AggregationChoice(.arithmetic), AggregationChoice(.arithmetic, .median),
    ], weights: WeightNoise(0.3), draws: 40, samplingDraws: 12)

  /// Each run equals scoring with a framework of those weights, also where values are missing and methods differ by level.
  @Test(arguments: [
    AggregationChoice(.arithmetic), AggregationChoice(.geometric), AggregationChoice(.harmonic, .geometric),
    AggregationChoice(.power(exponent: 0.5), .arithmetic), AggregationChoice(.arithmetic, .power(exponent: 2)),
    AggregationChoice(.median, .arithmetic),
  ])
  func runsAgreeWithScoring(choice: AggregationChoice) throws {
    let factors: [[Double]] = (0..<37).map { draw in
      let step = Double(draw) / 97
      return [1 + step, 1, 1, 1 - 2 * step, 1]
    }
    let matrix = units(Array(Self.columns.prefix(3)))
    let hierarchy = try Self.framework.hierarchy()
    #expect(hierarchy.terms.map(\.code) == ["a", "b", "c", "x", "Index"])
    let method = ScoreMethod(aggregate: choice.methods)
    let result = try SensitivityResult(
      of: Self.framework, method, units: matrix, weightDraws: try WeightDraws(factors, for: hierarchy))
    let nominal = try ScoreModel(fitting: Self.framework, method, to: matrix).score(matrix).ranks[0].array
    for (draw, factors) in factors.enumerated() {
      var framework = Self.framework
      framework.indicators[0].weight = factors[0]
      framework.aggregates[1].weight = factors[3]
      let ranks = try ScoreModel(fitting: framework, method, to: matrix).score(matrix).ranks[0].array
      let shift = zip(ranks, nominal).reduce(0.0) { $0 + Double(($1.0 - $1.1).magnitude) } / 6
      expectClose(result.shifts[draw], shift, relative: 1e-14, "draw \(draw)")
    }
  }

  @Test func threadsAndSeeds() throws {
    let one = try Self.run(Self.everything, errors: ["a": "se"], threads: 1)
    let five = try Self.run(Self.everything, errors: ["a": "se"], threads: 5)
    #expect(one.runs == 2 * 12 * 2 * 40)
    #expect(one.shifts == five.shifts)
    #expect(one.units == five.units)
    #expect(one.cells == five.cells)
    let other = try Self.run(Self.everything, errors: ["a": "se"], seed: 2)
    #expect(one.shifts != other.shifts)
  }

  /// More draws leave the first ones as they are, and the order of units does not matter.
  @Test func laws() throws {
    let few = try Self.run(SensitivityPlan(draws: 50))
    let many = try Self.run(SensitivityPlan(draws: 90))
    #expect(few.shifts == Array(many.shifts.prefix(50)))
    let reversed = try Self.run(
      SensitivityPlan(draws: 50), columns: Self.columns.map { ($0.0, Array($0.1.reversed())) })
    expectClose(reversed.shifts, few.shifts, relative: 1e-13, absolute: 1e-13)
    // A change of unit of measurement changes nothing under min-max.
    let moved = Self.columns.map { name, values in
      (name, values.map { (value: Double?) -> Double? in value.map { 8 * $0 + 3 } })
    }
    let scaled = try Self.run(SensitivityPlan(draws: 50), columns: moved)
    expectClose(scaled.shifts, few.shifts, relative: 1e-13, absolute: 1e-13)
  }

  /// The parts of a variance add up; without sampling error there are none.
  @Test func samplingErrorIsToldApart() throws {
    let result = try Self.run(Self.everything, errors: ["a": "se"])
    #expect(result.factors.map(\.name) == ["normalise", "sampling", "aggregate", "weights"])
    for unit in result.units {
      let parts = try #require(unit.scoreVariance)
      let isSound = parts.total >= 0 && parts.sampling >= 0 && parts.methods >= 0 && parts.interaction >= -1e-9
      #expect(isSound)
      expectClose(parts.sampling + parts.methods + parts.interaction, parts.total, relative: 1e-10)
    }
    let without = try Self.run(SensitivityPlan(draws: 20))
    #expect(without.units.allSatisfy { $0.rankVariance == nil && $0.scoreVariance == nil })
  }

  /// Scores by fixed goalposts are linear in the indicators: sampling draws must have the delta method's variance.
  @Test func drawsHaveTheSamplingVariance() throws {
    var framework = Self.framework
    for index in 0..<3 { framework.indicators[index].goalposts = Goalposts(lower: -100, upper: 100) }
    framework.indicators[1].kind = .officialRatio
    framework.method = ScoreMethod(normalise: .goalposts(scale: 200))
    let request = ScoreRequest(framework, standardErrors: ["a": "se"])
    let exact = try score(request, source: table(Self.columns), engine: engine)
    let drawn = try sensitivity(
      SensitivityRequest(request, plan: SensitivityPlan(samplingDraws: 4000)), source: table(Self.columns),
      engine: engine)
    for unit in drawn.units {
      let error = try #require(exact.row(unit: unit.name, term: "Index")?.standardError)
      let variance = try #require(unit.scoreVariance)
      expectClose(variance.sampling, error * error, relative: 0.1)
      expectClose(variance.methods, 0, absolute: 1e-12)
      expectClose(unit.scoreMean ?? .nan, unit.estimate ?? .nan, absolute: 4 * error / 4000.0.squareRoot())
    }
  }

  @Test func sobolAgreesWithTheFactorial() throws {
    var plan = SensitivityPlan(
      normalise: [.minmax(lower: 1, upper: 100), .percentileRank],
      aggregate: [AggregationChoice(.arithmetic), AggregationChoice(.geometric)], draws: 64)
    plan.weights = WeightNoise(0.5)
    let columns: [(String, [Double?])] = [
      ("a", [1, 4, 2, 8, 5, 7, 3]), ("b", [3, 1, 4, 6, 2, 8, 5]), ("c", [9, 2, 6, 5, 3, 1, 4]),
    ]
    plan.normalise = [.minmax(lower: 1, upper: 100), .minmax(lower: 50, upper: 100)]
    let exact = try Self.run(plan, columns: columns)
    plan.design = .sobol
    plan.sobolRows = 4096
    let estimate = try Self.run(plan, columns: columns)
    #expect(estimate.runs == 4096 * 5)
    for (one, other) in zip(exact.factors, estimate.factors) {
      #expect(one.name == other.name)
      let error = try #require(other.firstOrderError)
      let totalError = try #require(other.totalOrderError)
      expectClose(other.firstOrder, one.firstOrder, absolute: 4 * error + 1e-9, one.name)
      expectClose(other.totalOrder, one.totalOrder, absolute: 4 * totalError + 1e-9, one.name)
    }
  }

  @Test func eachWeightAsAFactor() throws {
    let result = try Self.run(
      SensitivityPlan(weights: WeightNoise(0.4, each: true), design: .sobol, sobolRows: 64))
    #expect(result.factors.map(\.name) == ["weight of a", "weight of b", "weight of c", "weight of x"])
    #expect(result.runs == 64 * 6)
  }

  @Test func contradictionsAreRefused() throws {
    func refusal(_ plan: SensitivityPlan, errors: [String: String] = [:]) -> ImmerseError? {
      #expect(throws: ImmerseError.self) { try Self.run(plan, errors: errors) }
    }
    #expect(refusal(SensitivityPlan(normalise: [.minmax()]))?.kind == .usage)
    #expect(refusal(SensitivityPlan(normalise: []))?.variable == "normalise")
    #expect(refusal(SensitivityPlan(normalise: [.minmax(), .minmax()]))?.kind == .usage)
    #expect(refusal(SensitivityPlan(draws: 0))?.variable == "draws")
    #expect(refusal(SensitivityPlan(samplingDraws: -1), errors: ["a": "se"])?.variable == "sampling_draws")
    #expect(refusal(SensitivityPlan(weights: WeightNoise(1)))?.kind == .usage)
    #expect(refusal(SensitivityPlan(weights: WeightNoise(0.1, levels: [7])))?.kind == .usage)
    #expect(refusal(SensitivityPlan(term: "a"))?.kind == .usage)
    #expect(refusal(SensitivityPlan(draws: .max))?.kind == .usage)
    #expect(refusal(SensitivityPlan(design: .sobol, sobolRows: 1))?.kind == .usage)
    #expect(
      refusal(
        SensitivityPlan(
          normalise: [.zscore(), .minmax()],
          aggregate: [
            AggregationChoice(.arithmetic), AggregationChoice(.geometric),
          ]))?.kind == .badData)
    let lonely = #expect(throws: ImmerseError.self) {
      try Self.run(SensitivityPlan(), columns: Self.columns.map { ($0.0, [$0.1[0]]) })
    }
    #expect(lonely?.kind == .badData)
  }

  @Test func manyUnitsAreRankedBySorting() throws {
    let count = 300
    let columns: [(String, [Double?])] = ["a", "b", "c"].enumerated().map { salt, name in
      (name, (0..<count).map { Double(($0 * 7919 + salt * 104_729) % 1009) })
    }
    let result = try Self.run(SensitivityPlan(draws: 20), columns: columns)
    #expect(result.units.allSatisfy { ($0.rankLow ?? 0) <= ($0.rankHigh ?? 0) })
    let mean = result.units.reduce(0.0) { $0 + ($1.rankMean ?? 0) } / Double(count)
    expectClose(mean, Double(count + 1) / 2, relative: 0.001)
  }
}
