import ImmerseStats

/// What a table may hold: numbers, text, categories in an order of their own, and missing values.
func tableChecks() throws -> [Check] {
  let table = Table(
    [
      ("score", Column([1.5, 2.5, .nan])),
      ("school", Column(["a", "b", nil])),
      ("support", Column(.category(Buffer([1, 0, -1]), Levels(["low", "high"], isDeclared: true)))),
    ], name: "scores")

  let columns: [ColumnRequest] = [.number("score"), .category("school"), .category("support")]
  let dataset = try Dataset(table, columns: columns, engine: Engine())
  let missing = dataset.profile.missing["score"]
  let levels = dataset.profile.levels["support"]?.names
  return [
    Check("missing scores", missing.map(Double.init), 1),
    Check("levels in their declared order", levels == ["low", "high"] ? 1 : 0, 1),
  ]
}

/// An error says what is wrong, where, and what to do.
func refusalChecks() throws -> [Check] {
  var kind: ImmerseError.Kind?
  do throws(ImmerseError) {
    _ = try Estimation.run(EstimateRequest(.mean, of: ["mathematics"]), on: children)
  } catch {
    kind = error.kind
    print("refused:", error)
  }
  return [Check("a column that does not exist is bad data", kind == .badData ? 1 : 0, 1)]
}
