import Columnar
import CompositeIndicators
import Foundation
import Streaming
import TestSupport
import Testing

@Suite struct ScoreTests {
  static let columns: [(String, [Double?])] = [
    ("a", [1, 2, 3, 2]), ("b", [4, nil, 0, 2]), ("c", [5, 5, 6, 5]), ("d", [9, 8, 7, 8]),
  ]

  @Test func rowsRunFromTheIndexDown() throws {
    let result = try score(ScoreRequest(FrameworkTests.sound), source: table(Self.columns), engine: engine)
    #expect(result.terms.map(\.code) == ["Index", "X", "Y", "a", "b", "c", "d"])
    #expect(result.rows.count == 28)
    #expect(result.rows.prefix(4).map(\.unit) == ["u1", "u2", "u3", "u4"])
    #expect(result.rows.prefix(5).map(\.level) == [3, 3, 3, 3, 2])
    // u2 lacks b, so that X is a alone: (50) with a from 0 to 100.
    #expect(result.row(unit: "u2", term: "X")?.estimate == 50)
    #expect(result.row(unit: "u2", term: "b") == result.rows[4 * 4 + 1])
    #expect(result.row(unit: "u2", term: "b")?.estimate == nil)
    #expect(result.row(unit: "u2", term: "b")?.rank == nil)
    #expect(result.row(unit: "nobody", term: "X") == nil)
  }

  @Test func tiesShareTheSmallestRank() throws {
    let result = try score(ScoreRequest(FrameworkTests.sound), source: table(Self.columns), engine: engine)
    let ranks = { (term: String) in (1...4).map { result.row(unit: "u\($0)", term: term)?.rank } }
    #expect(ranks("a") == [4, 2, 1, 2])
    #expect(ranks("b") == [1, nil, 3, 2])
    #expect(ranks("c") == [2, 2, 1, 2])
  }

  /// Against the definition, on numbers of both signs with ties, both zeros and missing values.
  @Test func ranksByDefinition() throws {
    let x = (0..<3000).map { row -> Double in
      let value = Double((row * 7919) % 1009 - 500)
      return row % 17 == 0 ? .nan : row % 3 == 0 ? value / 1e200 : row % 5 == 0 ? -0.0 : value * 1e10
    }
    let source = Table([("id", Column((0..<3000).map { row -> String? in "c\(row)" })), ("x", Column(x))])
    let result = try score(
      ScoreRequest(Framework(indicators: [Indicator("x")]), method: ScoreMethod(normalise: Normalisation.none)),
      source: source, engine: engine)
    let ascending = try score(
      ScoreRequest(Framework(indicators: [Indicator("x")]), method: ScoreMethod(normalise: .rank)), source: source,
      engine: engine)
    for row in stride(from: 0, to: 3000, by: 7) {
      let above = x.count { $0 > x[row] }
      let below = x.count { $0 < x[row] }
      #expect(result.ranks[0][row] == (x[row].isNaN ? 0 : Int32(above + 1)))
      let rank = ascending.estimates[0][row]
      #expect(x[row].isNaN ? rank.isNaN : rank == Double(below + 1))
    }
  }

  @Test func conventionsAreNamed() throws {
    let request = ScoreRequest(
      FrameworkTests.sound, method: ScoreMethod(normalise: .zscore(), aggregate: [.median]))
    let result = try score(request, source: table(Self.columns), engine: engine)
    #expect(result.model.conventions.map(\.code) == ["ranks", "weights", "standard_deviation", "median"])
  }

  @Test func aRequestOverridesTheFramework() throws {
    var framework = FrameworkTests.sound
    framework.method = ScoreMethod(normalise: .rank, availabilityThreshold: 1)
    let plain = try score(ScoreRequest(framework), source: table(Self.columns), engine: engine)
    #expect(plain.row(unit: "u1", term: "a")?.estimate == 1)
    #expect(plain.row(unit: "u2", term: "X")?.estimate == nil)
    #expect(plain.notes.map(\.code) == ["too_few_values", "too_few_values"])
    let request = ScoreRequest(framework, method: ScoreMethod(normalise: .borda))
    let other = try score(request, source: table(Self.columns), engine: engine)
    #expect(other.row(unit: "u1", term: "a")?.estimate == 0)
    #expect(other.row(unit: "u2", term: "X")?.estimate == nil)
  }

