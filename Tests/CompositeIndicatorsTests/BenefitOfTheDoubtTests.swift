import Columnar
import CompositeIndicators
import TestSupport
import Testing

/// Scores under weights that each unit chooses itself. Expected values: linear programmes by HiGHS, cross-checked with
/// lpSolve.
@Suite struct BenefitOfTheDoubtTests {
  static let x = WeightingTests.x

  static func scores(
    _ bounds: ShareBounds, of rows: [[Double?]] = x, fittedTo reference: [[Double?]] = x,
    _ method: Aggregation = .arithmetic
  ) throws -> [Double] {
    let matrix = { (rows: [[Double?]]) in units((0..<3).map { column in ("x\(column)", rows.map { $0[column] }) }) }
    let framework = flat((0..<3).map { Indicator("x\($0)") })
    let step = try FrozenAggregation(
      fitting: framework.hierarchy(), methods: [method], weights: [.bod(bounds)], to: matrix(reference))
    var notes: [Note] = []
    return values(try roundTrip(step).apply(to: matrix(rows), notes: &notes)["Index"])
  }

  @Test(arguments: [
    (ShareBounds(), [1.0, 1.0, 1.0, 0.923076923076923, 0.717948717948718]),
    (ShareBounds(lower: 0.2, upper: 0.5), [1.0, 1.0, 1.0, 0.9068825910931174, 0.7071823204419889]),
    (
      ShareBounds(lower: 0.2, upper: 0.5, share: .pie),
      [0.7826086956521737, 0.9999999999999998, 0.8076923076923077, 0.8955223880597013, 0.7058823529411764]
    ),
  ])
  func bestWeights(_ bounds: ShareBounds, _ expected: [Double]) throws {
    expectClose(try Self.scores(bounds), expected, relative: 1e-10)
    // Two units of the same values are held against each other once, and one more unit below changes nothing.
    let more = try Self.scores(bounds, fittedTo: Self.x + Self.x + [[0.1, 0.1, 0.1]])
    expectClose(more, expected, relative: 1e-10)
    // The unit of measurement of a part does not matter where shares are of contributions or free.
    if bounds.share == .pie || bounds.lower == 0 {
      let rescaled = Self.x.map { [$0[0] * 100, $0[1] * 7, $0[2]] }
      expectClose(try Self.scores(bounds, of: rescaled, fittedTo: rescaled), expected, relative: 1e-10)
    }
  }

  /// Against the vertices of the feasible set, of which the optimum is one.
  @Test func agreesWithEnumeration() throws {
    var state: UInt64 = 7
    func random() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / Double(1 << 24) + 0.01
    }
    let rows = (0..<12).map { _ in (0..<3).map { _ in random() } }
    let scores = try Self.scores(ShareBounds(), of: rows, fittedTo: rows)
    for (unit, score) in zip(rows, scores) {
      let normals = rows + [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
      let limits = rows.map { _ in 1.0 } + [0, 0, 0]
      var best = 0.0
      for a in normals.indices {
        for b in 0..<a {
          for c in 0..<b {
            guard let w = solve([normals[a], normals[b], normals[c]], [limits[a], limits[b], limits[c]]) else {
              continue
            }
            let isFeasible = w.allSatisfy { $0 >= -1e-10 } && rows.allSatisfy { dot($0, w) <= 1 + 1e-10 }
            if isFeasible { best = max(best, dot(unit, w)) }
          }
        }
      }
      expectClose(score, best, relative: 1e-9)
    }
  }

  @Test func unitsOutsideTheReference() throws {
    // Twice a unit of the frontier has twice its score.
    expectClose(try Self.scores(ShareBounds(), of: [[1.8, 0.8, 0.6]]), [2], relative: 1e-10)
    // What is missing takes no part: the best of the others in x0 is 0.9.
    expectClose(try Self.scores(ShareBounds(), of: [[0.45, nil, nil]]), [0.5], relative: 1e-10)
    // One part cannot have a share of one half.
    let alone = try Self.scores(ShareBounds(upper: 0.5), of: [[0.45, nil, nil], [nil, nil, nil]])
    #expect(sameBits(alone, [.nan, .nan]))
  }

  static func refusal(
    _ bounds: ShareBounds, _ rows: [[Double?]] = x, _ method: Aggregation = .arithmetic
  ) -> ImmerseError? {
    let error = #expect(throws: ImmerseError.self) { try scores(bounds, of: rows, fittedTo: rows, method) }
    return error
  }

  @Test func refusals() {
    let most = Self.refusal(ShareBounds(upper: 0.3, share: .pie))
    #expect(most?.kind == .usage)
    #expect(most?.problem.contains("pie shares of at most 0.3 make no whole") == true)
    #expect(most?.variable == "Index")
    #expect(Self.refusal(ShareBounds(lower: 0.4))?.problem.contains("weight shares of at least 0.4") == true)
    #expect(Self.refusal(ShareBounds(lower: 0.5, upper: 0.2))?.kind == .usage)
    #expect(Self.refusal(ShareBounds(lower: -1))?.kind == .usage)
    #expect(Self.refusal(ShareBounds(upper: .nan))?.kind == .usage)
    #expect(Self.refusal(ShareBounds(), Self.x, .geometric)?.kind == .usage)
    #expect(Self.refusal(ShareBounds(), [[1, 1, 0], [1, 2, 0]])?.problem.contains("\"x2\" is zero") == true)
    #expect(Self.refusal(ShareBounds(), [[1, 1, -1], [1, 2, 3]])?.variable == "x2")
    #expect(Self.refusal(ShareBounds(lower: 0.1, share: .pie), [[1, 1, 0], [1, 2, 3]])?.variable == "x2")
    #expect(Self.refusal(ShareBounds(), [[1, 1, nil], [nil, 2, 3]])?.kind == .badData)
  }

  /// Each unit's weights are its own, so none are listed, and a sampling error that they carry is not known.
  @Test func inAnIndex() throws {
    let framework = flat((0..<3).map { Indicator("x\($0)", kind: .compositeOfItems) })
    let columns = (0..<3).map { column in ("x\(column)", Self.x.map { Optional($0[column]) }) }
    let source = table(columns + [("e", Self.x.map { _ in 0.1 })])
    let request = ScoreRequest(
      framework, method: ScoreMethod(normalise: Normalisation.none, weights: [.bod()]), standardErrors: ["x0": "e"])
    let result = try score(request, source: source, engine: engine)
    let row = try #require(result.row(unit: "u4", term: "Index"))
    expectClose(row.estimate ?? .nan, 0.923076923076923, relative: 1e-10)
    #expect(row.standardError == nil)
    #expect(row.rank == 4)
    #expect(result.model.conventions.contains { $0.code == "benefit_of_the_doubt" })
    let other = try sensitivity(SensitivityRequest(request, plan: SensitivityPlan(samplingDraws: 20)), source: source)
    #expect(other.units.count == 5)
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// Cramer's rule; nil where the rows depend on each other.
private func solve(_ a: [[Double]], _ b: [Double]) -> [Double]? {
  func determinant(_ m: [[Double]]) -> Double {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
      + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
  }
  let whole = determinant(a)
  guard whole.magnitude > 1e-12 else { return nil }
  return (0..<3).map { column in
    determinant((0..<3).map { row in (0..<3).map { $0 == column ? b[row] : a[row][$0] } }) / whole
  }
}
