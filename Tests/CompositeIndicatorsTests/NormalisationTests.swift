import Columnar
import CompositeIndicators
import TestSupport
import Testing

/// COINr 1.1.14 on R 4.2.2: `Normalise` and the `n_*` functions on one vector with a tie and a missing value.
@Suite struct NormalisationTests {
  static let x: [Double?] = [3, 1, 4, 1, 5, 9, 2, 6, nil]

  static func normalised(_ x: [Double?], _ method: Normalisation, _ indicator: Indicator) throws -> [Double] {
    let matrix = units([(indicator.code, x)])
    var notes: [Note] = []
    let frozen = try roundTrip(method.fit(matrix, [indicator]))
    return values(try frozen.apply(to: matrix, notes: &notes)[indicator.code])
  }

  static func check(
    _ method: Normalisation, _ expected: [Double], _ indicator: Indicator = Indicator("x"),
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try normalised(x, method, indicator)
    expectClose(
      Array(result.dropLast()), expected, relative: 1e-14, absolute: 1e-15, "\(method.method)", sourceLocation: location
    )
    #expect(result.last?.isNaN == true, sourceLocation: location)
  }

  @Test func linearScales() throws {
    try Self.check(.minmax(), [25, 0, 37.5, 0, 50, 100, 12.5, 62.5])
    try Self.check(.minmax(lower: 1, upper: 100), [25.75, 1, 38.125, 1, 50.5, 100, 13.375, 62.875])
    try Self.check(
      .zscore(),
      [
        -0.31836981336405895, -1.0460722439104793, 0.04548140190915128, -1.0460722439104793, 0.40933261718236147,
        1.8647374782752024, -0.6822210286372692, 0.7731838324555717,
      ])
    try Self.check(
      .zscore(mean: 10, sd: 2),
      [
        9.363260373271881, 7.907855512179042, 10.090962803818302, 7.907855512179042, 10.818665234364722,
        13.729474956550405, 8.635557942725463, 11.546367664911143,
      ])
    try Self.check(.scaled(lower: 0, upper: 10), [30, 10, 40, 10, 50, 90, 20, 60])
    try Self.check(.distanceToMax, [0.25, 0, 0.375, 0, 0.5, 1, 0.125, 0.625])
    try Self.check(
      .fractionOfMax,
      [
        0.3333333333333333, 0.1111111111111111, 0.4444444444444444, 0.1111111111111111, 0.5555555555555556, 1,
        0.2222222222222222, 0.6666666666666666,
      ])
  }

  @Test func distancesToAUnitAndToATarget() throws {
    try Self.check(.distanceToReference(unit: "u7"), [2, 0, 3, 0, 4, 8, 1, 5])
    try Self.check(.distanceToReference(unit: "u7", capped: true), [1, 0, 1, 0, 1, 1, 1, 1])
    try Self.check(.distanceToTarget(), [0.4, 0, 0.6, 0, 0.8, 1.6, 0.2, 1], Indicator("x", target: 6))
    try Self.check(.distanceToTarget(capped: true), [0.4, 0, 0.6, 0, 0.8, 1, 0.2, 1], Indicator("x", target: 6))
    let down = Indicator("x", direction: .negative, target: 2)
    let expected = [
      0.8571428571428571, 1.1428571428571428, 0.7142857142857143, 1.1428571428571428, 0.5714285714285714, 0, 1,
      0.42857142857142855,
    ]
    try Self.check(.distanceToTarget(), expected, down)
    try Self.check(.distanceToTarget(capped: true), expected.map { min($0, 1) }, down)
  }

  @Test func goalpostsClipAndTurn() throws {
    let posts = Goalposts(lower: 2, upper: 6)
    try Self.check(.goalposts(scale: 1), [0.25, 0, 0.5, 0, 0.75, 1, 0, 1], Indicator("x", goalposts: posts))
    try Self.check(
      .goalposts(scale: 1), [0.75, 1, 0.5, 1, 0.25, 0, 1, 0],
      Indicator("x", direction: .negative, goalposts: posts))
  }

  @Test func ranks() throws {
    try Self.check(.rank, [4, 1, 5, 1, 6, 8, 3, 7])
    try Self.check(.borda, [3, 0, 4, 0, 5, 7, 2, 6])
    try Self.check(
      .percentileRank,
      [
        0.42857142857142855, 0, 0.5714285714285714, 0, 0.7142857142857143, 1, 0.2857142857142857, 0.8571428571428571,
      ])
  }

  /// Min-max of reversed values is 100 less the min-max; a rank from the other end counts ties from there.
  @Test func negativeDirectionTurnsTheScale() throws {
    let down = Indicator("x", direction: .negative)
    try Self.check(.minmax(), [75, 100, 62.5, 100, 50, 0, 87.5, 37.5], down)
    try Self.check(.rank, [5, 7, 4, 7, 3, 1, 6, 2], down)
    try Self.check(.scaled(lower: 0, upper: 10), [70, 90, 60, 90, 50, 10, 80, 40], down)
    try Self.check(.none, [3, 1, 4, 1, 5, 9, 2, 6], down)
  }

