public import Columnar
public import CompositeIndicators
public import Streaming

extension ScoreResult {
  /// The result in the common format: standard errors and rank intervals where any errors were given, periods where units
  /// stand in several, weights where they were found rather than stated, trends where periods are numbers.
  public var analysis: AnalysisResult {
    let hasErrors = standardErrors != nil
    var sections: [JSONValue.Member] = [.init("units", .integer(units.count))]
    let weights = model.aggregation.weightNotes.isEmpty ? [] : weightRows
    if !weights.isEmpty { sections.append(.init("weights", .array(weights))) }
    let trends = trends
    if !trends.isEmpty { sections.append(.init("trends", .array(trends.map(\.json)))) }
    sections.append(
      .init("conventions", .object(model.conventions.map { .init($0.code, .string($0.message)) })))
    return AnalysisResult(
      "score",
      rows: rows.map { row in
        var members: [JSONValue.Member] = [.init("unit", .string(row.unit))]
        if let period = row.period { members.append(.init("period", .string(period))) }
        members += [
          .init("term", .string(row.term)), .init("level", .integer(row.level)),
          .init("estimate", JSONValue(row.estimate)), .init("rank", JSONValue(row.rank)),
        ]
        if hasErrors {
          members += [
            .init("std_error", JSONValue(row.standardError)), .init("rank_low", JSONValue(row.rankLow)),
            .init("rank_high", JSONValue(row.rankHigh)),
          ]
        }
        return .object(members)
      },
      sections: sections, notes: notes, hasConverged: model.imputation.hasConverged)
  }

  /// The same, with the analysis that a request asks for.
  ///
  /// - Parameter source: the table that was scored.
  /// - Throws: `usage` where there are weights and nothing that uses them, `badData` where a unit has none.
  public func analysis(
    _ request: ScoreRequest, source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> AnalysisResult {
    var result = analysis
    if request.analyse {
      result.sections += try ScoreAnalysis(
        of: self, unitWeights: request.unitWeights, source: source, unit: request.unit, period: request.period,
        engine: engine
      ).sections
    } else if let weights = request.unitWeights {
      throw ImmerseError(
        .usage, "weights of units are those of the analysis of scores", variable: weights, remedy: "add analyse: true")
    }
    return result
  }

  private var weightRows: [JSONValue] {
    let terms = model.aggregation.terms
    return model.aggregation.groups.enumerated().filter { !model.aggregation.hasOwnWeights($0.offset) }.flatMap {
      _, group in
      zip(group.children, group.weights).map { child, weight in
        [
          "parent": .string(terms[group.target].code), "term": .string(terms[child].code),
          "weight": JSONValue(weight),
        ]
      }
    }
  }
}

extension Trend {
  var json: JSONValue {
    [
      "unit": .string(unit), "term": .string(term), "from": .string(from), "to": .string(to),
      "change": JSONValue(change), "annual_change": JSONValue(annualChange), "annual_growth": JSONValue(annualGrowth),
      "rank_change": JSONValue(rankChange),
    ]
  }
}
