import ImmerseStats

/// Suites in which the number of schools can be set: children are dealt to schools in runs, and schools to strata of ten.
extension Suite {
  static func meansBySchools(_ schools: Int) -> Suite {
    let items = Array(BenchmarkSurvey.items.prefix(10))
    let design = SurveyDesign(weights: "weight", strata: ["band"], psu: ["school"])
    let request = EstimateRequest(.mean, of: items, design: design, by: ["country"], missing: .drop)
    let columns = [ColumnRequest.number("weight"), .category("country")] + items.map { .number($0) }
    return Suite(name: "means by schools", summary: "means under a design of many schools", columns: columns) { input in
      let table = try input.data.table(columns).dealt(to: schools)
      return Task(run: {
        ["rows": Double(try Estimation.run(request, on: table, engine: input.engine).rows.count)]
      })
    }
  }

  static func fitBySchools(_ schools: Int) -> Suite {
    let request = FitRequest("math ~ escs + migrant + age + (1 + migrant | school)")
    let columns: [ColumnRequest] = ["math", "escs", "migrant", "age"].map { .number($0) }
    return Suite(name: "fit by schools", summary: "a fit with many schools", columns: columns) { input in
      let table = try input.data.table(columns).dealt(to: schools)
      return Task(run: {
        ["criterion": try MixedModel.fit(request, to: table, engine: input.engine).result.criterion.value]
      })
    }
  }
}

extension Table {
  fileprivate func dealt(to schools: Int) -> Table {
    var batch = batch
    let codes = (0..<rowCount).map { Int32($0 * schools / rowCount) }
    func category(_ count: Int, _ code: (Int32) -> Int32) -> Column {
      Column(.category(Buffer(codes.map(code)), Levels((0..<count).map { "\(1_000_000 + $0)" })))
    }
    batch.set("school", category(schools) { $0 })
    batch.set("band", category((schools + 9) / 10) { $0 / 10 })
    return Table(batch, name: name)
  }
}
