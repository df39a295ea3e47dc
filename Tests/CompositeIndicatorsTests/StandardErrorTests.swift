import Columnar
import CompositeIndicators
import TestSupport
import Testing

@Suite struct StandardErrorTests {
  static let share = IndicatorKind.shareAtCutoff

  /// Four sampled indicators; d of negative direction.
  static func framework(_ kinds: [IndicatorKind?] = [share, share, share, share]) -> Framework {
    var framework = FrameworkTests.sound
    for (index, kind) in kinds.enumerated() {
      framework.indicators[index].kind = kind
      framework.indicators[index].goalposts = Goalposts(lower: 0, upper: 50)
    }
    framework.indicators[3].direction = .negative
    return framework
  }

  static let estimates: [(String, [Double?])] = [
    ("a", [10, 12, 31]), ("b", [20, 15, nil]), ("c", [5, 25, 40]), ("d", [30, 22, 18]),
  ]
  static let errors: [[Double]] = [[1, 2, 3], [2, 1, 2], [0.5, 1.5, 2.5], [3, 1, 2]]

  static func scores(
    _ framework: Framework, _ method: ScoreMethod, _ columns: [(String, [Double?])] = estimates,
    sampling: SamplingErrors?
  ) throws -> ScoreResult {
    let plain = units(columns)
    let matrix = UnitMatrix(
      units: plain.units, codes: plain.codes, columns: plain.columns, sampling: sampling)
    return try ScoreModel(fitting: framework, method, to: matrix).score(matrix)
  }

  static func sampling(_ framework: Framework, covariances: [(Int, Int, [Double])] = []) throws -> SamplingErrors {
    try SamplingErrors(
      framework.indicators.map { indicator throws(ImmerseError) in try SampledIndicator(indicator) },
      standardErrors: errors.map { Buffer($0) },
      covariances: covariances.map { (first: $0.0, second: $0.1, values: Buffer($0.2)) })
  }

  /// The derivative of every score by each estimate of its unit: the estimates of all units are moved, one indicator at a
  /// time, and scored again with the frozen model.
  static func derivatives(_ framework: Framework, _ method: ScoreMethod) throws -> [[ScoreRow]] {
    let model = try ScoreModel(fitting: framework, method, to: units(estimates))
    let step = 1.0 / 64
    return try estimates.indices.map { moved in
      let shifted = { (shift: Double) in
        let columns = estimates.enumerated().map { index, column in
          (column.0, column.1.map { value in index == moved ? value.map { $0 + shift } : value })
        }
        return try model.score(units(columns)).rows
      }
      return try zip(shifted(step), shifted(-step)).map { above, below in
        var row = above
        row.estimate = above.estimate.flatMap { a in below.estimate.map { (a - $0) / (2 * step) } }
        return row
      }
    }
  }

  @Test(arguments: [
    Normalisation.none, .minmax(), .zscore(), .goalposts(), .distanceToMax, .scaled(lower: 0, upper: 60),
  ])
  func errorOfALinearScore(normalise: Normalisation) throws {
    let framework = Self.framework()
    let method = ScoreMethod(normalise: normalise)
    let covariance = [0.5, -1, 1]
    let independent = try Self.scores(framework, method, sampling: Self.sampling(framework))
    let dependent = try Self.scores(
      framework, method, sampling: Self.sampling(framework, covariances: [(0, 3, covariance)]))
    let derivatives = try Self.derivatives(framework, method)
    for (position, row) in independent.rows.enumerated() {
      guard let error = row.standardError, let unit = Int(row.unit.dropFirst()).map({ $0 - 1 }) else {
        #expect(row.unit == "u3" && row.term == "b")
        continue
      }
      let weights = derivatives.map { $0[position].estimate ?? 0 }
      let parts = weights.indices.map { weights[$0] * Self.errors[$0][unit] }
      let variance = parts.map { $0 * $0 }.reduce(0, +)
      expectClose(error, variance.squareRoot(), relative: 1e-9, "\(normalise.method) \(row.term) \(row.unit)")
      let withCovariance = variance + 2 * weights[0] * weights[3] * covariance[unit]
      let other = dependent.rows[position].standardError
      expectClose(other ?? .nan, withCovariance.squareRoot(), relative: 1e-9, "\(row.term) \(row.unit)")
    }
    let caveat = { (result: ScoreResult) in
      result.notes.first { $0.code == "conditional_standard_errors" }?.message.contains("uncorrelated")
    }
    #expect(caveat(independent) == true)
    #expect(caveat(dependent) == false)
  }

  @Test func errorsFollowTheDenominator() throws {
    var framework = flat([Indicator("a", denominator: "pop", kind: .shareAtCutoff)])
    framework.method.normalise = Normalisation.none
    let plain = units([("a", [10, 20]), ("pop", [2, 4])])
    let matrix = UnitMatrix(
      units: plain.units, codes: plain.codes, columns: plain.columns,
      sampling: try SamplingErrors([SampledIndicator(framework.indicators[0])], standardErrors: [Buffer([1, 2])]))
    let result = try ScoreModel(fitting: framework, ScoreMethod(), to: matrix).score(matrix)
    expectClose(result.standardErrors?[0].array ?? [], [0.5, 0.5])
  }