  /// A saved model scores other units on the scale of the first.
  @Test func aSavedModelScoresOtherUnits() throws {
    let method = ScoreMethod(treat: Treatment(.winsorise), normalise: .minmax())
    let model = try ScoreModel(fitting: FrameworkTests.sound, method, to: units(Self.columns))
    let restored = try roundTrip(model)
    #expect(restored == model)
    let one = units([("a", [2]), ("b", [8]), ("c", [5]), ("d", [9])])
    let result = try restored.score(one)
    #expect(result.row(unit: "u1", term: "a")?.estimate == 50)
    #expect(result.row(unit: "u1", term: "b")?.estimate == 200)
    #expect(result.row(unit: "u1", term: "Index")?.rank == 1)
  }

  @Test func aDamagedModelIsRefused() throws {
    let method = ScoreMethod(impute: Imputation(.mean))
    let model = try ScoreModel(fitting: FrameworkTests.sound, method, to: units(Self.columns))
    let json = String(decoding: try JSONEncoder().encode(model), as: UTF8.self)
    for (part, damaged) in [
      (#""target":4"#, #""target":7"#), (#""children":[4,5]"#, #""children":[4,6]"#),
      (#""children":[0,1]"#, #""children":[0,-1]"#), (#""values":[2]"#, #""values":[]"#),
    ] {
      #expect(json.contains(part), "\(part)")
      let changed = json.replacingOccurrences(of: part, with: damaged)
      #expect(throws: DecodingError.self, "\(damaged)") { try decode(ScoreModel.self, changed) }
    }
  }

  @Test func oneUnit() throws {
    let source = table(Self.columns.map { ($0.0, [$0.1[0]]) })
    let error = #expect(throws: ImmerseError.self) {
      try score(ScoreRequest(FrameworkTests.sound), source: source, engine: engine)
    }
    #expect(error?.kind == .badData)
    #expect(
      error?.description == """
        variable "a": cannot be normalised: its range is zero; nor can "b" (its range is zero), "c" (its range is zero), \
        "d" (its range is zero) (leave it out of the framework, or give it a scale that needs no other units, such as \
        goalposts)
        """)
    let plain = ScoreRequest(FrameworkTests.sound, method: ScoreMethod(normalise: Normalisation.none))
    let kept = try score(plain, source: source, engine: engine)
    #expect(kept.row(unit: "u1", term: "Index")?.rank == 1)
    #expect(kept.row(unit: "u1", term: "X")?.estimate == 1.75)
  }

