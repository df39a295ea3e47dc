import Columnar
public import CompositeIndicators

extension ScoreResult {
  /// The result in the common format; standard errors and rank intervals where any errors were given.
  public var analysis: AnalysisResult {
    let hasErrors = standardErrors != nil
    return AnalysisResult(
      "score",
      rows: rows.map { row in
        var members: [JSONValue.Member] = [
          .init("unit", .string(row.unit)), .init("term", .string(row.term)), .init("level", .integer(row.level)),
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
      sections: [.init("units", .integer(units.count))], notes: notes)
  }
}