  @Test func frozenScalesApplyToOtherUnits() throws {
    let reference = units([("x", Self.x)])
    let others = units([("x", [0, 17, 4.5, nil])])
    var notes: [Note] = []
    let apply = { (method: Normalisation) in
      values(try method.fit(reference, [Indicator("x")]).apply(to: others, notes: &notes)["x"])
    }
    #expect(sameBits(try apply(.minmax()), [-12.5, 200, 43.75, .nan]))
    #expect(sameBits(try apply(.rank), [1, 9, 6, .nan]))
    #expect(sameBits(try apply(.borda), [0, 8, 5, .nan]))
    let percentiles = try apply(.percentileRank)
    expectClose(Array(percentiles.dropLast()), [0, 1, 5.0 / 7])
  }

  @Test(arguments: [Normalisation.minmax(), .zscore(), .distanceToMax, .distanceToReference(unit: "u1")])
  func zeroRangeIsStated(method: Normalisation) throws {
    let matrix = units([("x", [0.1, 0.1, 0.1, nil])])
    var notes: [Note] = []
    let result = try method.fit(matrix, [Indicator("x")]).apply(to: matrix, notes: &notes)
    #expect(values(result["x"]).map(\.isNaN) == [true, true, true, true])
    #expect(notes.map(\.code) == ["zero_range"])
  }

  @Test func noValueAndOneValueAreStated() throws {
    var notes: [Note] = []
    let none = units([("x", [nil, nil])])
    _ = try Normalisation.minmax().fit(none, [Indicator("x")]).apply(to: none, notes: &notes)
    let one = units([("x", [4])])
    for method in [Normalisation.minmax(), .zscore(), .percentileRank] {
      let result = try method.fit(one, [Indicator("x")]).apply(to: one, notes: &notes)
      #expect(values(result["x"])[0].isNaN)
    }
    let hole = units([("x", [nil, 2, 3])])
    let reference = Normalisation.distanceToReference(unit: "u1")
    _ = try reference.fit(hole, [Indicator("x")]).apply(to: hole, notes: &notes)
    #expect(notes.map(\.code) == ["no_values", "zero_range", "one_value", "one_value", "no_reference"])
  }

  @Test func settingsThatMakeNoScaleAreRefused() {
    let matrix = units([("x", Self.x)])
    let refused: [(Normalisation, Indicator)] = [
      (.minmax(lower: 5, upper: 5), Indicator("x")), (.zscore(sd: 0), Indicator("x")),
      (.scaled(lower: 2, upper: 1), Indicator("x")), (.distanceToReference(unit: "nobody"), Indicator("x")),
      (.distanceToTarget(), Indicator("x")), (.goalposts(), Indicator("x")),
      (.fractionOfMax, Indicator("x", direction: .negative)),
      (.distanceToTarget(), Indicator("x", target: -1, isLogarithmic: true)),
    ]
    for (method, indicator) in refused {
      #expect(throws: ImmerseError.self, "\(method.method)") { try method.fit(matrix, [indicator]) }
    }
  }

  @Test func customScales() throws {
    try Self.check(.custom(formula: "100 * (x - min) / (max - min)"), [25, 0, 37.5, 0, 50, 100, 12.5, 62.5])
    try Self.check(.custom(formula: "x - median + n"), [7.5, 5.5, 8.5, 5.5, 9.5, 13.5, 6.5, 10.5])
    let down = try Self.normalised(Self.x, .custom(formula: "x"), Indicator("x", direction: .negative))
    #expect(down.first == -3)
    for formula in ["x - spread", "x -", "'text'"] {
      let method = Normalisation.custom(formula: formula)
      #expect(throws: ImmerseError.self) { try Self.normalised(Self.x, method, Indicator("x")) }
    }
    var notes: [Note] = []
    let matrix = units([("x", [0, 1])])
    let step = try Normalisation.custom(formula: "log(x)").fit(matrix, [Indicator("x")])
    #expect(values(try step.apply(to: matrix, notes: &notes)["x"])[0].isNaN)
    #expect(notes.map(\.code) == ["undefined_formula"])
  }

  @Test func anIndicatorCanHaveAScaleOfItsOwn() throws {
    let indicators = [Indicator("a"), Indicator("b", normalise: .scaled(lower: 0, upper: 10))]
    let matrix = units([("a", [1, 3]), ("b", [1, 3])])
    var notes: [Note] = []
    let result = try Normalisation.minmax().fit(matrix, indicators).apply(to: matrix, notes: &notes)
    #expect(values(result["a"]) == [0, 100])
    #expect(values(result["b"]) == [10, 30])
  }

  @Test func readsPlainNamesAndSettings() throws {
    #expect(try decode([Normalisation].self, #"["minmax", "percentile_rank"]"#) == [.minmax(), .percentileRank])
    #expect(try decode([Normalisation].self, #"[{"method": "zscore", "mean": 10}]"#) == [.zscore(mean: 10, sd: 1)])
    #expect(throws: DecodingError.self) { try decode([Normalisation].self, #"["scaled"]"#) }
    #expect(throws: DecodingError.self) { try decode([Normalisation].self, #"["min-max"]"#) }
  }
}
