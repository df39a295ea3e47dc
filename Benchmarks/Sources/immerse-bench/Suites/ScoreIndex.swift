import ImmerseStats

extension Suite {
  /// Children as units, with their blank answers as they are.
  static let scoreIndex = scoreIndex(items: BenchmarkSurvey.items)

  static func scoreIndex(items: [String]) -> Suite {
    let framework = BenchmarkSurvey.framework(of: items)
    return Suite(
      name: "score-index",
      summary: "\(items.count) indicators to \(framework.aggregates.count - 1) dimensions to an index",
      columns: items.map { .number($0) }
    ) { input in
      let columns = try input.data.table(items.map { .number($0) })
      var batch = columns.batch
      batch.set("unit", Column((0..<batch.rowCount).map(Double.init)))
      let table = Table(batch, name: columns.name)
      return Task(run: {
        let result = try CompositeIndicators.score(
          ScoreRequest(framework, unit: "unit"), source: table, engine: input.engine)
        var answer: Answer = [:]
        for (term, scores) in zip(result.terms, result.estimates) where term.level > 1 {
          let present = scores.array.filter { !$0.isNaN }
          answer["mean \(term.code)"] = present.reduce(0, +) / Double(present.count)
        }
        return answer
      })
    }
  }
}
