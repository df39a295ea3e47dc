import Columnar
import CompositeIndicators
import TestSupport
import Testing

/// NumPy from the formulae, cross-checked with scikit-criteria 0.9 for CRITIC, MEREC and entropy.
@Suite struct WeightingTests {
  static let x = [[0.9, 0.4, 0.3], [0.5, 0.8, 0.6], [0.2, 0.7, 0.9], [0.6, 0.6, 0.4], [0.3, 0.5, 0.5]]

  static func fitted(
    _ rows: [[Double?]], _ weighting: Weighting, _ framework: [Double]? = nil, judgement: Judgement? = nil
  ) throws -> FrozenAggregation {
    let width = rows[0].count
    var whole = flat((0..<width).map { Indicator("x\($0)", weight: framework?[$0] ?? 1) })
    whole.aggregates[0].judgement = judgement
    let matrix = units((0..<width).map { column in ("x\(column)", rows.map { $0[column] }) })
    return try FrozenAggregation(fitting: roundTrip(whole).hierarchy(), weights: [weighting], to: matrix)
  }

  static func weights(
    _ rows: [[Double?]], _ weighting: Weighting, _ framework: [Double]? = nil, judgement: Judgement? = nil
  ) throws -> [Double] {
    try fitted(rows, weighting, framework, judgement: judgement).groups[0].weights
  }

  @Test func fromData() throws {
    let expected: [(Weighting, [Double])] = [
      (.entropy, [0.5522643422361143, 0.12912645104023815, 0.31860920672364756]),
      (.critic, [0.4586753540478089, 0.2533701535829676, 0.28795449236922344]),
      (.merec, [0.4860673384717544, 0.20864429633236736, 0.30528836519587826]),
      (.equal, [1.0 / 3, 1.0 / 3, 1.0 / 3]),
    ]
    for (weighting, values) in expected { expectClose(try Self.weights(Self.x, weighting), values, relative: 1e-12) }
    // A unit that lacks a part takes no part, and a part without weight keeps none.
    expectClose(try Self.weights(Self.x + [[nil, 9, 1]], .critic), expected[1].1, relative: 1e-12)
    let without = try Self.weights(Self.x, .equal, [1, 0, 1])
    #expect(without == [0.5, 0, 0.5])
  }