  @Test(arguments: [IndicatorKind.officialRatio, .policyScore])
  func whatIsNotSampledIsRefused(kind: IndicatorKind) throws {
    let error = #expect(throws: ImmerseError.self) { try SampledIndicator(Indicator("a", kind: kind)) }
    #expect(error?.kind == .badData)
    #expect(error?.variable == "a")
    #expect(throws: ImmerseError.self) { try SampledIndicator(Indicator("a")) }

    let request = ScoreRequest(
      Self.framework([kind, Self.share, Self.share, Self.share]), standardErrors: ["a": "se"])
    let source = table(Self.estimates + [("se", [1, 1, 1])])
    #expect(throws: ImmerseError.self) { try score(request, source: source, engine: engine) }
  }

  /// Official ratios are constants: they add nothing, and what is made of them alone has no standard error.
  @Test func officialRatiosAddNoError() throws {
    let framework = Self.framework([Self.share, Self.share, .officialRatio, .policyScore])
    let request = ScoreRequest(
      framework, method: ScoreMethod(normalise: .goalposts()), standardErrors: ["a": "se_a", "b": "se_b"])
    let source = table(Self.estimates + [("se_a", [1, 2, 3]), ("se_b", [2, 1, 2])])
    let result = try score(request, source: source, engine: engine)
    #expect(result.row(unit: "u1", term: "c")?.standardError == nil)
    #expect(result.row(unit: "u1", term: "Y")?.standardError == nil)
    // X = (3 a + b) / 4 on a scale of 100 / 50, Index = X / 4.
    let x = 2 * (9.0 * 1 + 1 * 4).squareRoot() / 4
    expectClose(result.row(unit: "u1", term: "X")?.standardError ?? .nan, x)
    expectClose(result.row(unit: "u1", term: "Index")?.standardError ?? .nan, x / 4)
  }

  /// An error that is not known is never counted as none.
  @Test func unknownErrorsSpread() throws {
    let framework = Self.framework()
    let source = table(Self.estimates + [("se_a", [1, 2, nil]), ("se_b", [2, 1, 2]), ("se_c", [1, 1, 1])])
    let known = ["a": "se_a", "b": "se_b", "c": "se_c"]
    let method = ScoreMethod(normalise: .minmax())
    let result = try score(
      ScoreRequest(framework, method: method, standardErrors: known), source: source, engine: engine)
    let present = { (unit: String, term: String) in result.row(unit: unit, term: term)?.standardError != nil }
    #expect(present("u1", "X"))
    #expect(!present("u1", "d") && !present("u1", "Y") && !present("u1", "Index"))
    #expect(!present("u3", "a") && !present("u3", "X"))
  }

  @Test func stepsThatAreNotLinearLeaveNoError() throws {
    let framework = Self.framework()
    let sampling = try Self.sampling(framework)
    let error = { (method: ScoreMethod, unit: String, term: String) in
      try Self.scores(framework, method, sampling: sampling).row(unit: unit, term: term)?.standardError
    }
    #expect(try error(ScoreMethod(normalise: .rank), "u1", "a") == nil)
    #expect(try error(ScoreMethod(impute: Imputation(.mean)), "u3", "b") == nil)
    #expect(try error(ScoreMethod(impute: Imputation(.mean)), "u3", "X") == nil)
    #expect(try error(ScoreMethod(impute: Imputation(.mean)), "u1", "X") != nil)
    let geometric = ScoreMethod(normalise: .minmax(lower: 1, upper: 100), aggregate: [.geometric])
    #expect(try error(geometric, "u1", "a") != nil)
    #expect(try error(geometric, "u1", "X") == nil)
    // The only part that has a value is its own mean, whatever the method.
    #expect(try error(geometric, "u3", "X") != nil)
    // Beyond a goalpost the score no longer follows the estimate.
    var narrow = framework
    narrow.indicators[0].goalposts = Goalposts(lower: 0, upper: 12)
    let clipped = try Self.scores(narrow, ScoreMethod(normalise: .goalposts()), sampling: sampling)
    #expect(clipped.row(unit: "u2", term: "a")?.standardError != nil)
    #expect(clipped.row(unit: "u3", term: "a")?.standardError == nil)
  }

  @Test func faultyErrorsAreRefused() throws {
    let a = try SampledIndicator(Indicator("a", kind: .siteValue))
    let b = try SampledIndicator(Indicator("b", kind: .siteValue))
    #expect(throws: ImmerseError.self) { try SamplingErrors([a], standardErrors: [Buffer([1, -1])]) }
    #expect(throws: ImmerseError.self) { try SamplingErrors([a], standardErrors: [Buffer([.infinity])]) }
    #expect(throws: ImmerseError.self) { try SamplingErrors([a, b], standardErrors: [Buffer([1.0])]) }
    #expect(throws: ImmerseError.self) { try SamplingErrors([a, a], standardErrors: [Buffer([1.0]), Buffer([1.0])]) }
    #expect(throws: ImmerseError.self) {
      try SamplingErrors([a, b], standardErrors: [Buffer([1.0]), Buffer([1.0])], covariances: [(0, 2, Buffer([1.0]))])
    }
  }
}
