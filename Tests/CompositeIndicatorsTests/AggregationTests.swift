import Columnar
import CompositeIndicators
import TestSupport
import Testing

/// COINr 1.1.14 on R 4.2.2 (`a_amean`, `a_gmean`, `a_hmean`, `a_genmean`), unless a test says otherwise.
@Suite struct AggregationTests {
  static func index(
    _ rows: [[Double?]], _ weights: [Double], _ method: Aggregation, availability: Double = 0,
    notes: inout [Note]
  ) throws -> [Double] {
    let codes = weights.indices.map { "x\($0)" }
    let framework = flat(zip(codes, weights).map { Indicator($0, weight: $1) })
    let matrix = units(codes.enumerated().map { index, code in (code, rows.map { $0[index] }) })
    let step = try FrozenAggregation(framework.hierarchy(), methods: [method], minimumAvailability: availability)
    return values(try step.apply(to: matrix, notes: &notes)["Index"])
  }

  static func index(_ rows: [[Double?]], _ weights: [Double], _ method: Aggregation) throws -> [Double] {
    var notes: [Note] = []
    return try index(rows, weights, method, notes: &notes)
  }

  static let knownMeans: [(Aggregation, Double, Double)] = [
    (.arithmetic, 1.75, 1.6666666666666665), (.geometric, 1.5650845800732873, 1.4422495703074085),
    (.harmonic, 1.4117647058823528, 1.2857142857142856), (.power(exponent: -1), 1.4117647058823528, 1.2857142857142856),
    // COINr's a_genmean returns NA where a value is missing; this one skips it, as its manual says.
    (.power(exponent: 2), 1.9364916731037085, 1.9148542155126762),
  ]

  @Test(arguments: knownMeans)
  func means(method: Aggregation, complete: Double, missing: Double) throws {
    let result = try Self.index([[1, 2, 3], [1, nil, 3], [nil, nil, nil]], [2, 1, 1], method)
    expectClose(Array(result.prefix(2)), [complete, missing], relative: 1e-14)
    #expect(result[2].isNaN)
  }

  @Test func otherMeans() throws {
    let half = try Self.index([[1, 2, 3]], [2, 1, 1], .power(exponent: 0.5))
    expectClose(half, [1.6552523103333905])
    let geometric = try Self.index([[21, 1, 1, 1], [6, 6, 6, 6]], [1, 1, 1, 1], .geometric)
    expectClose(geometric, [2.1406951429280725, 6])
    // Compind 3.4 returns 5033.33 for the first: exponent precedence.
    let quadratic = try Self.index(
      [[110, 90, 100], [105, 105, 105], [120, 80, 70]], [1, 1, 1], .power(exponent: 2))
    expectClose(quadratic, [100.33277962194941, 105, 92.55628917943214])
  }

  @Test func medians() throws {
    let plain = try Self.index([[3, 1, 2], [5, 9, nil], [4, nil, nil]], [1, 1, 1], .median)
    expectClose(plain, [2, 7, 4])
    let weighted = try Self.index([[1, 2, 10], [1, nil, 10]], [0.1, 0.2, 0.3], .median)
    expectClose(weighted, [6, 10])
    let unweighted = try Self.index([[1, 2, 3]], [0, 1, 0], .median)
    expectClose(unweighted, [2])
  }