  @Test func comparisons() throws {
    let judgement = Judgement(comparisons: [
      .init(of: "x0", to: "x1", ratio: 3), .init(of: "x0", to: "x2", ratio: 5), .init(of: "x1", to: "x2", ratio: 2),
    ])
    let step = try Self.fitted(Self.x, .ahp, judgement: judgement)
    expectClose(
      step.groups[0].weights, [0.6483290138222366, 0.22965079406263708, 0.12202019211512619], relative: 1e-12)
    let remark = step.weightNotes.map(\.message).joined()
    #expect(remark.contains("consistency ratio 0.003552"))
    #expect(remark.contains("below the limit of 0.1"))
    let refused: [[Judgement.Comparison]] = [
      [.init(of: "x0", to: "x1", ratio: 3)], [.init(of: "x0", to: "y", ratio: 3)],
      [.init(of: "x0", to: "x1", ratio: 0)], [.init(of: "x0", to: "x0", ratio: 1)],
      [.init(of: "x0", to: "x1", ratio: 3), .init(of: "x1", to: "x0", ratio: 3)],
    ]
    for comparisons in refused {
      #expect(throws: ImmerseError.self) {
        try Self.weights(Self.x, .ahp, judgement: Judgement(comparisons: comparisons))
      }
    }
    #expect(throws: ImmerseError.self) { try Self.weights(Self.x, .ahp) }
  }

  @Test func budgets() throws {
    let budget = ["x0": [50.0, 1], "x1": [30, 1], "x2": [20, 2]]
    expectClose(
      try Self.weights(Self.x, .budget, judgement: Judgement(budget: budget)), [0.375, 0.275, 0.35], relative: 1e-14)
    for budget in [
      ["x0": [1.0]], ["x0": [1, -1], "x1": [1, 1], "x2": [1, 1]], ["x0": [0], "x1": [0], "x2": [0]], ["y": [1]],
    ] {
      #expect(throws: ImmerseError.self) { try Self.weights(Self.x, .budget, judgement: Judgement(budget: budget)) }
    }
  }

  /// Parts with a common factor; loadings against R's `prcomp` and `varimax` (R 4.2.2), see Tests/Reference.
  @Test func components() throws {
    let golden = try GoldenJSON(TestFiles.golden("indicators/component_weights.json"))
    let rows = try golden["x"].list.map { row in try row.numbers.map { Optional($0) } }
    let first = try Self.weights(
      try golden["positive"].list.map { row in try row.numbers.map { Optional($0) } }, .pca())
    expectClose(first, try golden["first_component"].numbers, relative: 1e-10)
    expectClose(try Self.weights(rows, .pca(.rotated)), try golden["rotated"].numbers, relative: 1e-8)
    // Two parts that contradict each other.
    let error = #expect(throws: ImmerseError.self) {
      try Self.weights([[1, 2.2], [2, 1], [3, 0.4], [4, 0.1]], .pca())
    }
    #expect(error?.variable == "Index")
  }

  /// Correlations with the mean are in proportion to the targets; what cannot be is at zero with more than its share.
  @Test func importance() throws {
    let rows: [[Double?]] = (0..<40).map { row in
      let a = Double((row * 37) % 41)
      let b = Double((row * 29 + 7) % 43)
      return [a, a + b / 4 + Double(row % 3), b]
    }
    for target in [[1.0, 1, 1], [3, 1, 1], [1, 5, 1]] {
      let weights = try Self.weights(rows, .importance(), target)
      let signed = try Self.weights(rows, .importance(allowsNegative: true), target)
      let share = { (weights: [Double]) -> [Double] in
        let index = rows.map { row in zip(row, weights).reduce(0) { $0 + ($1.0 ?? 0) * $1.1 } }
        return (0..<3).map { j in correlation(rows.map { $0[j] ?? 0 }, index) / target[j] }
      }
      let exact = share(signed)
      expectClose(exact, [exact[0], exact[0], exact[0]], relative: 1e-9)
      let held = share(weights)
      let level = zip(held, weights).filter { $1 > 0 }.map(\.0)
      for value in level { expectClose(value, level[0], relative: 1e-9) }
      for (value, weight) in zip(held, weights) where weight == 0 { #expect(value >= level[0] * (1 - 1e-9)) }
      #expect(weights.allSatisfy { $0 >= 0 })
      let total = weights.reduce(0, +)
      expectClose(total, 1)
    }
  }

  @Test func dataThatGiveNoWeights() throws {
    for weighting in [Weighting.pca(), .pca(.rotated), .critic, .importance()] {
      #expect(throws: ImmerseError.self, "\(weighting)") { try Self.weights([[1, 2], [1, 3], [1, 5]], weighting) }
      #expect(throws: ImmerseError.self, "\(weighting)") { try Self.weights([[nil, 2], [1, nil]], weighting) }
    }
    for weighting in [Weighting.entropy, .merec] {
      #expect(throws: ImmerseError.self, "\(weighting)") { try Self.weights([[-1, 2], [1, 3]], weighting) }
    }
    #expect(throws: ImmerseError.self) {
      try Self.weights([[1, 2], [2, 4], [3, 6]], .importance(allowsNegative: true))
    }
    // Without negative weights one of two parts that say the same is enough.
    #expect(try Self.weights([[1, 2], [2, 4], [3, 6]], .importance()).contains(1))
  }

  @Test func settingsByLevel() throws {
    #expect(
      try decode([Weighting].self, #"["equal", {"method": "pca", "convention": "rotated"}, {"method": "importance"}]"#)
        == [.equal, .pca(.rotated), .importance()])
    let matrix = units([("a", [1, 2]), ("b", [3, 1]), ("c", [2, 2]), ("d", [5, 1])])
    let step = try FrozenAggregation(
      fitting: FrameworkTests.sound.hierarchy(), weights: [.equal, .framework], to: matrix)
    #expect(step.groups.map(\.weights)[0] == [0.5, 0.5])
    #expect(try roundTrip(step) == step)
    #expect(throws: ImmerseError.self) {
      try FrozenAggregation(
        fitting: FrameworkTests.sound.hierarchy(), weights: [.equal, .equal, .equal], to: matrix)
    }
  }
}

private func correlation(_ x: [Double], _ y: [Double]) -> Double {
  let n = Double(x.count)
  let (a, b) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
  let xy = zip(x, y).reduce(0) { $0 + ($1.0 - a) * ($1.1 - b) }
  let xx = x.reduce(0) { $0 + ($1 - a) * ($1 - a) }
  let yy = y.reduce(0) { $0 + ($1 - b) * ($1 - b) }
  return xy / (xx * yy).squareRoot()
}
