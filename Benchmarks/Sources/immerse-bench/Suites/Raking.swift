import ImmerseStats

extension Suite {
  /// Raking and the writing of the raked weight to every row.
  static func rake(margins count: Int) -> Suite {
    let columns: [ColumnRequest] =
      [.number("weight")] + BenchmarkSurvey.classifications.prefix(count).map { .category($0) }
    return Suite(name: "rake-\(count)", summary: "rake to \(count) margins and write the weights", columns: columns) {
      input in
      let table = try input.data.table(columns)
      let request = RakeRequest(
        weights: "weight", margins: try input.data.margins(count), output: "raked", tolerance: 1e-9)
      return Task(run: {
        let dataset = try Dataset(table, columns: try Weighting.columns(request), engine: input.engine)
        let model = try dataset.fit(try Weighting.fit(request, of: dataset), with: input.engine)
        let weighted = try dataset.adding(model, with: input.engine)
        var (sum, squares) = (0.0, 0.0)
        for index in 0..<weighted.chunkCount {
          try weighted.chunk(index, [.number("raked")]).numbers("raked").withUnsafeBufferPointer { weights in
            for weight in weights {
              sum += weight
              squares += weight * weight
            }
          }
        }
        return ["sum of weights": sum, "sum of squared weights": squares]
      })
    }
  }
}
