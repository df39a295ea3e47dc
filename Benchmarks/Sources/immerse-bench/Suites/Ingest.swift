import DataFormats
import ImmerseStats

extension Suite {
  /// Every column into memory, with its mean or its levels.
  static let ingestCSV = ingest("csv")
  static let ingestArrow = ingest("arrow")
  static let ingestSPSS = ingest("sav")
  /// The file is pyarrow's: there is none of our own making.
  static let ingestParquet = ingest("parquet")

  static let everything: [ColumnRequest] = BenchmarkSurvey.columns.map {
    BenchmarkSurvey.identifiers.contains($0) ? .category($0) : .number($0)
  }

  private static func ingest(_ format: String) -> Suite {
    Suite(
      name: "ingest-\(format)", summary: "read all \(everything.count) columns of a \(format) file into memory",
      columns: everything
    ) { input in
      let path = try input.data.file(format)
      var engine = input.engine
      engine.memoryLimit = .max
      return Task(run: { [engine] in
        let dataset = try Dataset(try DataFile.open(path), columns: everything, engine: engine)
        var answer: Answer = ["rows": Double(dataset.profile.rowCount)]
        for (name, numbers) in dataset.profile.numbers { answer["mean \(name)"] = numbers.mean }
        return answer
      })
    }
  }
}
