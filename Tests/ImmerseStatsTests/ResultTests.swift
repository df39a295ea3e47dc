import ImmerseStats
import TestSupport
import Testing

/// Results in the common format.
struct ResultTests {
  @Test func nestedObjectsAreSpreadOverColumns() {
    let table = ResultTable([
      ["term": .string("x"), "by": ["sex": .string("girl"), "age": .string("7")], "estimate": .number(1)],
      ["term": .string("y"), "by": ["sex": .string("boy")], "n": .integer(3)],
    ])
    #expect(table.columns == ["term", "sex", "age", "estimate", "n"])
    #expect(
      table.rows == [
        [.string("x"), .string("girl"), .string("7"), .number(1), .null],
        [.string("y"), .string("boy"), .null, .null, .integer(3)],
      ])
  }

  @Test func aTableOfNothingIsEmpty() {
    let table = ResultTable([])
    #expect(table.columns.isEmpty && table.rows.isEmpty)
    let scalars = ResultTable([.number(1)])
    #expect(scalars.columns.isEmpty)
  }

  /// What cannot be computed is null, and a stratum's level is text although it looks like a number.
  @Test func estimates() throws {
    let table = Table([("x", Column([1, 3, 5])), ("sex", Column([1, 2, 2]))])
    let result = try Estimation.run(EstimateRequest(.mean, of: ["x"], by: ["sex"]), on: table).analysis
    #expect(result.analysis == "estimate.mean")
    let row = try #require(result.rows.first)
    guard case .object(let members) = row else {
      Issue.record("a row is an object")
      return
    }
    let keys = members.map(\.key)
    #expect(keys == ["term", "by", "estimate", "std_error", "conf_low", "conf_high", "df", "n", "deff"])
    #expect(row["by"]?["sex"] == .string("1"))
    #expect(row["estimate"] == .number(1))
    #expect(row["df"] == .null)
    #expect(row["conf_low"] == .null)
    #expect(result.sections.map(\.key) == ["design"])
  }

  @Test func models() throws {
    let schools = ["a", "a", "a", "b", "b", "b", "c", "c", "c"]
    let table = Table([
      ("y", Column([0, 1, 2, 4, 5, 6, 2, 3, 4])), ("school", Column(schools.map { Optional($0) })),
    ])
    let result = try MixedModel.fit(FitRequest("y ~ 1 + (1 | school)"), to: table).result.analysis
    #expect(result.hasConverged)
    let keys = result.sections.map(\.key)
    #expect(
      keys == [
        "variance_components", "vcov", "inference", "criterion", "groups", "n", "dropped_rows", "weights",
        "convergence",
      ])
    guard case .array(let components)? = result.json["variance_components"] else {
      Issue.record("variance components are a list")
      return
    }
    #expect(components.last?["group"] == .string("Residual"))
    #expect(components.first?["term2"] == .null)
    #expect(components.first?["correlation"] == .null)
    #expect(result.json["criterion"]?["name"] == .string("REML"))
    #expect(result.json["groups"]?["school"] == .integer(3))
  }

  @Test func scores() throws {
    let table = Table([
      ("unit", Column(["a", "b", "c"])), ("x", Column([1, 2, 4])), ("y", Column([.nan, 1, 2])),
      ("x error", Column([0.1, 0.1, 0.1])),
    ])
    let framework = Framework(
      indicators: [Indicator("x", parents: ["i"], kind: .shareAtCutoff), Indicator("y", parents: ["j"])],
      aggregates: [Aggregate("i"), Aggregate("j")])
    let plain = try score(ScoreRequest(framework), source: table, engine: Engine()).analysis
    #expect(plain.analysis == "score")
    #expect(
      plain.rows[0] == [
        "unit": .string("a"), "term": .string("i"), "level": .integer(2), "estimate": .number(0), "rank": .integer(3),
      ])
    let missing = try #require(plain.rows.first { $0["term"] == .string("j") && $0["unit"] == .string("a") })
    #expect(missing["estimate"] == .null && missing["rank"] == .null)
    let request = ScoreRequest(framework, standardErrors: ["x": "x error"])
    let rows = try score(request, source: table, engine: Engine()).analysis.rows
    let best = try #require(rows.first { $0["term"] == .string("i") && $0["unit"] == .string("c") })
    guard case .number(let error)? = best["std_error"] else {
      Issue.record("no standard error")
      return
    }
    // 100 / (4 - 1) times the error of x; the units lie ten and twenty errors apart.
    expectClose(error, 10.0 / 3)
    #expect(best["rank_low"] == .integer(1) && best["rank_high"] == .integer(1))
    let unknown = try #require(rows.first { $0["term"] == .string("j") && $0["unit"] == .string("c") })
    #expect(unknown["std_error"] == .null && unknown["rank_low"] == .null && unknown["rank_high"] == .null)
  }

  @Test func raking() throws {
    let table = Table([("sex", Column(["f", "m"]))])
    let margins = [Margin(variable: "sex", category: "f", total: 3), Margin(variable: "sex", category: "m", total: 1)]
    let result = try Weighting.rake(RakeRequest(margins: margins), on: table).analysis
    #expect(result.rows.count == 2)
    #expect(result.rows[0]["target"] == .number(3))
    #expect(result.rows[0]["before"] == .number(1))
    #expect(result.rows[0]["domain"] == .null)
    #expect(result.json["weights"]?["g_max"] == .number(3))
    #expect(result.json["convergence"]?["converged"] == .bool(true))
  }
}
