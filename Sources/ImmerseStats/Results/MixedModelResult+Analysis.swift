public import Columnar
public import MultilevelModels
import SurveyStatistics

extension MixedModelResult {
  /// The result in the common format.
  public var analysis: AnalysisResult {
    var sections: [JSONValue.Member] = [.init("variance_components", .array(varianceComponents.map(\.json)))]
    // What was asked for beyond a fit.
    let terms = rows.map(\.term)
    let asked: [(String, [JSONValue])] = [
      ("tests", tests.map(\.json)), ("intervals", intervals.map(\.json)), ("r2", shares.map(\.json)),
      ("means", means.map(\.json)), ("contrasts", contrasts.map(\.json)),
      ("influence", influence.map { $0.json(terms) }),
    ]
    for (key, rows) in asked where !rows.isEmpty { sections.append(.init(key, .array(rows))) }
    if let covariance { sections.append(.init("vcov", Covariance(terms: terms, values: covariance).json)) }
    if let pooling { sections += [.init("pooling", pooling.json), .init("pooled_variances", pooling.parts)] }
    sections += [
      .init("inference", inference.json),
      .init("criterion", ["name": .string(criterion.name), "value": JSONValue(criterion.value)]),
      .init("groups", .object(groups.sorted { $0.key < $1.key }.map { .init($0.key, .integer($0.value)) })),
      .init("n", .integer(count)),
      .init("dropped_rows", .array(droppedRows.map(\.json))),
      .init("weights", .array(weights.map(\.json))),
      .init("convergence", convergence.json),
    ]
    return AnalysisResult(
      "fit.linear", rows: rows.map(\.json), sections: sections, notes: notes, hasConverged: convergence.converged)
  }
}

extension MixedModel {
  /// The result of the first of several models of the same rows, and how it compares with the others.
  ///
  /// - Throws: `usage` where the models cannot be compared.
  public static func analysis(of models: [MixedModel]) throws(ImmerseError) -> AnalysisResult {
    guard let model = models.first else { throw ImmerseError(.failure, "there is no model") }
    var result = model.result.analysis
    if models.count > 1 {
      let comparison = try ModelComparison(models)
      result.sections.insert(.init("comparison", comparison.json), at: 1)
      result.notes += comparison.notes
    }
    return result
  }
}

extension MixedModelResult.FixedEffectRow {
  var json: JSONValue {
    [
      "term": .string(term), "estimate": JSONValue(estimate), "std_error": JSONValue(standardError),
      "statistic": JSONValue(statistic), "df": JSONValue(degreesOfFreedom), "p_value": JSONValue(pValue),
      "conf_low": JSONValue(confidenceLow), "conf_high": JSONValue(confidenceHigh),
    ]
  }
}

extension MixedModelResult.VarianceComponentRow {
  var json: JSONValue {
    [
      "group": .string(group), "term1": JSONValue(term1), "term2": JSONValue(term2),
      "covariance": JSONValue(covariance), "std_dev": JSONValue(standardDeviation),
      "correlation": JSONValue(correlation), "std_error": JSONValue(standardError),
    ]
  }
}

extension MixedModelResult.DroppedRowsEntry {
  var json: JSONValue {
    ["variable": .string(variable), "reason": .string(reason.rawValue), "rows": .integer(rows)]
  }
}

extension MixedModelResult.WeightsRow {
  var json: JSONValue {
    [
      "level": .string(level), "variable": JSONValue(variable), "kind": .string(kind.rawValue),
      "given": JSONValue(given?.rawValue), "scaling": .string(scaling.rawValue), "n": .integer(count),
      "sum": JSONValue(sum), "effective_n": JSONValue(effectiveCount),
    ]
  }
}

