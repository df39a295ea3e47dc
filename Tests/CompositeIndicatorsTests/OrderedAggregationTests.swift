import Columnar
import CompositeIndicators
import TestSupport
import Testing

/// Averages by order, with penalties, and by comparison of units. Values computed from the formulae and cross-checked
/// with COINr 1.1.14 and Compind 3.4 where these are right.
@Suite struct OrderedAggregationTests {
  static let rows: [[Double?]] = [[110, 90, 100], [105, 105, 105], [120, 80, 70]]

  static func fitted(
    _ rows: [[Double?]], _ weights: [Double], _ method: Aggregation, others: [[Double?]]? = nil
  ) throws -> [Double] {
    let codes = weights.indices.map { "x\($0)" }
    let framework = flat(zip(codes, weights).map { Indicator($0, weight: $1) })
    let matrix = { (rows: [[Double?]]) in
      units(codes.enumerated().map { index, code in (code, rows.map { $0[index] }) })
    }
    let step = try roundTrip(
      FrozenAggregation(fitting: framework.hierarchy(), methods: [method], to: matrix(rows)))
    var notes: [Note] = []
    return values(try step.apply(to: matrix(others ?? rows), notes: &notes)["Index"])
  }

  @Test func largestAndSmallestValues() throws {
    let expected: [(Int, Double, Double)] = [(1, 10, 1), (2, 6.5, 1.5), (3, 5, 2), (4, 4, 4), (9, 4, 4)]
    for (count, largest, smallest) in expected {
      let atLeast = try Self.fitted([[3, 1, 2, 10]], [1, 1, 1, 1], .owa(.atLeast(count)))
      let moreThan = try Self.fitted([[3, 1, 2, 10]], [1, 1, 1, 1], .owa(.moreThan(count)))
      expectClose(atLeast, [largest])
      expectClose(moreThan, [smallest])
    }
    #expect(throws: ImmerseError.self) { try Self.fitted([[1]], [1], .owa(.atLeast(0))) }
    #expect(throws: DecodingError.self) { try decode([Aggregation].self, #"["owa"]"#) }
  }

  /// Compind 3.4's ci_mpi has the sample divisor; its ci_ampi ignores the penalty.
  @Test func mazziottaAndPareto() throws {
    let expected: [(Aggregation, [Double])] = [
      (.mpi(), [99.33333333333333, 105, 84.81481481481481]),
      (.mpi(penalty: .plus), [100.66666666666667, 105, 95.18518518518519]),
      (.mpi(sd: .sample), [99, 105, 82.22222222222223]),
      (.mpi(penalty: .plus, sd: .sample), [101, 105, 97.77777777777777]),
    ]
    for (method, values) in expected { expectClose(try Self.fitted(Self.rows, [1, 1, 1], method), values) }
    let single = try Self.fitted([[7, nil]], [1, 1], .mpi(sd: .sample))
    #expect(single == [7])
    let error = #expect(throws: ImmerseError.self) { try Self.fitted([[1, 0]], [1, 1], .mpi()) }
    #expect(error?.variable == "x1")
  }

  @Test func adjustedIndexOverTwoYears() throws {
    let indicators = [Indicator("a"), Indicator("b", direction: .negative)]
    let matrix = UnitMatrix(
      units: ["A", "B", "C", "A", "B", "C"], codes: ["a", "b"],
      columns: [Buffer([10.0, 14, 20, 12, 18, 22]), Buffer([50.0, 40, 30, 45, 35, 20])],
      period: Column(["1", "1", "1", "2", "2", "2"]).categories)
    var notes: [Note] = []
    let scale = try roundTrip(Normalisation.ampi().fit(matrix, indicators))
    let normalised = try scale.apply(to: matrix, notes: &notes)
    expectClose(
      values(normalised["a"]),
      [
        76.66666666666667, 96.66666666666667, 126.66666666666667, 86.66666666666667, 116.66666666666667,
        136.66666666666669,
      ])
    expectClose(values(normalised["b"]), [80, 100, 120, 90, 110, 140])
    for (penalty, expected) in [
      (
        Aggregation.Penalty.minus,
        [
          78.29787234042554, 98.30508474576273, 123.24324324324326, 88.30188679245283, 113.23529411764707,
          138.3132530120482,
        ]
      ),
      (
        .plus,
        [
          78.36879432624114, 98.36158192090396, 123.42342342342343, 88.36477987421385, 113.43137254901961,
          138.3534136546185,
        ]
      ),
    ] {
      let step = try FrozenAggregation(flat(indicators).hierarchy(), methods: [.mpi(penalty: penalty)])
      expectClose(values(try step.apply(to: normalised, notes: &notes)["Index"]), expected)
    }
    let second = try Normalisation.ampi(base: "2").fit(matrix, indicators)
    let base = values(try second.apply(to: matrix, notes: &notes)["a"])
    let mean = base.suffix(3).reduce(0, +) / 3
    expectClose(mean, 100)
    #expect(throws: ImmerseError.self) { try Normalisation.ampi(base: "3").fit(matrix, indicators) }
  }

  /// Compind 3.4's ci_mean_min recycles column means down the rows and is wrong here.
  @Test func meanAndMinimum() throws {
    let standardised: [[Double?]] = [
      [97.81782109764006, 98.67546764293495, 104.40225453162812],
      [91.2712843905603, 110.59625885652035, 107.04360725060499],
      [110.91089451179961, 90.72827350054469, 88.55413821776689],
    ]
    let expected: [(Aggregation, [Double])] = [
      (.meanMin(), [97.81782109764006, 91.2712843905603, 88.55413821776689]),
      (.meanMin(alpha: 0.5, beta: 1), [99.46118131487401, 97.59950366835051, 93.1121599203255]),
      (.meanMin(alpha: 0), [100.2985144240677, 102.97038349922855, 96.73110207670373]),
    ]
    for (method, values) in expected { expectClose(try Self.fitted(standardised, [1, 1, 1], method), values) }
    #expect(throws: ImmerseError.self) { try Self.fitted(standardised, [1, 1, 1], .meanMin(alpha: 2)) }
  }

