public import Columnar
public import ImmerseStats
public import Streaming

/// What a data file holds.
public enum Inspection {
  /// One row a column: its type, missing values, and centre and range or number of levels.
  ///
  /// - Throws: what the source throws.
  /// - Complexity: Two passes over the rows where the format does not say the columns' types, else one.
  public static func inspect(_ source: any Source, engine: Engine) throws(ImmerseError) -> AnalysisResult {
    let names = source.columnNames
    let types = try source.types(of: names)
    var engine = engine
    // The rows are looked at once, so there is nothing to keep.
    engine.memoryLimit = 0
    let requests = names.map { types[$0]?.isNumeric == true ? ColumnRequest.number($0) : .category($0) }
    let profile = try Dataset(source, columns: requests, engine: engine).profile
    let rows = names.map { name -> JSONValue in
      let numbers = profile.numbers[name]
      let has = (numbers?.count ?? 0) > 0
      return [
        "column": .string(name), "type": JSONValue(types[name]?.rawValue),
        "missing": JSONValue(profile.missing[name]),
        "mean": JSONValue(has ? numbers?.mean : nil), "std_dev": JSONValue(has ? numbers?.standardDeviation : nil),
        "min": JSONValue(has ? numbers?.minimum : nil), "max": JSONValue(has ? numbers?.maximum : nil),
        "levels": JSONValue(profile.levels[name]?.count),
      ]
    }
    return AnalysisResult(
      "inspect", rows: rows,
      sections: [.init("file", ["rows": .integer(source.rowCount), "columns": .integer(names.count)])],
      notes: [Note("rows", "\(source.rowCount) rows, \(names.count) columns")], provenance: Provenance.current)
  }
}
