public import Columnar
public import Streaming

/// Scores units by a framework: denominate, screen, impute, treat, normalise, aggregate, rank.
///
/// The table has one row for each unit and one numeric column for each indicator and denominator. Two passes: one reads
/// the columns, the other works on them in memory, 8 bytes a value.
///
/// - Throws: `usage` where the settings do not fit together, `badData` where the framework or the table is faulty.
public func score(
  _ request: ScoreRequest, source: any Source, engine: Engine = Engine()
) throws(ImmerseError) -> ScoreResult {
  let units = try request.units(from: source, engine: engine)
  let model = try ScoreModel(
    fitting: request.framework, request.method, confidenceLevel: request.confidenceLevel, to: units)
  return try model.score(units, threads: engine.threads)
}

extension ScoreRequest {
  /// The units with their indicators, denominators, groups and standard errors, read in one pass.
  ///
  /// - Parameter group: the column of groups, where the method's own imputation names none.
  func units(
    from source: any Source, group: String? = nil, engine: Engine
  ) throws(ImmerseError) -> UnitMatrix {
    _ = try framework.hierarchy()
    guard let unit = unit ?? source.columnNames.first else {
      throw ImmerseError(.badData, "there is no column", place: .init(file: source.name))
    }
    var sampled: [SampledIndicator] = []
    for indicator in framework.indicators where standardErrors[indicator.code] != nil {
      sampled.append(try SampledIndicator(indicator))
    }
    if let stray = standardErrors.keys.sorted().first(where: { code in !sampled.contains { $0.code == code } }) {
      throw ImmerseError(
        .usage, "has a column of standard errors, but is no indicator of the framework", variable: stray)
    }
    let columns = ScoreModel.columns(of: framework)
    let errorColumns = sampled.compactMap { standardErrors[$0.code] }
    let method = method.over(framework.method)
    let grouped = method.impute.flatMap { $0.method == .none ? nil : $0.group } ?? group
    let table = try UnitMatrix(
      reading: source, unit: unit, codes: columns + errorColumns.filter { !columns.contains($0) }, group: grouped,
      engine: engine)
    var errors: [Buffer<Double>] = []
    for column in errorColumns { errors.append(try table.column(column)) }
    var values: [Buffer<Double>] = []
    for column in columns { values.append(try table.column(column)) }
    return UnitMatrix(
      units: table.units, codes: columns, columns: values, group: table.group,
      sampling: sampled.isEmpty ? nil : try SamplingErrors(sampled, standardErrors: errors))
  }
}
