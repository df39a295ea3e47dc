import Columnar
import CompositeIndicators
import Streaming
import TestSupport
import Testing

@Suite struct ScaleScoreTests {
  static let source = Table([
    ("i1", Column([1, 4, .nan, .nan, 2])), ("i2", Column([4, 1, 3, .nan, 2])), ("i3", Column([1, 3, 2, .nan, .nan])),
  ])

  static func scores(_ scale: ItemScale) throws -> [Double] {
    let scored = try source.applying(ScaleScore("s", scale))
    return try scored.chunk(0, [.number("s")]).numbers("s").array
  }

  @Test func meansAndSumsOfValidItems() throws {
    let items = ["i1", "i2", "i3"]
    #expect(sameBits(try Self.scores(ItemScale(items)), [2, 8.0 / 3, .nan, .nan, .nan]))
    #expect(sameBits(try Self.scores(ItemScale(items, minimumItems: 2)), [2, 8.0 / 3, 2.5, .nan, 2]))
    #expect(sameBits(try Self.scores(ItemScale(items, statistic: .sum, minimumItems: 2)), [6, 8, 7.5, .nan, 6]))
  }

  @Test func reversedItemsAreTurnedRound() throws {
    let scale = ItemScale(
      ["i1", "i2", "i3"], reversed: ["i2"], minimum: 1, maximum: 4, minimumItems: 1)
    #expect(sameBits(try Self.scores(scale), [1, 11.0 / 3, 2, .nan, 2.5]))
  }

  @Test func theMeanOfTheCutoffScoreIsThePercentage() throws {
    let scale = ItemScale(["i1", "i2"], minimumItems: 1, atLeast: 2.5)
    #expect(sameBits(try Self.scores(scale), [100, 100, 100, .nan, 0]))
  }

  @Test func theColumnIsComputedOnlyWhereWanted() throws {
    let outOfRange = ItemScale(["i1"], minimum: 1, maximum: 3)
    let scored = try Self.source.applying(ScaleScore("s", outOfRange))
    _ = try scored.chunk(0, [.number("i1")])
    let error = #expect(throws: ImmerseError.self) { try scored.chunk(0, [.number("s")]) }
    #expect(error?.variable == "i1")
    #expect(error?.row == 1)
  }

  @Test(arguments: [
    ItemScale([]), ItemScale(["i1", "i1"]), ItemScale(["i1"], reversed: ["i1"]),
    ItemScale(["i1"], reversed: ["i2"], minimum: 1, maximum: 4), ItemScale(["i1"], minimum: 4, maximum: 1),
    ItemScale(["i1"], minimum: 1), ItemScale(["i1", "i2"], minimumItems: 3), ItemScale(["i1"], minimumItems: 0),
  ])
  func contradictionsAreRefused(scale: ItemScale) {
    let error = #expect(throws: ImmerseError.self) {
      try ScaleScore("s", scale).apply(to: Self.source.batch)
    }
    #expect(error?.kind == .usage)
  }
}

/// Base R 4.2.2: Tests/Reference/cronbach_alpha.R.
@Suite struct CronbachAlphaTests {
  static let golden = try? GoldenJSON(TestFiles.golden("indicators/cronbach_alpha.json"))

  static func data() throws -> (Table, GoldenJSON) {
    let golden = try #require(golden)
    let columns = golden["data"].keys.map { name in
      (name: name, column: Column(golden["data", name].list.map { (try? $0.number) ?? .nan }))
    }
    return (Table(columns), golden["values"])
  }

  static let items = ["q1", "q2", "q3", "q4"]

  static func alpha(
    _ source: any Source, _ scale: ItemScale, weight: String? = nil, missing: MissingAnswers = .pairwise
  ) throws -> Reliability {
    let columns = (scale.items + (weight.map { [$0] } ?? [])).map { ColumnRequest.number($0) }
    let dataset = try Dataset(source, columns: columns, engine: engine)
    return try dataset.fit(
      CronbachAlpha(scale, weight: weight, missing: missing, profile: dataset.profile), with: engine)
  }

  @Test(arguments: [
    ("pairwise", MissingAnswers.pairwise, false), ("complete", .completeCases, false),
    ("pairwise_weighted", .pairwise, true), ("complete_weighted", .completeCases, true),
  ])
  func agreesWithR(key: String, missing: MissingAnswers, isWeighted: Bool) throws {
    let (source, golden) = try Self.data()
    let scale = ItemScale(Self.items, reversed: ["q3"], minimum: 1, maximum: 5)
    let result = try Self.alpha(source, scale, weight: isWeighted ? "w" : nil, missing: missing)
    expectClose(result.alpha, try golden[key, "alpha"].number, relative: 1e-12)
    expectClose(result.standardisedAlpha ?? .nan, try golden[key, "standardised_alpha"].number, relative: 1e-12)
    expectClose(
      result.alphaIfDropped.map { $0 ?? .nan }, try golden[key, "alpha_if_dropped"].numbers, relative: 1e-12)
    #expect(result.n == Int(try golden[key, "n"].number))
    #expect(result.isWeighted == isWeighted)
  }

