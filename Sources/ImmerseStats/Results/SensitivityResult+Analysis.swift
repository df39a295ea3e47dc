import Columnar
public import CompositeIndicators

extension SensitivityResult {
  /// Which of its tables are the rows of the common format; the others are sections.
  public enum Rows: String, Sendable, CaseIterable {
    case factors, units, removals, log
  }

  /// The result in the common format.
  public func analysis(rows: Rows = .factors) -> AnalysisResult {
    let tables: [(Rows, [JSONValue])] = [
      (.factors, factors.map(\.json)), (.units, units.map(\.json)), (.removals, removals.map(\.json)),
      (.log, cells.map(\.json)),
    ]
    var sections: [JSONValue.Member] = [
      .init(
        "sensitivity",
        [
          "term": .string(term.code), "design": .string(design.rawValue), "runs": .integer(runs),
          "output_mean": JSONValue(outputMean), "output_variance": JSONValue(outputVariance),
          "score_scale": .string(scoreScale), "level": JSONValue(confidenceLevel),
        ])
    ]
    if !interactions.isEmpty { sections.append(.init("interactions", .array(interactions.map(\.json)))) }
    sections += tables.filter { $0.0 != rows }.map { .init($0.0.rawValue, .array($0.1)) }
    return AnalysisResult(
      "sensitivity", rows: tables.first { $0.0 == rows }?.1 ?? [], sections: sections, notes: notes)
  }
}

extension SensitivityResult.Factor {
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("factor", .string(name)), .init("levels", levels == 0 ? .null : .integer(levels)),
      .init("first_order", JSONValue(firstOrder)), .init("total_order", JSONValue(totalOrder)),
    ]
    if firstOrderError != nil {
      members += [
        .init("first_order_std_error", JSONValue(firstOrderError)),
        .init("total_order_std_error", JSONValue(totalOrderError)),
      ]
    }
    return .object(members)
  }
}

extension SensitivityResult.Interaction {
  var json: JSONValue { ["factors": .string(factors.joined(separator: ":")), "share": JSONValue(share)] }
}

extension SensitivityResult.Unit {
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("unit", .string(name)), .init("estimate", JSONValue(estimate)), .init("rank", JSONValue(rank)),
      .init("score_mean", JSONValue(scoreMean)), .init("score_low", JSONValue(scoreLow)),
      .init("score_high", JSONValue(scoreHigh)), .init("rank_mean", JSONValue(rankMean)),
      .init("rank_median", JSONValue(rankMedian)), .init("rank_low", JSONValue(rankLow)),
      .init("rank_high", JSONValue(rankHigh)),
    ]
    for (name, parts) in [("rank_variance", rankVariance), ("score_variance", scoreVariance)] {
      guard let parts else { continue }
      members += [
        .init(name, JSONValue(parts.total)), .init("\(name)_sampling", JSONValue(parts.sampling)),
        .init("\(name)_methods", JSONValue(parts.methods)), .init("\(name)_both", JSONValue(parts.interaction)),
      ]
    }
    return .object(members)
  }
}

extension SensitivityResult.Removal {
  var json: JSONValue {
    [
      "term": .string(term), "level": .integer(level), "mean_rank_shift": JSONValue(meanShift),
      "largest_rank_shift": .integer(largestShift),
    ]
  }
}

extension SensitivityResult.Cell {
  var json: JSONValue {
    .object(
      settings.map { .init($0.factor, .string($0.level)) } + [
        .init("runs", .integer(runs)), .init("mean_rank_shift", JSONValue(meanShift)),
        .init("minimum", JSONValue(minimum)), .init("maximum", JSONValue(maximum)),
        .init("steps", .string(steps.joined(separator: "; "))),
      ])
  }
}
