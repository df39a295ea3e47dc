import Columnar
public import SurveyStatistics

extension CalibrationModel {
  /// One row for each margin, and what the step did to the weights as a whole.
  public var analysis: AnalysisResult {
    AnalysisResult(
      "weight.\(name)",
      rows: summary.margins.map { row in
        [
          "variable": .string(row.margin.variable),
          "category": row.margin.category.isEmpty ? .null : .string(row.margin.category),
          "domain": JSONValue(row.margin.domain), "target": JSONValue(row.margin.total),
          "before": JSONValue(row.before), "after": JSONValue(row.after),
        ]
      },
      sections: [
        .init(
          "weights",
          [
            "n": .integer(summary.count), "sum_before": JSONValue(summary.sumBefore),
            "sum_after": JSONValue(summary.sumAfter), "g_min": JSONValue(summary.smallestFactor),
            "g_max": JSONValue(summary.largestFactor),
          ]),
        .init(
          "convergence",
          .object([
            .init("converged", .bool(true)),
            .init(name == "calibrate" ? "iterations" : "sweeps", .integer(summary.iterations)),
            .init("largest_relative_error", JSONValue(summary.largestRelativeError)),
          ])),
      ], notes: notes)
  }

  private var notes: [Note] {
    var notes: [Note] = []
    if let smallest = summary.smallestFactor, smallest < 0 {
      notes.append(
        Note(
          "negative_weights",
          "some weights are negative, which no design takes; --method raking or --bounds keep them positive"))
    }
    if summary.missable > 0 {
      notes.append(
        Note(
          "margins_with_costs",
          "\(summary.missable) of \(summary.margins.count) totals may be missed at a cost, and are not met exactly"))
    }
    return notes
  }
}
