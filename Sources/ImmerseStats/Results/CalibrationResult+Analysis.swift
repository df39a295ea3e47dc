import Columnar
public import CompositeIndicators

extension CalibrationResult {
  /// The result in the common format: a row for each item, and for each group in which it has parameters of its own.
  public var analysis: AnalysisResult {
    var rows: [JSONValue] = []
    for item in scale.items {
      rows.append(Self.json(item.name, nil, item.parameters))
      for (group, parameters) in (item.byGroup ?? [:]).sorted(by: { $0.key < $1.key }) {
        rows.append(Self.json(item.name, group, parameters))
      }
    }
    return AnalysisResult(
      "score.calibrate", rows: rows,
      sections: [
        .init(
          "groups",
          .array(
            groups.map {
              [
                "group": JSONValue($0.name), "mean": JSONValue($0.mean), "sd": JSONValue($0.sd),
                "n": .integer($0.count),
              ]
            })),
        .init(
          "fit",
          .array(
            fits.map {
              [
                "item": .string($0.item), "group": JSONValue($0.group), "rmsd": JSONValue($0.rmsd),
                "n": .integer($0.count), "free": .bool($0.isFree),
              ]
            })),
        .init(
          "reliability",
          .array(
            reliability.map {
              [
                "group": JSONValue($0.group), "alpha": JSONValue($0.alpha), "omega": JSONValue($0.omega),
                "ordinal_alpha": JSONValue($0.ordinalAlpha), "n": .integer($0.count),
              ]
            })),
        .init("criterion", ["name": "log-likelihood", "value": JSONValue(logLikelihood)]),
        .init(
          "convergence",
          [
            "converged": .bool(hasConverged), "iterations": .integer(iterations), "tolerance": JSONValue(tolerance),
            "n": .integer(count), "patterns": .integer(patterns),
          ]),
      ],
      notes: [
        Note("metric", "θ is scaled over the groups, each counted equally"),
        Note("rmsd", "squared differences of probabilities averaged over θ and categories"),
      ], hasConverged: hasConverged)
  }

  private static func json(_ item: String, _ group: String?, _ parameters: ResponseItem.Parameters) -> JSONValue {
    .object(
      [
        .init("term", .string(item)), .init("group", JSONValue(group)), .init("slope", JSONValue(parameters.slope)),
      ]
        + parameters.thresholds.enumerated().map { .init("threshold_\($0 + 1)", JSONValue($1)) })
  }
}