  /// Identical items are perfectly consistent; alpha of two items is 2 r s1 s2 / (var of the sum) * 2.
  @Test func closedForms() throws {
    let x = [1.0, 2, 3, 4, 7]
    let same = Table([("a", Column(x)), ("b", Column(x)), ("c", Column(x))])
    expectClose(try Self.alpha(same, ItemScale(["a", "b", "c"])).alpha, 1, relative: 1e-14)
    let two = Table([("a", Column([1.0, 2, 3])), ("b", Column([1.0, 3, 2]))])
    // Variances 1 and 1, covariance 1/2: 2 (1 - 2/3).
    expectClose(try Self.alpha(two, ItemScale(["a", "b"])).alpha, 2.0 / 3, relative: 1e-14)
  }

  @Test func laws() throws {
    let (source, _) = try Self.data()
    let base = try Self.alpha(source, ItemScale(Self.items), weight: "w")
    // A weight twice as large says the same; unit weights are no weights; a constant added costs no digits.
    let rows = source.rowCount
    let weights = try source.batch.numbers("w").array
    var other = source.batch
    other.set("w2", Column(weights.map { 2 * $0 }))
    other.set("one", Column([Double](repeating: 1, count: rows)))
    for item in Self.items {
      other.set(item, Column(try source.batch.numbers(item).array.map { $0 + 1e6 }))
    }
    let moved = Table(other)
    expectClose(try Self.alpha(moved, ItemScale(Self.items), weight: "w2").alpha, base.alpha, relative: 1e-12)
    let plain = try Self.alpha(source, ItemScale(Self.items))
    let unit = try Self.alpha(moved, ItemScale(Self.items), weight: "one")
    expectClose(unit.alpha, plain.alpha, relative: 1e-12)
    #expect(unit.n == plain.n)
  }

  /// Rows of weight zero are no rows: the pairwise divisor must not count them.
  @Test func zeroWeightsDropRows() throws {
    let with = Table([
      ("a", Column([1.0, 2, 3, 9])), ("b", Column([1.0, 3, 2, -4])), ("w", Column([1.0, 1, 1, 0])),
    ])
    let result = try Self.alpha(with, ItemScale(["a", "b"]), weight: "w")
    expectClose(result.alpha, 2.0 / 3, relative: 1e-14)
    #expect(result.n == 3)
  }

  @Test func chunksMerge() throws {
    let count = 70_000
    let column = { (salt: Int) in
      Column(
        (0..<count).map { row -> Double in
          (row &* 31 &+ salt) % 17 == 0 ? .nan : Double((row &* 2_654_435_761 % 977 + row % salt) % 5)
        })
    }
    let source = Table([("a", column(3)), ("b", column(5)), ("c", column(7))])
    let scale = ItemScale(["a", "b", "c"])
    let whole = try Self.alpha(source, scale)
    let dataset = try Dataset(source, columns: scale.items.map { .number($0) }, engine: engine)
    let fit = try CronbachAlpha(scale, profile: dataset.profile)
    var first = fit.makePartial()
    var second = fit.makePartial()
    try first.absorb(dataset.chunk(1, fit.columns))
    try second.absorb(dataset.chunk(0, fit.columns))
    let restored = try SavedPartial.decode(SavedPartial.encode(second, of: fit), of: fit)
    try first.merge(restored)
    let merged = try fit.finish(first)
    expectClose(merged.alpha, whole.alpha, relative: 1e-13)
    #expect(merged.n == whole.n)
  }

  @Test func impossibleScalesSayWhy() throws {
    let source = Table([
      ("a", Column([1.0, 2, .nan])), ("b", Column([.nan, .nan, 3.0])), ("c", Column([2.0, 2, 2])),
      ("d", Column([5.0, 5, 5])), ("w", Column([1.0, -1, 1])),
    ])
    #expect(throws: ImmerseError.self) { try Self.alpha(source, ItemScale(["a"])) }
    #expect(throws: ImmerseError.self) { try Self.alpha(source, ItemScale(["a", "b"])) }
    let constant = #expect(throws: ImmerseError.self) { try Self.alpha(source, ItemScale(["c", "d"])) }
    #expect(constant?.kind == .failure)
    let weight = #expect(throws: ImmerseError.self) { try Self.alpha(source, ItemScale(["a", "c"]), weight: "w") }
    #expect(weight?.variable == "w")
    #expect(weight?.row == 1)
  }
}
