import ImmerseStats

extension Suite {
  static let replicatesPV = replicatesPV(80)

  /// A national mean of an assessment: ten plausible values under some of Fay's replicate weights, by country.
  static func replicatesPV(_ count: Int) -> Suite {
    let (values, replicates) = (BenchmarkAssessment.values, Array(BenchmarkAssessment.replicates.prefix(count)))
    let design = SurveyDesign(
      weights: "weight", replicates: ReplicateDesign(.fay(0.5), columns: replicates, mse: true, independent: "country"))
    let request = EstimateRequest(
      .mean, of: ["math"], design: design, by: ["country"],
      plausible: [PlausibleValues("math", columns: values)])
    let columns: [ColumnRequest] =
      [.number("weight"), .category("country")] + (values + replicates).map { .number($0) }
    return Suite(
      name: "replicates-pv", summary: "a mean of 10 plausible values by country, \(count) replicates", columns: columns
    ) { input in
      let table = try input.data.table(columns)
      return Task(run: {
        var answer: Answer = [:]
        for row in try Estimation.run(request, on: table, engine: input.engine).rows {
          if let estimate = row.estimate { answer["mean \(row.by[0].level)"] = estimate }
          if let error = row.standardError { answer["se \(row.by[0].level)"] = error }
        }
        return answer
      })
    }
  }
}
