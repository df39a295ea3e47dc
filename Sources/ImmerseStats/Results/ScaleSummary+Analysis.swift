import Columnar
public import CompositeIndicators

extension ScaleSummary {
  /// The result in the common format.
  public var analysis: AnalysisResult {
    AnalysisResult(
      "score.scale",
      rows: rows.map { row in
        [
          "term": .string(scale.name), "by": .object(by.map { [.init($0, .string(row.group ?? "average"))] } ?? []),
          "mean": JSONValue(row.mean), "std_dev": JSONValue(row.standardDeviation),
          "measurement_error": JSONValue(row.errorOfMeasurement), "reliability": JSONValue(row.reliability),
          "n": .integer(row.count), "missing": .integer(row.missing),
        ]
      },
      sections: [.init("metric", ["mean": JSONValue(scale.metric.mean), "sd": JSONValue(scale.metric.sd)])],
      notes: [
        Note(
          "reliability",
          scale.estimator == .wle
            ? "reliability is 1 - mean(SE²) / variance of the weighted likelihood estimates"
            : "reliability is variance / (variance + mean(SE²)) of the posterior means"),
        Note("standard_deviation", "divisor: the sum of the weights; in the average groups count equally"),
      ])
  }
}
