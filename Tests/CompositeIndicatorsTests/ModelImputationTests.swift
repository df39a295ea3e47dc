import Columnar
import CompositeIndicators
import TestSupport
import Testing

/// Imputation by models of the other indicators, from other periods, and by several draws.
@Suite struct ModelImputationTests {
  static func golden() throws -> (GoldenJSON, UnitMatrix, [[Double?]]) {
    let golden = try GoldenJSON(TestFiles.golden("indicators/component_weights.json"))
    let rows = try golden["incomplete"].list.map { row in
      try row.list.map { cell -> Double? in cell.isNull ? nil : try cell.number }
    }
    return (golden, units((0..<3).map { column in ("x\(column)", rows.map { $0[column] }) }), rows)
  }

  static func filled(_ imputation: Imputation, _ matrix: UnitMatrix) throws -> (UnitMatrix, [Note]) {
    var notes: [Note] = []
    let frozen = try roundTrip(imputation.fit(matrix))
    return (try frozen.apply(to: matrix, notes: &notes), notes)
  }

  /// R 4.2.2: `predict` of `lm`.
  @Test func regression() throws {
    let (golden, matrix, rows) = try Self.golden()
    let (result, notes) = try Self.filled(Imputation(.regression, predictors: ["x0", "x1"]), matrix)
    for (row, cell) in golden["predicted_third"].list.enumerated() {
      let value = values(result["x2"])[row]
      if let own = rows[row][2] {
        #expect(value == own)
      } else if cell.isNull {
        #expect(value.isNaN)
      } else {
        expectClose(value, try cell.number, relative: 1e-11)
      }
    }
    #expect(notes.map(\.code) == ["not_imputed", "imputed"] || notes.map(\.code).contains("imputed"))
    #expect(throws: ImmerseError.self) { try Imputation(.regression).fit(matrix) }
    #expect(throws: ImmerseError.self) { try Imputation(.regression, predictors: ["nobody"]).fit(matrix) }
    let twins = units([("a", [1, 2, 3, 4, 5]), ("b", [2, 4, 6, 8, 10]), ("y", [1, nil, 2, 5, 4])])
    let error = #expect(throws: ImmerseError.self) { try Imputation(.regression, predictors: ["a", "b"]).fit(twins) }
    #expect(error?.variable == "b")
  }

  /// The values imputed are the conditional expectations at the maximum of the likelihood, which R found by `optim`.
  @Test func expectationAndMaximisation() throws {
    let (golden, matrix, rows) = try Self.golden()
    let (result, notes) = try Self.filled(Imputation(.em), matrix)
    #expect(notes.map(\.code) == ["imputed"])
    let mean = try golden["mean"].numbers
    let s = try golden["covariance"].numbers
    for (row, cells) in rows.enumerated() where cells[2] == nil {
      guard let a = cells[0], let b = cells[1] else { continue }
      // Two observed indicators: their covariance matrix inverted by hand.
      let determinant = s[0] * s[4] - s[1] * s[1]
      let (da, db) = (a - mean[0], b - mean[1])
      let expected =
        mean[2] + (s[2] * (s[4] * da - s[1] * db) + s[5] * (s[0] * db - s[1] * da)) / determinant
      expectClose(values(result["x2"])[row], expected, relative: 1e-5)
    }
  }

  /// Where only the second of two indicators has gaps the maximum is known in closed form (Anderson, 1957): the regression
  /// on the first, so that the expectation lies on its line.
  @Test func monotoneGapsAreFilledFromTheRegression() throws {
    let x = (0..<30).map { Double(($0 * 17) % 31) }
    let y = x.enumerated().map { index, x -> Double? in index % 4 == 1 ? nil : 3 + 2 * x + Double((index * 7) % 5) }
    let matrix = units([("x", x.map { $0 }), ("y", y)])
    let (byLikelihood, _) = try Self.filled(Imputation(.em), matrix)
    let (byRegression, _) = try Self.filled(Imputation(.regression, predictors: ["x"]), matrix)
    expectClose(values(byLikelihood["y"]), values(byRegression["y"]), relative: 1e-10)
  }

  @Test func tooFewUnitsForTheCovariances() throws {
    #expect(throws: ImmerseError.self) {
      try Imputation(.em).fit(units([("a", [1, nil, 3]), ("b", [1, 2, 4]), ("c", [5, 1, nil])]))
    }
    #expect(throws: ImmerseError.self) { try Imputation(.em).fit(units([("a", [1, 1]), ("b", [1, nil])])) }
    #expect(throws: ImmerseError.self) { try Imputation(.em).fit(units([("a", [nil, nil]), ("b", [1, 2])])) }
  }

  /// COINr 1.1.14's `impute_panel`; its `latest` reorders the rows, this one does not.
  @Test func panel() throws {
    let matrix = UnitMatrix(
      units: ["A", "A", "A", "A", "B", "B", "B", "B", "C", "C"], codes: ["v"],
      columns: [Buffer([1, .nan, 3, .nan, .nan, 5, .nan, 9, .nan, 4])],
      period: Column(["1", "2", "3", "4", "1", "2", "3", "4", "1", "4"]).categories)
    let expected: [(Imputation.Method, [Double])] = [
      (.latest, [1, 1, 3, 3, .nan, 5, 5, 9, .nan, 4]), (.linear, [1, 2, 3, 3, 5, 5, 7, 9, 4, 4]),
      (.constant, [1, 1, 3, 3, 5, 5, 5, 9, 4, 4]),
    ]
    for (method, filled) in expected {
      let (result, _) = try Self.filled(Imputation(method), matrix)
      #expect(sameBits(values(result["v"]), filled), "\(method)")
    }
    #expect(throws: ImmerseError.self) { try Imputation(.linear).fit(units([("v", [1, nil])])) }
  }

  static func multiple(_ seed: Int, _ threads: Int = 2) throws -> ScoreResult {
    let x = (0..<40).map { Double(($0 * 17) % 41) }
    let y = x.enumerated().map { index, x -> Double? in index % 5 == 1 ? nil : x + Double((index * 7) % 11) }
    let source = table([("a", x.map { $0 }), ("b", y)])
    let method = ScoreMethod(
      impute: Imputation(.multiple, imputations: 40, seed: seed), normalise: .scaled(lower: 0, upper: 60))
    return try score(
      ScoreRequest(flat([Indicator("a"), Indicator("b")]), method: method), source: source,
      engine: .init(threads: threads))
  }

  @Test func severalDrawsArePooled() throws {
    let result = try Self.multiple(1)
    let errors = try #require(result.standardErrors)
    let b = try #require(result.terms.firstIndex { $0.code == "b" })
    for row in 0..<40 {
      // On a fixed scale only a value drawn is uncertain, and the index half as much.
      let (own, index) = (errors[b][row], errors[0][row])
      #expect((own > 0) == (row % 5 == 1))
      expectClose(index, own / 2, relative: 1e-9, absolute: 1e-12)
    }
    #expect(result.notes.contains { $0.code == "multiple_imputation" })
    #expect(sameBits(errors[0].array, try #require(Self.multiple(1, 1).standardErrors)[0].array))
    let other = try #require(Self.multiple(2).standardErrors)[0]
    #expect(!sameBits(errors[0].array, other.array))
    #expect(throws: ImmerseError.self) {
      try Imputation(.multiple).fit(units([("a", [1, nil])]))
    }
  }
}
