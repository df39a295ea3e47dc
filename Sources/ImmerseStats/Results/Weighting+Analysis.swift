import Columnar
public import SurveyStatistics

extension WeightStepModel {
  /// What the step did to the weights.
  public var analysis: AnalysisResult {
    switch self {
    case .nonresponse(let model): model.summary.analysis
    case .totals(let model): model.analysis
    case .trim(let model): model.summary.analysis
    }
  }
}

extension MadeWeights {
  /// Of a single step, what it did; of several, one row each, and a section with what each did.
  public var analysis: AnalysisResult {
    let steps = models.map(\.analysis)
    var result = steps[0]
    if steps.count > 1 {
      result = AnalysisResult(
        "weight.steps",
        rows: zip(models, steps).map { model, step in
          ["step": .string(step.analysis), "output": .string(model.outputs[0].name)]
        }, sections: steps.enumerated().map { .init("step_\($0 + 1)", $1.json) }, notes: steps.flatMap(\.notes))
    }
    if let first = replicates.first, let last = replicates.last {
      result.notes.append(
        Note(
          "replicates_adjusted",
          "\(replicates.count) replicates went through the same \(steps.count > 1 ? "steps" : "step"), as "
            + "\(first)-\(last)"))
    }
    return result
  }
}

extension TrimSummary {
  /// One row: what trimming did to the weights.
  public var analysis: AnalysisResult {
    AnalysisResult(
      "weight.trim",
      rows: [
        [
          "n": .integer(count), "raised": .integer(raised), "lowered": .integer(lowered), "rounds": .integer(rounds),
          "sum_before": JSONValue(sumBefore), "sum_after": JSONValue(sumAfter), "min": JSONValue(smallest),
          "max": JSONValue(largest),
        ]
      ])
  }
}

extension NonresponseSummary {
  /// One row for each class, and what the adjustment did to the weights as a whole.
  public var analysis: AnalysisResult {
    var weights: [JSONValue.Member] = [
      .init("n", .integer(count)), .init("respondents", .integer(respondents)),
      .init("sum_before", JSONValue(sumBefore)), .init("sum_after", JSONValue(sumAfter)),
      .init("factor_min", JSONValue(smallestFactor)), .init("factor_max", JSONValue(largestFactor)),
    ]
    if let iterations { weights.append(.init("iterations", .integer(iterations))) }
    return AnalysisResult(
      "weight.nonresponse",
      rows: classes.map { row in
        [
          "class": .string(row.name), "n": .integer(row.count), "respondents": .integer(row.respondents),
          "response_rate": JSONValue(row.responseRate), "factor": JSONValue(row.factor),
        ]
      }, sections: [.init("weights", .object(weights))])
  }
}

extension DiagnosisResult {
  /// One row for each domain, and the balance of the columns that were named.
  public var analysis: AnalysisResult {
    func groups(_ by: [Group]) -> JSONValue { .object(by.map { .init($0.variable, .string($0.level)) }) }
    return AnalysisResult(
      "weight.diagnose",
      rows: rows.map { row in
        [
          "by": groups(row.by), "n": .integer(row.count), "zeros": .integer(row.zeros), "sum": JSONValue(row.sum),
          "min": JSONValue(row.smallest), "max": JSONValue(row.largest), "cv": JSONValue(row.variation),
          "kish_deff": JSONValue(row.kishEffect), "effective_n": JSONValue(row.effectiveCount),
          "g_min": JSONValue(row.smallestFactor), "g_max": JSONValue(row.largestFactor),
        ]
      },
      sections: [
        .init(
          "g_histogram",
          .array(
            rows.flatMap { row in
              row.factors.map {
                [
                  "by": groups(row.by), "from": JSONValue($0.from), "to": JSONValue($0.to), "n": .integer($0.count),
                ]
              }
            })),
        .init(
          "balance",
          .array(
            balance.map { row in
              [
                "by": groups(row.by), "term": .string(row.term), "reference": JSONValue(row.reference),
                "smd_before": JSONValue(row.before), "smd_after": JSONValue(row.after),
              ]
            })),
      ].filter { $0.value != .array([]) },
      notes: [
        Note("cv_divisor", "the coefficient of variation has the divisor n, so that Kish's design effect is 1 + CV²")
      ])
  }
}