  @Test func wroclawTaxonomy() throws {
    let result = try Self.fitted(Self.rows, [1, 1, 1], .wroclaw)
    let expected = [0.33405177297126804, 0.26783727512204497, 0.7680077864127385].map { 1 - $0 }
    expectClose(result, expected)
    // The ideal and the spread are those of the reference.
    let other = try Self.fitted(Self.rows, [1, 1, 1], .wroclaw, others: [[120, 105, 105], [105, 105, 105]])
    expectClose(other, [1, expected[1]])
    #expect(throws: ImmerseError.self) { try Self.fitted([[1, 2], [1, 2]], [1, 1], .wroclaw) }
  }

  static let ranked: [[Double?]] = [[1, 3, 2], [2, 2, 3], [3, 1, 1], [4, 5, 4]]

  @Test func copelandAndOutranking() throws {
    #expect(try Self.fitted(Self.ranked, [1, 1, 1], .copeland) == [-1, 1, -3, 3])
    #expect(try Self.fitted(Self.ranked, [0.5, 0.3, 0.2], .copeland) == [-2, 0, -1, 3])
    let sums = try Self.fitted(Self.ranked, [1, 1, 1], .outranking).map { $0 * 4 - 0.5 }
    expectClose(sums, [1, 4.0 / 3, 2.0 / 3, 3])
    let weighted = try Self.fitted(Self.ranked, [0.5, 0.3, 0.2], .outranking).map { $0 * 4 - 0.5 }
    expectClose(weighted, [0.8, 1.2, 1, 3])
  }

  /// COINr 1.1.14's outrankMatrix gives the weight of criteria that a unit lacks to the later row.
  @Test func comparisonsWithMissingValuesAreSymmetric() throws {
    let rows: [[Double?]] = [[5, 5, nil, nil], [3, 3, 9, 9]]
    #expect(try Self.fitted(rows, [1, 1, 1, 1], .copeland) == [1, -1])
    #expect(try Self.fitted(rows.reversed(), [1, 1, 1, 1], .copeland) == [-1, 1])
    let apart = try Self.fitted([[1, nil], [nil, 2], [nil, nil]], [1, 1], .copeland)
    #expect(sameBits(apart, [0, 0, .nan]))
    // e(a, b) + e(b, a) = 1 whatever is missing: the scores of all pairs cancel out.
    let random: [[Double?]] = (0..<20).map { row in
      (0..<5).map { column in
        let bits = (row * 7919 + column * 104_729) % 23
        return bits % 6 == 0 ? nil : Double(bits)
      }
    }
    let total = try Self.fitted(random, [1, 2, 3, 4, 5], .copeland).reduce(0, +)
    #expect(total == 0)
  }

  /// The rows of a voter profile: one criterion for each order, weighted by its voters.
  static func profile(_ orders: [(String, Double)]) -> (rows: [[Double?]], weights: [Double]) {
    let units = orders[0].0.sorted()
    let rows = units.map { unit in
      orders.map { order, _ in
        Double(order.count - (Array(order).firstIndex(of: unit) ?? 0)) as Double?
      }
    }
    return (rows, orders.map(\.1))
  }

  /// Hypothetical profile of the OECD and JRC Handbook; Condorcet's sixty voters. Scores by enumeration of all orders.
  @Test func kemenyRankings() throws {
    let (rows, weights) = Self.profile([("abcd", 3), ("acbd", 5), ("bdca", 7), ("cbda", 6)])
    #expect(try Self.fitted(rows, weights, .copeland) == [-3, 1, 3, -1])
    #expect(try Self.fitted(rows, weights, .kemeny) == [0, 2, 3, 1])
    let condorcet = Self.profile([("abc", 23), ("bca", 17), ("bac", 2), ("cab", 10), ("cba", 8)])
    #expect(try Self.fitted(condorcet.rows, condorcet.weights, .copeland) == [0, 0, 0])
    // A cycle: b c a agrees with 104 of 180 comparisons, more than any other order.
    #expect(try Self.fitted(condorcet.rows, condorcet.weights, .kemeny) == [0, 2, 1])
    // Equal units share a place; a unit that was not ranked has none.
    #expect(try Self.fitted([[1, 1], [2, 2], [2, 2]], [1, 1], .kemeny) == [0, 2, 2])
    // A unit outside the reference is put between the places where it agrees the most: behind none, one, both; a draw
    // leaves it as far ahead as may be.
    let strangers = try Self.fitted(
      [[1, 1], [3, 3]], [1, 1], .kemeny, others: [[3, 3], [4, 4], [2, 2], [0, 0], [2, 4], [nil, nil]])
    #expect(sameBits(strangers, [1, 1.5, 0.5, -0.5, 1.5, .nan]))
  }

  @Test func tooManyUnitsInACycleAreRefused() throws {
    // Rotations of one order beat each other in a circle.
    let count = 19
    let rows: [[Double?]] = (0..<count).map { unit in (0..<count).map { Double((unit + $0) % count) } }
    let error = #expect(throws: ImmerseError.self) {
      try Self.fitted(rows, [Double](repeating: 1, count: count), .kemeny)
    }
    #expect(error?.variable == "Index")
  }

  @Test func comparisonsNeedAReference() throws {
    #expect(throws: ImmerseError.self) {
      try FrozenAggregation(flat([Indicator("a")]).hierarchy(), methods: [.copeland])
    }
  }
}
