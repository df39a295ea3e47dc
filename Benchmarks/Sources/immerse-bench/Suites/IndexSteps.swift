import ImmerseStats
import Probability

extension Suite {
  /// Averages of values that are normalised already, with their blanks; no ranks.
  static let aggregateIndex = indexSteps("aggregate-index", "30 normalised indicators to 6 dimensions to an index") {
    framework, units, threads in
    let aggregation = try FrozenAggregation(framework.hierarchy())
    return {
      var notes: [Note] = []
      return try aggregation.apply(to: units, threads: threads, notes: &notes)["index"]
    }
  }

  /// Scales fitted, values normalised, averaged and ranked under every term.
  static let rankIndex = indexSteps("rank-index", "30 indicators normalised, averaged and ranked") {
    framework, units, threads in
    { try ScoreModel(fitting: framework, to: units, threads: threads).score(units, threads: threads).estimates.first }
  }

  private static func indexSteps(
    _ name: String, _ summary: String,
    _ prepare: @escaping @Sendable (Framework, UnitMatrix, Int) throws -> () throws -> Buffer<Double>?
  ) -> Suite {
    let items = BenchmarkSurvey.items
    return Suite(name: name, summary: summary, columns: items.map { .number($0) }) { input in
      let table = try input.data.table(items.map { .number($0) })
      let units = UnitMatrix(
        units: (0..<table.rowCount).map { "\($0)" }, codes: items,
        columns: try items.map { try table.batch.numbers($0) })
      let run = try prepare(BenchmarkSurvey.framework(of: items), units, input.engine.threads)
      return Task(run: { ["first": try run()?.array.first ?? .nan] })
    }
  }

  /// As many draws of the weights as there are rows, on an index of 49 indicators, 8 pillars and 2 sub-indices of 51
  /// units. One read is of as many bytes as one unit's scores under all draws.
  static let uncertaintyDraws = Suite(
    name: "uncertainty-draws", summary: "draws of weights on 51 units and 49 indicators", columns: [.number("math")]
  ) { input in
    var stream = RandomStreams(seed: 1, purpose: "benchmark index")[0]
    let codes = (0..<49).map { "x\($0)" }
    let units = UnitMatrix(
      units: (0..<51).map { "u\($0)" }, codes: codes,
      columns: codes.map { _ in Buffer((0..<51).map { _ in stream.normal() }) })
    let framework = Framework(
      indicators: codes.indices.map { Indicator(codes[$0], parents: ["p\($0 % 8)"]) },
      aggregates: [Aggregate("index"), Aggregate("s0", parents: ["index"]), Aggregate("s1", parents: ["index"])]
        + (0..<8).map { Aggregate("p\($0)", parents: ["s\($0 % 2)"]) })
    let plan = SensitivityPlan(draws: input.data.rows)
    return Task(run: {
      let result = try SensitivityResult(of: framework, plan: plan, units: units, threads: input.engine.threads)
      return ["mean shift": result.outputMean]
    })
  }

  /// Weighted likelihood estimates of children on six four-category items of a generalised partial credit model. The
  /// answers are drawn here; six items of the survey stand for them where a read is timed.
  static let scoreScale = Suite(
    name: "score-scale", summary: "children scored by WLE on six four-category items",
    columns: BenchmarkSurvey.items.prefix(names.count).map { .number($0) }
  ) { input in
    let streams = RandomStreams(seed: 1, purpose: "benchmark scale")
    let thresholds = [-1.5, 0, 1.2]
    var answers = names.map { _ in [Double](repeating: .nan, count: input.data.rows) }
    for row in 0..<input.data.rows {
      var stream = streams[row]
      let theta = stream.normal()
      for item in names.indices where stream.uniform() > 0.04 {
        let latent = theta + stream.normal() + Double(item) / 5
        answers[item][row] = Double(thresholds.count { latent > $0 })
      }
    }
    let table = Table(zip(names, answers).map { ($0, Column($1)) }, name: "children")
    let scale = ResponseScale(
      "belonging",
      names.enumerated().map { index, name in
        ResponseItem(name, slope: 0.8 + Double(index) / 10, thresholds: thresholds)
      }, minimumItems: 3)
    return Task(run: {
      // A score of its own each time: it remembers the patterns it has solved.
      let scored = try table.applying(try ResponseScore(scale))
      try parallelForEach(scored.chunkCount, threads: input.engine.threads) { (chunk: Int) throws(ImmerseError) in
        _ = try scored.chunk(chunk, [.number("belonging"), .number("belonging_se")])
      }
      return ["first": try scored.chunk(0, [.number("belonging")]).numbers("belonging")[0]]
    })
  }

  private static let names = (1...6).map { "item\($0)" }
}
