import ImmerseStats

extension Suite {
  private static let fixed = "math ~ escs + migrant + female + age"

  static let fitTwoLevel = fit(
    "fit-2-level", "two levels, random intercept, REML", FitRequest(fixed + " + (1 | site)"))
  static let fitTwoLevelSlope = fit(
    "fit-2-level-slope", "two levels, random intercept and slope, REML", FitRequest(fixed + " + (1 + migrant | site)"))
  static let fitThreeLevelSlope = fit(
    "fit-3-level-slope", "three levels, random intercepts and slope, REML",
    FitRequest(fixed + " + (1 + migrant | site) + (1 | region)"))
  static let fitWeighted = fit(
    "fit-weighted", "two levels, weights at both, pseudo-ML with sandwich",
    FitRequest(
      fixed + " + (1 | site)", weights: ["weight_child", "weight_site"], weightsAre: .conditional,
      weightScaling: .size))

  static func fit(_ name: String, _ summary: String, _ request: FitRequest) -> Suite {
    // A formula of constants; a mistake in it shows as an error when the suite is prepared.
    let columns = (try? MixedModel.columns(request)) ?? []
    let resolved = columns.map { $0.kind == .automatic ? ColumnRequest.number($0.name) : $0 }
    return Suite(name: name, summary: summary, columns: resolved) { input in
      let table = try input.data.table(resolved)
      let dataset = try Dataset(table, columns: try MixedModel.columns(request), engine: input.engine)
      return Task(
        run: { fitAnswer(try MixedModel.fit(request, to: table, engine: input.engine).result) },
        gramPass: { _ = try dataset.fit(try MixedModel.grams(request, of: dataset), with: input.engine) })
    }
  }

  static func fitAnswer(_ result: MixedModelResult) -> Answer {
    var answer: Answer = ["criterion": result.criterion.value]
    for row in result.rows {
      answer["coefficient \(row.term)"] = row.estimate
      answer["se \(row.term)"] = row.standardError
    }
    for row in result.varianceComponents {
      let name = [row.group, row.term1, row.term2].compactMap(\.self).joined(separator: " ")
      answer["variance \(name)"] = row.covariance
    }
    return answer
  }
}