  @Test func tooFewValues() throws {
    let rows: [[Double?]] = [[1, 2, 3], [1, 2, nil], [1, nil, nil], [nil, nil, nil]]
    let twoThirds = 2.0 / 3
    for method in [Aggregation.arithmetic, .geometric, .median] {
      var notes: [Note] = []
      let result = try Self.index(rows, [1, 1, 1], method, availability: twoThirds, notes: &notes)
      #expect(result.map(\.isNaN) == [false, false, true, true])
      #expect(
        notes == [Note("too_few_values", "\"Index\" is missing where too few of its parts have a value: 2 units")])
    }
  }

  @Test func valuesWithoutWeightDoNotMakeAScore() throws {
    let result = try Self.index([[nil, 5], [4, 5]], [1, 0], .arithmetic)
    #expect(sameBits(result, [.nan, 4]))
  }

  @Test(arguments: [Aggregation.geometric, .harmonic, .power(exponent: -2)])
  func nonPositiveValuesAreCounted(method: Aggregation) {
    let rows: [[Double?]] = [[1, 0], [1, -3], [2, nil], [2, 7]]
    let error = #expect(throws: ImmerseError.self) { try Self.index(rows, [1, 1], method) }
    #expect(error?.kind == .badData)
    #expect(error?.variable == "x1")
    #expect(error?.problem.contains("2 units") == true)
  }

  @Test func aPositivePowerTakesZero() throws {
    let result = try Self.index([[0, 2]], [1, 1], .power(exponent: 2))
    expectClose(result, [1.4142135623730951])
    #expect(throws: ImmerseError.self) { try Self.index([[-1, 2]], [1, 1], .power(exponent: 2)) }
    #expect(throws: ImmerseError.self) { try Self.index([[1, 2]], [1, 1], .power(exponent: 0)) }
  }

  @Test func methodsByLevel() throws {
    let matrix = units([("a", [1]), ("b", [3]), ("c", [16]), ("d", [16])])
    var notes: [Note] = []
    let step = try FrozenAggregation(FrameworkTests.sound.hierarchy(), methods: [.arithmetic, .geometric])
    let restored = try roundTrip(step)
    #expect(restored == step)
    let result = try restored.apply(to: matrix, notes: &notes)
    #expect(result.codes == ["a", "b", "c", "d", "X", "Y", "Index"])
    // X = (3 + 3) / 4, Y = 16, index = 1.5^(1/4) 16^(3/4).
    expectClose(values(result["Index"]), [8 * 1.5.squareRoot().squareRoot()])
    #expect(throws: ImmerseError.self) {
      try FrozenAggregation(FrameworkTests.sound.hierarchy(), methods: [.arithmetic, .geometric, .median])
    }
  }

  /// The blocks and threads that rows fall into, and the order of the units, leave every bit alone; complete rows are
  /// not averaged differently for standing beside incomplete ones.
  @Test func layoutDoesNotMatter() throws {
    let count = 150_000
    let columns = (0..<4).map { column in
      (0..<count).map { row -> Double in
        let bits = (row &* 2_654_435_761 &+ column &* 40_503) & 0xFFFF
        return row % 3000 > 2000 && bits % 11 == 0 ? .nan : Double(bits) / 7
      }
    }
    let matrix = { (order: [Int]) in
      UnitMatrix(
        units: order.map { "\($0)" }, codes: ["a", "b", "c", "d"],
        columns: columns.map { column in Buffer(order.map { column[$0] }) })
    }
    let step = try FrozenAggregation(FrameworkTests.sound.hierarchy(), minimumAvailability: 0.5)
    var notes: [Note] = []
    let whole = try step.apply(to: matrix(Array(0..<count)), threads: 1, notes: &notes)
    let threaded = try step.apply(to: matrix(Array(0..<count)), threads: 3, notes: &notes)
    let backward = try step.apply(to: matrix((0..<count).reversed()), threads: 2, notes: &notes)
    for code in ["X", "Y", "Index"] {
      #expect(sameBits(values(whole[code]), values(threaded[code])))
      #expect(sameBits(values(whole[code]), values(backward[code]).reversed()))
    }
    let weights = [0.1875, 0.0625, 0.375, 0.375]
    for row in stride(from: 0, to: count, by: 997) {
      let parts = columns.map { $0[row] }
      if parts.contains(where: \.isNaN) { continue }
      let expected = zip(parts, weights).map { part, weight in part * weight }.reduce(0, +)
      expectClose(values(whole["Index"])[row], expected, relative: 1e-14)
    }
  }

  /// Rescaling the weights of all children of a parent changes nothing.
  @Test func onlyRatiosOfWeightsMatter() throws {
    let rows: [[Double?]] = [[1, 5, 9], [2, nil, 8]]
    let a = try Self.index(rows, [1, 2, 4], .arithmetic)
    let b = try Self.index(rows, [0.25, 0.5, 1], .arithmetic)
    #expect(a == b)
  }
}