extension MixedModelResult.Convergence {
  var json: JSONValue {
    [
      "converged": .bool(converged), "scaled_gradient": JSONValue(scaledGradient),
      "tolerance": JSONValue(tolerance), "hessian": .string(hessian.rawValue),
      "smallest_eigenvalue": JSONValue(smallestEigenvalue),
      "largest_eigenvalue": JSONValue(largestEigenvalue), "evaluations": .integer(evaluations),
      "start": .array(start.map { JSONValue($0) }), "theta": .array(theta.map { JSONValue($0) }),
      "boundary": .array(boundary.map { .string($0) }),
    ]
  }
}

extension MixedModelResult.Inference {
  /// What does not apply is left out.
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("standard_errors", .string(standardErrors.rawValue)), .init("df", .string(degreesOfFreedom.rawValue)),
    ]
    if let bread { members.append(.init("bread", .string(bread.rawValue))) }
    if let clusters { members.append(.init("clusters", .integer(clusters))) }
    if let strata { members.append(.init("strata", .integer(strata))) }
    return .object(members)
  }
}

extension MixedModelResult.TermTest {
  var json: JSONValue {
    [
      "term": .string(term), "statistic": JSONValue(statistic), "df": .integer(degreesOfFreedom),
      "df_residual": JSONValue(residualDegreesOfFreedom), "p_value": JSONValue(pValue),
    ]
  }
}

extension MixedModelResult.Pooling {
  var json: JSONValue {
    [
      "imputations": .integer(imputations), "replicates": JSONValue(replicates.map(Double.init)),
      "method": JSONValue(method), "level": JSONValue(level), "unconverged": .integer(unconverged),
    ]
  }

  /// The parts of each coefficient's variance.
  var parts: JSONValue {
    .array(
      rows.map { row in
        [
          "term": .string(row.term), "sampling_variance": JSONValue(row.samplingVariance),
          "imputation_variance": JSONValue(row.imputationVariance),
          "missing_information": JSONValue(row.missingInformation),
        ]
      })
  }
}

extension ParameterInterval {
  var json: JSONValue {
    [
      "parameter": .string(parameter.rawValue), "group": JSONValue(group), "term1": JSONValue(term1),
      "term2": JSONValue(term2), "estimate": JSONValue(estimate), "conf_low": JSONValue(confidenceLow),
      "conf_high": JSONValue(confidenceHigh),
    ]
  }
}

extension VarianceShare {
  var json: JSONValue {
    [
      "quantity": .string(quantity.rawValue), "group": JSONValue(group), "estimate": JSONValue(estimate),
      "std_error": JSONValue(standardError),
    ]
  }
}

extension GroupInfluence {
  func json(_ terms: [String]) -> JSONValue {
    [
      "group": .string(group), "unit": .string(unit), "cooks_distance": JSONValue(cooksDistance),
      "changes": .object(zip(terms, changes).map { .init($0, JSONValue($1)) }),
      "sigma_change": JSONValue(sigmaChange),
    ]
  }
}

extension ModelComparison {
  /// A row for each model, by ascending number of parameters.
  public var json: JSONValue {
    .array(
      rows.map { row in
        [
          "formula": .string(row.formula), "parameters": .integer(row.parameters), "aic": JSONValue(row.aic),
          "bic": JSONValue(row.bic), "criterion": JSONValue(row.criterion), "statistic": JSONValue(row.statistic),
          "df": JSONValue(row.degreesOfFreedom), "p_value": JSONValue(row.pValue),
        ]
      })
  }
}

extension GroupPrediction {
  /// The table of value added, or of a caterpillar plot.
  public static func analysis(_ predictions: [GroupPrediction]) -> AnalysisResult {
    AnalysisResult("fit.random_effects", rows: predictions.map(\.json))
  }

  var json: JSONValue {
    [
      "group": .string(group), "unit": .string(unit), "n": .integer(count), "term": .string(term),
      "estimate": JSONValue(estimate),
      "std_error": JSONValue(standardError), "prediction_error": JSONValue(predictionError), "rank": .integer(rank),
      "conf_low": JSONValue(confidenceLow), "conf_high": JSONValue(confidenceHigh),
      "comparison_low": JSONValue(comparisonLow), "comparison_high": JSONValue(comparisonHigh),
    ]
  }
}
