import ImmerseStats

extension Suite {
  static let meansTaylor = meansTaylor(items: BenchmarkSurvey.items, by: ["country", "region"])
  static let meansCountry = meansTaylor("means-country", items: BenchmarkSurvey.items, by: ["country"])

  /// Means with Taylor-linearised standard errors under a stratified two-stage design.
  static func meansTaylor(_ name: String = "means-taylor", items: [String], by: [String]) -> Suite {
    let design = SurveyDesign(weights: "weight", strata: ["stratum"], psu: ["site"])
    let request = EstimateRequest(.mean, of: items, design: design, by: by, missing: .drop)
    let columns: [ColumnRequest] =
      [.number("weight")] + (["stratum", "site"] + by).map { .category($0) } + items.map { .number($0) }
    return Suite(
      name: name, summary: "means of \(items.count) indicators by \(by.joined(separator: " and "))",
      columns: columns
    ) { input in
      let table = try input.data.table(columns)
      return Task(run: {
        var answer: Answer = [:]
        for row in try Estimation.run(request, on: table, engine: input.engine).rows {
          let place = ([row.term] + row.by.map(\.level)).joined(separator: " ")
          if let estimate = row.estimate { answer["mean \(place)"] = estimate }
          if let error = row.standardError { answer["se \(place)"] = error }
        }
        return answer
      })
    }
  }
}
