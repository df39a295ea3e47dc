import Columnar
public import SurveyStatistics

extension ReplicatesSummary {
  /// One row for each run of replicates with the same scale, and what they are.
  public var analysis: AnalysisResult {
    var rows: [JSONValue] = []
    var first = 0
    while first < columns.count {
      var last = first
      while last + 1 < columns.count && variance.scales[last + 1] == variance.scales[first] { last += 1 }
      let name = first == last ? columns[first] : "\(columns[first])-\(columns[last])"
      rows.append([
        "replicates": .string(name), "count": .integer(last - first + 1), "rscale": JSONValue(variance.scales[first]),
      ])
      first = last + 1
    }
    return AnalysisResult(
      "weight.replicates", rows: rows,
      sections: [
        .init(
          "replicates",
          [
            "method": .string(method.name), "count": .integer(columns.count), "scale": JSONValue(variance.scale),
            "n": .integer(self.rows), "strata": .integer(strata), "psus": .integer(psus),
          ])
      ], notes: notes)
  }
}
