import Columnar
import Foundation
import LinearAlgebra
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct LawsTests {
  /// J groups of n: the closed form of the balanced one-way layout, on either side of the boundary.
  @Test(arguments: UInt64(1)...6) func balancedOneWayLayout(seed: UInt64) throws {
    let (groups, size) = (8, 5)
    var random = SplitMix64(state: seed)
    let spread = seed % 2 == 0 ? 0.0 : 2.0
    let effects = (0..<groups).map { _ in Double.random(in: -spread...spread, using: &random) }
    let y = (0..<groups * size).map { effects[$0 / size] + Double.random(in: -1...1, using: &random) }
    let table = Table([("y", Column(y)), ("g", Column((0..<groups * size).map { "g\($0 / size)" }))])

    let mean = y.reduce(0, +) / Double(y.count)
    let means = (0..<groups).map { j in y[j * size..<(j + 1) * size].reduce(0, +) / Double(size) }
    let between = Double(size) * means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let within = y.enumerated().reduce(0) {
      $0 + ($1.element - means[$1.offset / size]) * ($1.element - means[$1.offset / size])
    }
    let (msb, msw) = (between / Double(groups - 1), within / Double(groups * (size - 1)))
    for method in FitRequest.Method.allCases {
      let df = Double(method == .reml ? groups - 1 : groups)
      let tau = (df == Double(groups) ? (Double(groups - 1) / df * msb - msw) : (msb - msw)) / Double(size)
      let total = (between + within) / Double(y.count - (method == .reml ? 1 : 0))
      let result = try MixedModel.fit(FitRequest("y ~ 1 + (1 | g)", method: method), to: table).result
      #expect(result.convergence.converged)
      expectClose(result.component("g"), max(0, tau), relative: 1e-10, absolute: 1e-15)
      expectClose(result.component("Residual"), tau > 0 ? msw : total, relative: 1e-10)
      expectClose(result.estimate("(Intercept)"), mean, relative: 1e-10)
      #expect(result.convergence.boundary.isEmpty == (tau > 0))
    }
  }

  private let request = FitRequest("mAch ~ cses*sector + (cses | school)", method: .reml)

  @Test func theOrderOfRowsDoesNotMatter() throws {
    let table = try Fixture.hsb82()
    var random = SplitMix64(state: 5)
    let shuffled = table.rows((0..<table.rowCount).shuffled(using: &random)).declaring(
      "sector", ["Public", "Catholic"])
    let (a, b) = (try MixedModel.fit(request, to: table), try MixedModel.fit(request, to: shuffled))
    expectClose(a.result.criterion.value, b.result.criterion.value, relative: 1e-12)
    expectClose(a.result.rows.map(\.estimate), b.result.rows.map(\.estimate), relative: 1e-8)
    expectClose(a.result.rows.map(\.standardError), b.result.rows.map(\.standardError), relative: 1e-7)
    let (modesA, modesB) = (try a.conditionalModes()[0], try b.conditionalModes()[0])
    #expect(modesA.groups == modesB.groups)
    expectClose(modesA.modes[1], modesB.modes[1], relative: 1e-5, absolute: 1e-6)
  }

  /// More rows than a chunk, so that lanes and threads share the work.
  private func longTable() throws -> Table {
    let table = try Fixture.groupedSleepstudy()
    let copies = 65_536 * 2 / table.rowCount + 7
    let long = table.rows((0..<copies).flatMap { _ in 0..<table.rowCount })
    let subjects = long.strings("Subject")
    return long.adding("Subject", subjects.indices.map { "\($0 / table.rowCount % 23)-\(subjects[$0])" })
      .adding("Reaction", long.numbers("Reaction").enumerated().map { $1 + Double($0 * 7_919 % 1_000) / 10 })
  }

  @Test func threadsDoNotChangeADigit() throws {
    let table = try longTable()
    let request = FitRequest(
      "Reaction ~ Days + (Days | Subject) + (1 | Group)", weights: ["w1", "w2", "w3"], weightsAre: .conditional)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let results = try [1, 2, 5].map { threads in
      try encoder.encode(try MixedModel.fit(request, to: table, engine: Engine(threads: threads)).result)
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
    // Batches that are read again for every pass are no others.
    let streamed = try MixedModel.fit(request, to: table, engine: Engine(threads: 2, memoryLimit: 0)).result
    #expect(try encoder.encode(streamed) == results[0])
  }

  @Test func partialsOfPartsMakeTheWhole() throws {
    let table = try Fixture.groupedSleepstudy()
    let request = FitRequest(
      "Reaction ~ Days + (Days | Subject) + (1 | Group)", weights: ["w1", "w2"], weightsAre: .conditional)
    let requests = try MixedModel.columns(request)
    let dataset = try Dataset(table, columns: requests, engine: Engine(threads: 1))
    let fit = try GramFit(try ModelPlan(request), profile: dataset.profile)
    let batch = try dataset.chunk(0, requests)

    func partial(_ ranges: [Range<Int>]) throws -> GramPartial {
      var partial = fit.makePartial()
      for range in ranges { try partial.absorb(batch.slice(range)) }
      return partial
    }
    let whole = try partial([0..<180])
    var merged = try partial([0..<37])
    try merged.merge(try SavedPartial.decode(SavedPartial.encode(try partial([37..<40, 40..<101]), of: fit), of: fit))
    try merged.merge(try partial([101..<180]))
    let (a, b) = (try #require(try NestedGrams(whole, of: fit)), try #require(try NestedGrams(merged, of: fit)))
    expectClose(b.grams, a.grams, relative: 1e-12, absolute: 1e-12)
    #expect(a.sizes == b.sizes)
    #expect(a.weights == b.weights)
    #expect(a.nesting.levels.map(\.codes) == b.nesting.levels.map(\.codes))

    var damaged = SavedPartial.encode(whole, of: fit)
    damaged[40] ^= 1
    #expect(throws: ImmerseError.self) { try SavedPartial.decode(damaged, of: fit) }
    let other = try GramFit(try ModelPlan(FitRequest("Reaction ~ Days + (1 | Subject)")), profile: dataset.profile)
    #expect(throws: ImmerseError.self) { try SavedPartial.decode(SavedPartial.encode(whole, of: fit), of: other) }
  }

  @Test func locationAndScaleAreEquivariant() throws {
    let table = try Fixture.table("sleepstudy.csv")
    let formula = "Reaction ~ Days + (Days | Subject)"
    let plain = try MixedModel.fit(FitRequest(formula), to: table).result
    for (offset, unit) in [(0.0, 1000.0), (2_000, 1), (1e8, 1), (-3e6, 1e-4)] {
      let moved = table.adding("Days", table.numbers("Days").map { offset + unit * $0 })
        .adding("Reaction", table.numbers("Reaction").map { 2 * offset + 4 * $0 })
      let result = try MixedModel.fit(FitRequest(formula), to: moved).result
      #expect(result.convergence.converged)
      // Rounding of the moved data themselves is what is left.
      let digits = max(1e-9, 1e-15 * offset.magnitude / unit)
      let shift = 2 * 178 * Foundation.log(4.0) + 2 * Foundation.log(unit)
      expectClose(result.criterion.value, plain.criterion.value + shift, relative: digits)
      expectClose(result.estimate("Days"), 4 * plain.estimate("Days") / unit, relative: digits * 10)
      expectClose(
        result.standardError("Days"), 4 * plain.standardError("Days") / unit, relative: max(1e-6, digits * 10))
      let slope = result.component("Subject", "Days")
      expectClose(slope, 16 * plain.component("Subject", "Days") / unit / unit, relative: 1e-5)
      // The intercept of the moved model, brought back to day 0.
      let intercept = result.estimate("(Intercept)") + offset * result.estimate("Days") - 2 * offset
      let cancelled = (offset * result.estimate("Days")).magnitude
      expectClose(intercept, 4 * plain.estimate("(Intercept)"), relative: digits, absolute: 1e-15 * cancelled)
    }
  }

  @Test func nestingIsReadFromTheData() throws {
    let table = try Fixture.table("Pastes.csv")
    let written = try MixedModel.fit(FitRequest("strength ~ 1 + (1 | batch/cask)"), to: table)
    let read = try MixedModel.fit(FitRequest("strength ~ 1 + (1 | batch) + (1 | sample)"), to: table)
    let colon = try MixedModel.fit(FitRequest("strength ~ 1 + (1 | batch:cask) + (1 | batch)"), to: table)
    for other in [read, colon] {
      expectClose(other.result.criterion.value, written.result.criterion.value, relative: 1e-13)
    }
    #expect(written.result.groups == ["cask:batch": 30, "batch": 10])
    #expect(read.result.groups == ["sample": 30, "batch": 10])
    #expect(colon.result.groups == ["batch:cask": 30, "batch": 10])
    #expect(written.result.varianceComponents.map(\.group) == ["cask:batch", "batch", "Residual"])
    let modes = try written.conditionalModes()
    #expect(modes[0].groups.prefix(3) == ["a:A", "b:A", "c:A"])
  }

  @Test func rowsWithHolesAreLeftOutAndCounted() throws {
    let table = try Fixture.groupedSleepstudy()
    let rows = 0..<table.rowCount
    let holes = table.adding("Reaction", rows.map { $0 % 9 == 0 ? .nan : table.numbers("Reaction")[$0] })
      .adding("Days", rows.map { $0 % 12 == 0 ? .nan : table.numbers("Days")[$0] })
    let request = FitRequest("Reaction ~ Days + (Days | Subject)")
    let (a, b) = (
      try MixedModel.fit(request, to: holes).result,
      try MixedModel.fit(request, to: table.rows(rows.filter { $0 % 9 != 0 && $0 % 12 != 0 })).result
    )
    expectClose(a.criterion.value, b.criterion.value, relative: 1e-12)
    #expect(a.count == b.count)
    #expect(a.droppedRows.map(\.variable) == ["Reaction", "Days"])
    #expect(a.droppedRows.map(\.rows) == [20, 10])
  }

  @Test func dependentTermsAreLeftOutAndNamed() throws {
    let table = try Fixture.hsb82()
    let doubled = table.adding("twice", table.numbers("cses").map { 2 * $0 + 1 })
    let (a, b) = (
      try MixedModel.fit(FitRequest("mAch ~ cses + twice + sector + (cses | school)"), to: doubled).result,
      try MixedModel.fit(FitRequest("mAch ~ cses + sector + (cses | school)"), to: table).result
    )
    #expect(a.rows.map(\.term) == ["(Intercept)", "cses", "sectorCatholic"])
    expectClose(a.rows.map(\.estimate), b.rows.map(\.estimate), relative: 1e-8)
    expectClose(a.criterion.value, b.criterion.value, relative: 1e-12)
    #expect(a.notes.contains { $0.code == "rank_deficient" && $0.message.contains("twice") })
  }

  @Test func boundaryFitsSayWhatIsZero() throws {
    let dyestuff2 = try MixedModel.fit(FitRequest("Yield ~ 1 + (1 | Batch)"), to: try Fixture.table("Dyestuff2.csv"))
      .result
    #expect(dyestuff2.convergence.converged)
    #expect(dyestuff2.convergence.boundary == ["the variance of (Intercept) by Batch"])
    #expect(dyestuff2.component("Batch") == 0)
    #expect(dyestuff2.notes.map(\.code) == ["boundary"])

    // Slopes that are the intercepts: a correlation of one, by itself in this sample.
    var random = SplitMix64(state: 3)
    let x = (0..<400).map { _ in Double.random(in: -1...1, using: &random) }
    let effects = (0..<20).map { _ in Double.random(in: -2...2, using: &random) }
    let y = x.indices.map { effects[$0 / 20] * (1 + x[$0]) + Double.random(in: -1...1, using: &random) }
    let table = Table([("y", Column(y)), ("x", Column(x)), ("g", Column(x.indices.map { "g\($0 / 20)" }))])
    let result = try MixedModel.fit(FitRequest("y ~ x + (x | g)"), to: table).result
    #expect(result.convergence.converged)
    #expect(result.convergence.smallestEigenvalue > 1)
    #expect(result.convergence.boundary == ["the variance of a combination of (Intercept) and x by g"])
    let correlation = try #require(result.varianceComponents.first { $0.term2 != nil }?.correlation)
    expectClose(correlation, 1, relative: 1e-9)
  }

  @Test func sandwichErrorsWithoutWeights() throws {
    let table = try Fixture.weightedHsb82()
    let ones = table.adding("one", table.numbers("c1").map { _ in 1 })
    let formula = "mAch ~ cses + (1 | school)"
    let weighted = try MixedModel.fit(FitRequest(formula, weights: ["one"]), to: ones).result
    let robust = try MixedModel.fit(
      FitRequest(formula, method: .ml, inference: InferenceOptions(standardErrors: .sandwich)), to: table
    ).result
    expectClose(robust.rows.map(\.standardError), weighted.rows.map(\.standardError), relative: 1e-9)
    let model = try MixedModel.fit(FitRequest(formula, method: .ml), to: table).result
    #expect(robust.standardError("cses") != model.standardError("cses"))
  }

  /// Small irregular samples with effects that are there or not: the search converges, and none from elsewhere ends lower.
  @Test(arguments: UInt64(1)...12) func noOtherStartFindsALowerCriterion(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0...1, using: &random) } }
    func pick(_ values: [Double]) -> Double { values.randomElement(using: &random) ?? 0 }
    let (regions, schools) = (Int.random(in: 3...6, using: &random), Int.random(in: 12...30, using: &random))
    let spread = (region: pick([0, 0.3, 2]), school: pick([0, 0.3, 3]), slope: pick([0, 0.5]))
    let regionEffects = (0..<regions).map { _ in spread.region * normal() }
    var (y, x, w): ([Double], [Double], [Double]) = ([], [], [])
    var (school, region): ([String], [String]) = ([], [])
    for j in 0..<schools {
      let (effect, slope) = (spread.school * normal(), spread.slope * normal())
      for _ in 0..<Int.random(in: 2...12, using: &random) {
        x.append(10 + 3 * normal())
        y.append(regionEffects[j % regions] + effect + (1 + slope) * x[x.count - 1] + normal())
        w.append(Double.random(in: 0.5...3, using: &random))
        school.append("s\(j)")
        region.append("r\(j % regions)")
      }
    }
    let table = Table([("y", Column(y)), ("x", Column(x)), ("w", Column(w))])
      .adding("school", school).adding("region", region)
    let formula = seed % 2 == 0 ? "y ~ x + (x | school) + (1 | region)" : "y ~ x + (x || school) + (1 | region)"
    let request = seed % 3 == 0 ? FitRequest(formula, weights: ["w"], weightScaling: .size) : FitRequest(formula)
    let fitted = try MixedModel.fit(request, to: table)
    #expect(fitted.result.convergence.converged)
    let model = try LinearMixedModel.of(request, table)
    for _ in 0..<4 {
      let start = (0..<model.thetaCount).map { _ in Double.random(in: 0.05...3, using: &random) }
      let other = try lowestCriterion(model, from: start)
      #expect(fitted.result.criterion.value <= other + 1e-6)
    }
  }

  private func lowestCriterion(_ model: LinearMixedModel, from start: [Double]) throws -> Double {
    var minimiser = Minimiser { theta throws(ImmerseError) in
      let evaluation = try model.evaluate(theta, .fitted)
      return Minimiser.Point(
        theta: theta, value: evaluation.criterion, gradient: try model.gradient(evaluation, .fitted))
    }
    return try minimiser.minimise(from: start, metric: Matrix(diagonal: start.map { _ in 0.01 })).0.value
  }
}
