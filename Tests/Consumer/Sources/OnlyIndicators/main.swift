import CompositeIndicators

let table = Table([("unit", Column(["a", "b", "c"])), ("x", Column([1, 2, 3])), ("y", Column([4, 6, 8]))])
let framework = Framework(
  indicators: [Indicator("x", parents: ["index"]), Indicator("y", parents: ["index"])],
  aggregates: [Aggregate("index")])
let result = try score(ScoreRequest(framework), source: table, engine: Engine(threads: 1))
guard let row = result.row(unit: "b", term: "index"), row.estimate == 50, row.rank == 2 else { fatalError() }
print("CompositeIndicators alone: b scores \(row.estimate ?? .nan)")