  /// Refused however the method would scale it, and named with the period where each has its own scales.
  @Test func anIndicatorWithoutAValueOrARangeIsRefused() throws {
    let framework = Framework(indicators: [Indicator("a"), Indicator("b")])
    let columns: [(String, [Double?])] = [("a", [1, 2, 3, 4]), ("b", [5, 6, nil, nil])]
    let years = ("year", [Double?](arrayLiteral: 2018, 2018, 2022, 2022))
    for method in [Normalisation.minmax(), .zscore(), .rank, .none] {
      let error = #expect(throws: ImmerseError.self) {
        let none = table([columns[0], ("b", [nil, nil, nil, nil])])
        return try score(ScoreRequest(framework, method: ScoreMethod(normalise: method)), source: none, engine: engine)
      }
      #expect(error?.variable == "b")
      #expect(error?.problem == "cannot be \(method == .none ? "averaged" : "normalised"): no unit has a value")
    }
    var request = ScoreRequest(framework, reference: .each)
    request.period = "year"
    let error = #expect(throws: ImmerseError.self) {
      try score(request, source: table(columns + [years]), engine: engine)
    }
    #expect(error?.problem == "period 2022: cannot be normalised: no unit has a value")
  }

  @Test func aFrameworkWithoutAggregatesScoresItsIndicators() throws {
    let framework = Framework(indicators: [Indicator("a"), Indicator("b", direction: .negative)])
    let result = try score(ScoreRequest(framework), source: table(Self.columns), engine: engine)
    #expect(result.terms.map(\.level) == [1, 1])
    #expect(result.row(unit: "u1", term: "b")?.estimate == 0)
  }

  @Test func unitsMustBeNamedOnce() throws {
    let faulty: [(names: [String?], row: Int)] = [(["A", "B", "A"], 2), (["A", nil, "B"], 1)]
    for (names, row) in faulty {
      let source = Table([("id", Column(names)), ("a", Column([1, 2, 3]))])
      let error = #expect(throws: ImmerseError.self) {
        try score(ScoreRequest(flat([Indicator("a")])), source: source, engine: engine)
      }
      #expect(error?.kind == .badData)
      #expect(error?.variable == "id")
      #expect(error?.row == row)
      // A child's identifier is not printed.
      #expect(error?.problem.contains("A") == false)
    }
    let empty = Table([("id", Column([String?]())), ("a", Column([Double]()))])
    #expect(throws: ImmerseError.self) {
      try score(ScoreRequest(flat([Indicator("a")])), source: empty, engine: engine)
    }
  }

  @Test func columnsAreCheckedBeforeScoring() throws {
    let framework = flat([Indicator("a"), Indicator("zz")])
    let missing = #expect(throws: ImmerseError.self) {
      try score(ScoreRequest(framework), source: table(Self.columns), engine: engine)
    }
    #expect(missing?.variable == "zz")
    let text = Table([("id", Column(["A", "B"])), ("a", Column(["x", "y"]))])
    let wrong = #expect(throws: ImmerseError.self) {
      try score(ScoreRequest(flat([Indicator("a")])), source: text, engine: engine)
    }
    #expect(wrong?.variable == "a")
    let infinite = #expect(throws: ImmerseError.self) {
      try score(
        ScoreRequest(flat([Indicator("a")])), source: table([("a", [1, .infinity])]), engine: engine)
    }
    #expect(infinite?.problem.contains("infinite") == true)
    let stray = #expect(throws: ImmerseError.self) {
      try score(
        ScoreRequest(flat([Indicator("a")]), standardErrors: ["q": "b"]), source: table(Self.columns), engine: engine)
    }
    #expect(stray?.kind == .usage)
  }

  @Test func geometricOverMinMaxIsRefusedByName() {
    let request = ScoreRequest(FrameworkTests.sound, method: ScoreMethod(aggregate: [.geometric]))
    let error = #expect(throws: ImmerseError.self) {
      try score(request, source: table(Self.columns), engine: engine)
    }
    #expect(error?.variable == "a")
    #expect(error?.problem.contains("1 unit") == true)
  }

  /// Rows that fall into several chunks and a memory limit that keeps none of them give the same scores.
  @Test func chunksDoNotMatter() throws {
    let count = 70_000
    let a = (0..<count).map { row -> Double in Double((row * 7919) % 1009) }
    let b = (0..<count).map { row -> Double in row % 13 == 0 ? .nan : Double((row * 104_729) % 997) }
    let g = (0..<count).map { row -> String? in "g\(row % 5)" }
    let source = Table([
      ("id", Column((0..<count).map { "c\($0)" as String? })), ("a", Column(a)), ("b", Column(b)), ("g", Column(g)),
    ])
    let request = ScoreRequest(
      flat([Indicator("a"), Indicator("b", direction: .negative)]),
      method: ScoreMethod(impute: Imputation(.mean, group: "g"), normalise: .percentileRank))
    let resident = try score(request, source: source, engine: Engine(threads: 2))
    let rereading = try score(request, source: source, engine: Engine(threads: 1, memoryLimit: 0))
    #expect(resident.units == rereading.units)
    #expect(resident.units[65_540] == "c65540")
    for term in resident.terms.indices {
      #expect(resident.estimates[term].array == rereading.estimates[term].array)
      #expect(resident.ranks[term].array == rereading.ranks[term].array)
    }
  }

  /// Moving and stretching an indicator leaves min-max and z-scores alone.
  @Test(arguments: [Normalisation.minmax(), .zscore(), .percentileRank])
  func unitsOfMeasurementDoNotMatter(normalise: Normalisation) throws {
    let request = ScoreRequest(FrameworkTests.sound, method: ScoreMethod(normalise: normalise))
    let plain = try score(request, source: table(Self.columns), engine: engine)
    let stretched = Self.columns.map { column in (column.0, column.1.map { $0.map { 1.8 * $0 + 32 } }) }
    let other = try score(request, source: table(stretched), engine: engine)
    for (a, b) in zip(plain.rows, other.rows) {
      // Scores that tie in one unit of measurement can miss it by a last bit in another.
      if a.level == 1 { #expect(a.rank == b.rank) }
      if let x = a.estimate { expectClose(b.estimate ?? .nan, x, relative: 1e-12, absolute: 1e-12) }
    }
  }

  @Test func absentValuesAreNull() throws {
    let result = try score(ScoreRequest(FrameworkTests.sound), source: table(Self.columns), engine: engine)
    let row = try #require(result.row(unit: "u2", term: "b"))
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = String(decoding: try encoder.encode(row), as: UTF8.self)
    #expect(
      json
        == #"{"estimate":null,"level":1,"rank":null,"rank_high":null,"rank_low":null,"std_error":null,"term":"b","unit":"u2"}"#
    )
  }
}
