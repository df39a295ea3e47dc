public import Columnar
public import ImmerseStats
public import Streaming

/// What a data file holds.
public enum Inspection {
  /// One row a column: its label, type, missing values, centre and bounds or number of levels, and a small histogram; under
  /// weights also the weighted centre. Missing values by their reasons are a table of their own.
  ///
  /// The bounds `low` and `high` are the tenth smallest and the tenth largest value, and histograms show what lies between
  /// them: no single child's value stands out. A column of fewer than 20 values has neither.
  ///
  /// The weighted standard deviation has the sum of the weights as its divisor.
  ///
  /// - Throws: what the source throws; `badData` where the column of weights does not exist or holds text.
  /// - Complexity: Three passes over the rows, four where the format does not say the columns' types.
  public static func inspect(
    _ source: any Source, weights: String? = nil, engine: Engine
  ) throws(ImmerseError) -> AnalysisResult {
    let names = source.columnNames
    let types = try source.types(of: names)
    if let weights { try source.require([weights]) }
    let requests = names.map { types[$0]?.isNumeric == true ? ColumnRequest.number($0) : .category($0) }
    let reasonNames = source.hiddenColumnNames
    let dataset = try Dataset(source, columns: requests + reasonNames.map { .category($0) }, engine: engine)
    let profile = dataset.profile
    let bounds = try Self.bounds(of: profile.numbers.keys.sorted(), dataset, engine)
    var pass = Pass()
    // Without bounds there is no picture, but the weighted mean is still wanted.
    let histograms = profile.numbers.keys.reduce(into: [:]) { all, name in
      all[name] = pass.add(Histogram(column: name, weights: weights, range: bounds[name] ?? 0...0))
    }
    let counts = reasonNames.map { pass.add(ReasonCounts(column: $0)) }
    let models = try pass.run(over: dataset, with: engine)
    var rows: [JSONValue] = []
    for name in names {
      let numbers = profile.numbers[name].flatMap { $0.count > 0 ? $0 : nil }
      let histogram = try histograms[name].map { ticket throws(ImmerseError) in try models[ticket] }
      var row: [JSONValue.Member] = [
        .init("column", .string(name)), .init("label", JSONValue(source.metadata(of: name)?.label)),
        .init("type", JSONValue(types[name]?.rawValue)), .init("missing", JSONValue(profile.missing[name])),
        .init("mean", JSONValue(numbers?.mean)), .init("std_dev", JSONValue(numbers?.standardDeviation)),
        .init("low", JSONValue(bounds[name]?.lowerBound)), .init("high", JSONValue(bounds[name]?.upperBound)),
      ]
      if weights != nil {
        let hasWeight = (histogram?.sumOfWeights ?? 0) > 0
        row.append(.init("weighted_mean", JSONValue(hasWeight ? histogram?.mean : nil)))
        row.append(.init("weighted_std_dev", JSONValue(hasWeight ? histogram?.standardDeviation : nil)))
      }
      row.append(.init("levels", JSONValue(profile.levels[name]?.count)))
      row.append(.init("histogram", JSONValue(bounds[name] == nil ? nil : histogram?.text)))
      rows.append(.object(row))
    }
    // A column that nobody labelled takes no room.
    if names.allSatisfy({ source.metadata(of: $0)?.label == nil }) { rows = rows.map { $0.removing("label") } }
    var sections: [JSONValue.Member] = [
      .init("file", ["rows": .integer(profile.rowCount), "columns": .integer(names.count)])
    ]
    let reasons = try Self.reasons(zip(reasonNames, counts), models, source, profile)
    if !reasons.isEmpty { sections.append(.init("missing_by_reason", .array(reasons))) }
    return AnalysisResult(
      "inspect", rows: rows, sections: sections,
      notes: [Note("rows", "\(source.rowCount) rows, \(names.count) columns")], provenance: Provenance.current)
  }

  private static func bounds(
    of names: [String], _ dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) -> [String: ClosedRange<Double>] {
    var pass = Pass()
    let tickets = names.map { pass.add(OuterValues(column: $0)) }
    let models = try pass.run(over: dataset, with: engine)
    var bounds: [String: ClosedRange<Double>] = [:]
    for (name, ticket) in zip(names, tickets) { bounds[name] = try models[ticket].range }
    return bounds
  }

  /// One row for each variable and reason, and one for the values missing without any.
  private static func reasons(
    _ columns: some Sequence<(String, Pass.Ticket<[String: Int]>)>, _ models: Pass.Models, _ source: any Source,
    _ profile: Profile
  ) throws(ImmerseError) -> [JSONValue] {
    var rows: [JSONValue] = []
    for (column, ticket) in columns {
      let counts = try models[ticket]
      if counts.isEmpty { continue }
      let variable = String(column.dropLast(3))
      let labels = source.metadata(of: variable)?.valueLabels ?? []
      for reason in Levels(sorting: counts.keys).names {
        rows.append([
          "column": .string(variable), "reason": .string(reason),
          "label": JSONValue(labels.first { $0.code.description == reason }?.label), "n": JSONValue(counts[reason]),
        ])
      }
      let rest = (profile.missing[variable] ?? 0) - counts.values.reduce(0, +)
      if rest > 0 {
        rows.append(["column": .string(variable), "reason": "system", "label": .null, "n": .integer(rest)])
      }
    }
    return rows
  }
}

extension JSONValue {
  /// The object without a member.
  fileprivate func removing(_ key: String) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { $0.key != key })
  }
}
