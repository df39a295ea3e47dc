import Columnar
public import SurveyStatistics

extension EstimateResult {
  /// The result in the common format.
  public var analysis: AnalysisResult {
    AnalysisResult(
      "estimate.\(kind.rawValue)", rows: rows.map(\.json), sections: [.init("design", design.json)], notes: notes,
      hasConverged: hasConverged)
  }
}

extension Estimate {
  public var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("term", .string(term)),
      .init("by", .object(by.map { .init($0.variable, .string($0.level)) })),
    ]
    switch form {
    case .estimate: break
    case .coefficient:
      members += [
        .init("estimate", JSONValue(estimate)), .init("std_error", JSONValue(standardError)),
        .init("statistic", JSONValue(statistic)), .init("df", JSONValue(degreesOfFreedom)),
        .init("p_value", JSONValue(pValue)), .init("conf_low", JSONValue(confidenceLow)),
        .init("conf_high", JSONValue(confidenceHigh)), .init("n", .integer(count)),
      ]
      return .object(members)
    case .test:
      members += [
        .init("statistic", JSONValue(statistic)), .init("df", JSONValue(degreesOfFreedom)),
        .init("df_residual", JSONValue(residualDegreesOfFreedom)), .init("p_value", JSONValue(pValue)),
        .init("n", .integer(count)),
      ]
      return .object(members)
    }
    if let probability { members.append(.init("prob", .number(probability))) }
    members += [
      .init("estimate", JSONValue(estimate)),
      .init("std_error", JSONValue(standardError)),
      .init("conf_low", JSONValue(confidenceLow)),
      .init("conf_high", JSONValue(confidenceHigh)),
      .init("df", JSONValue(degreesOfFreedom)),
      .init("n", .integer(count)),
      .init("deff", JSONValue(designEffect)),
    ]
    if let imputation {
      members += [
        .init("imputations", .integer(imputation.count)),
        .init("sampling_variance", JSONValue(imputation.samplingVariance)),
        .init("imputation_variance", JSONValue(imputation.imputationVariance)),
        .init("fmi", JSONValue(imputation.missingInformation)),
      ]
    }
    return .object(members)
  }
}

extension DesignSummary {
  public var json: JSONValue {
    let own: [JSONValue.Member] = [
      .init("n", .integer(count)), .init("sum_of_weights", JSONValue(sumOfWeights)),
      .init("strata", JSONValue(strata)), .init("psus", JSONValue(psus)), .init("df", .integer(degreesOfFreedom)),
    ]
    guard let replicates else { return .object(own) }
    return .object(
      own + [
        .init("replicates", .integer(replicates.variance.count)), .init("method", .string(replicates.method.name)),
        .init("scale", JSONValue(replicates.variance.scale)),
        .init("centre", .string(replicates.variance.centre.rawValue)),
      ])
  }
}

extension RakeSummary {
  /// One row for each margin, and what raking did to the weights as a whole.
  public var analysis: AnalysisResult {
    AnalysisResult(
      "weight.rake",
      rows: margins.map { row in
        [
          "variable": .string(row.margin.variable), "category": .string(row.margin.category),
          "domain": JSONValue(row.margin.domain), "target": JSONValue(row.margin.total),
          "before": JSONValue(row.before), "after": JSONValue(row.after),
        ]
      },
      sections: [
        .init(
          "weights",
          [
            "n": .integer(count), "sum_before": JSONValue(sumBefore), "sum_after": JSONValue(sumAfter),
            "g_min": JSONValue(smallestFactor), "g_max": JSONValue(largestFactor),
          ]),
        .init(
          "convergence",
          [
            "converged": .bool(true), "sweeps": .integer(sweeps),
            "largest_relative_error": JSONValue(largestRelativeError),
          ]),
      ])
  }
}
