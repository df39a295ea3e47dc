import Columnar
public import SurveyStatistics

extension EstimateResult {
  /// The result in the common format.
  public var analysis: AnalysisResult {
    AnalysisResult(
      "estimate.\(kind.rawValue)", rows: rows.map(\.json), sections: sections, notes: notes,
      hasConverged: hasConverged)
  }

  private var sections: [JSONValue.Member] {
    var sections: [JSONValue.Member] = [.init("design", design.json)]
    if !tests.isEmpty { sections.append(.init("tests", .array(tests.map(\.json)))) }
    if let covariance { sections.append(.init("vcov", covariance.json)) }
    return sections
  }
}

extension Covariance {
  /// A row for each term, with a number for each term.
  public var json: JSONValue {
    .array(
      zip(terms, values).map { term, row in
        .object([.init("term", .string(term))] + zip(terms, row).map { .init($0, JSONValue($1)) })
      })
  }
}

extension TermTest {
  public var json: JSONValue {
    [
      "terms": .string(terms.joined(separator: ", ")), "method": .string(method.rawValue),
      "statistic": JSONValue(statistic), "df": JSONValue(degreesOfFreedom),
      "df_residual": JSONValue(residualDegreesOfFreedom), "p_value": JSONValue(pValue),
      "design_effects": designEffects.map { .array($0.map { JSONValue($0) }) } ?? .null,
    ]
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
