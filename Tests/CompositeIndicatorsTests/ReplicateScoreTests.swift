import Columnar
import CompositeIndicators
import Streaming
import TestSupport
import Testing

/// Scores with the errors of replicates.
@Suite struct ReplicateScoreTests {
  static let full: [(String, [Double?])] = [("a", [10, 20, 35]), ("b", [30, 26, 12]), ("c", [5, 1, 9])]

  /// Four replicates of a and b, in which they move together; c is an official figure.
  static let shifts: [(a: [Double], b: [Double])] = [
    ([1, -0.5, 0.25], [2, 0.5, -0.5]), ([-1, 0.5, 0.5], [-2, 1, 0.25]), ([0.5, 1, -1], [1, -1, 1]),
    ([-0.5, -1, 0.25], [-1, -0.5, -0.75]),
  ]

  static let replicates: Table = {
    var (unit, replicate, a, b) = ([String?](), [Double](), [Double](), [Double]())
    for (number, shift) in shifts.enumerated() {
      for row in 0..<3 {
        unit.append("u\(row + 1)")
        replicate.append(Double(number + 1))
        a.append((full[0].1[row] ?? 0) + shift.a[row])
        b.append((full[1].1[row] ?? 0) + shift.b[row])
      }
    }
    return Table([("unit", Column(unit)), ("replicate", Column(replicate)), ("a", Column(a)), ("b", Column(b))])
  }()

  static func framework(_ normalise: Normalisation) -> Framework {
    var framework = flat([
      Indicator("a", goalposts: Goalposts(lower: 0, upper: 100), kind: .shareAtCutoff),
      Indicator("b", weight: 3, goalposts: Goalposts(lower: 0, upper: 100), kind: .compositeOfItems),
      Indicator("c", goalposts: Goalposts(lower: 0, upper: 100), kind: .officialRatio),
    ])
    framework.method = ScoreMethod(normalise: normalise)
    return framework
  }

  static func run(
    _ normalise: Normalisation, _ spread: ReplicateTable.Spread = .jk2, _ method: ScoreMethod = ScoreMethod(),
    replicates: [Table] = [replicates]
  ) throws -> ScoreResult {
    try score(
      ScoreRequest(framework(normalise), method: method), source: table(full),
      replicates: .tables(replicates.map { ReplicateTable($0, spread: spread) }), engine: engine)
  }

  /// Under fixed goalposts the index is (a + 3 b + c) / 5, so that its replicates are known.
  @Test func linearScores() throws {
    let result = try Self.run(.goalposts(scale: 100))
    for row in 0..<3 {
      let own = Self.shifts.map { ($0.a[row] + 3 * $0.b[row]) / 5 }
      let mean = own.reduce(0, +) / 4
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let error = try #require(result.row(unit: "u\(row + 1)", term: "Index")?.standardError)
      expectClose(error, variance.squareRoot(), relative: 1e-11, absolute: 1e-12)
    }
    // An official figure does not vary.
    #expect(result.row(unit: "u1", term: "c")?.standardError == nil)
    #expect(result.row(unit: "u1", term: "Index")?.rankLow != nil)
  }

  /// The scale of each method, and two sets whose variances add up.
  @Test func spreads() throws {
    let base = try #require(try Self.run(.goalposts()).row(unit: "u1", term: "Index")?.standardError)
    let factors: [(ReplicateTable.Spread, Double)] = [
      (.brr, 1 / 4), (.fay(0.5), 1), (.jk1, 3 / 4), (.jk2, 1), (.bootstrap, 1 / 3), (.sdr, 1),
      (.plausibleValues, 5 / 12),
    ]
    for (spread, factor) in factors {
      let error = try Self.run(.goalposts(), spread).row(unit: "u1", term: "Index")?.standardError
      expectClose(error ?? .nan, base * factor.squareRoot(), relative: 1e-12)
    }
    let twice = try Self.run(.goalposts(), replicates: [Self.replicates, Self.replicates])
    expectClose(twice.row(unit: "u1", term: "Index")?.standardError ?? .nan, base * 2.0.squareRoot(), relative: 1e-12)
  }

  /// Where scales are fitted and means are not linear: each replicate scored by itself.
  @Test func everyStepIsFittedAnew() throws {
    let method = ScoreMethod(aggregate: [.geometric])
    let result = try Self.run(.minmax(lower: 1, upper: 100), .jk2, method)
    var scores: [[Double]] = []
    for shift in Self.shifts {
      let columns: [(String, [Double?])] = [
        ("a", zip(Self.full[0].1, shift.a).map { ($0 ?? 0) + $1 }),
        ("b", zip(Self.full[1].1, shift.b).map { ($0 ?? 0) + $1 }), Self.full[2],
      ]
      let own = try score(
        ScoreRequest(Self.framework(.minmax(lower: 1, upper: 100)), method: method), source: table(columns),
        engine: engine)
      scores.append((1...3).map { own.row(unit: "u\($0)", term: "Index")?.estimate ?? .nan })
    }
    for row in 0..<3 {
      let own = scores.map { $0[row] }
      let mean = own.reduce(0, +) / 4
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      expectClose(
        result.row(unit: "u\(row + 1)", term: "Index")?.standardError ?? .nan, variance.squareRoot(), relative: 1e-11,
        absolute: 1e-12)
    }
  }

  /// Draws follow the covariance of the replicates: uncorrelated errors would give another variance.
  @Test func drawsFollowTheCovariance() throws {
    let request = ScoreRequest(Self.framework(.goalposts(scale: 100)))
    let exact = try Self.run(.goalposts(scale: 100))
    let drawn = try sensitivity(
      SensitivityRequest(request, plan: SensitivityPlan(samplingDraws: 4000)), source: table(Self.full),
      replicates: .tables([ReplicateTable(Self.replicates, spread: .jk2)]), engine: engine)
    for unit in drawn.units {
      let error = try #require(exact.row(unit: unit.name, term: "Index")?.standardError)
      expectClose(unit.scoreVariance?.sampling ?? .nan, error * error, relative: 0.1)
    }
    let isSilent = !drawn.notes.contains { $0.message.contains("uncorrelated") }
    #expect(isSilent)
  }

  @Test func incompleteReplicatesAreRefused() throws {
    let batch = Self.replicates.batch
    func refusal(_ keep: (Int) -> Bool) throws -> ImmerseError? {
      let rows = (0..<12).filter(keep)
      let units = try batch.categories("unit")
      let (numbers, a) = (try batch.numbers("replicate"), try batch.numbers("a"))
      let part = Table([
        ("unit", Column(rows.map { Optional(units.levels[Int(units.codes[$0])]) })),
        ("replicate", Column(rows.map { $0 == 11 ? 1 : numbers[$0] })), ("a", Column(rows.map { a[$0] })),
      ])
      return #expect(throws: ImmerseError.self) { try Self.run(.goalposts(), replicates: [part]) }
    }
    #expect(try refusal { $0 != 4 && $0 != 11 }?.problem.contains("missing for \"u2\"") == true)
    #expect(try refusal { _ in true }?.problem.contains("twice") == true)
    #expect(try refusal { $0 < 3 }?.kind == .badData)
    let stranger = Table([("unit", Column(["u1"])), ("replicate", Column([1.0])), ("x", Column([1.0]))])
    #expect(throws: ImmerseError.self) { try Self.run(.goalposts(), replicates: [stranger]) }
  }
}
