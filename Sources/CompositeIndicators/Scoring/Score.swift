public import Columnar
public import Streaming

/// Scores units by a framework: denominate, screen, impute, treat, normalise, weigh, aggregate, rank.
///
/// The table has one row for each unit, or for each unit and period, and one numeric column for each indicator and
/// denominator. It is read once and kept in memory, 8 bytes a value.
///
/// - Throws: `usage` where the settings do not fit together, `badData` where the framework or the table is faulty.
public func score(
  _ request: ScoreRequest, source: any Source, engine: Engine = Engine()
) throws(ImmerseError) -> ScoreResult {
  let units = try request.units(from: source, engine: engine)
  let rows = units.rowsByPeriod
  let fit = { (reference: UnitMatrix) throws(ImmerseError) in
    try ScoreModel(
      fitting: request.framework, request.method, confidenceLevel: request.confidenceLevel, to: reference,
      threads: engine.threads)
  }
  switch request.reference {
  case .pooled:
    let method = request.method.over(request.framework.method)
    if let impute = method.impute, impute.method == .multiple {
      return try scoreMultiply(request, impute, units, threads: engine.threads)
    }
    return try fit(units).score(units, threads: engine.threads)
  case .each:
    var results: [ScoreResult] = []
    for part in rows.map(units.select) {
      do {
        results.append(try fit(part).score(part, threads: engine.threads))
      } catch {
        throw part.period?[0].map { error.within("period \($0)") } ?? error
      }
    }
    return try ScoreResult(joining: results, threads: engine.threads)
  case .period(let name):
    guard let period = units.period, let code = period.levels.code(of: name) else {
      throw ImmerseError(
        .usage, "the reference \"\(name)\" is not among the periods",
        remedy: units.period.map { "the periods are \(Spelling.list($0.levels.names))" } ?? "name the column of years")
    }
    return try fit(units.select(rows[Int(code)])).score(units, threads: engine.threads)
  }
}

/// Scores units by a model frozen on others.
///
/// - Parameters:
///   - unit: the column that names the units; the first column where it is not given.
///   - period: the column of years, where units stand once in each.
/// - Throws: `badData` where the table lacks a column or contradicts a step.
public func score(
  _ model: ScoreModel, source: any Source, unit: String? = nil, period: String? = nil, engine: Engine = Engine()
) throws(ImmerseError) -> ScoreResult {
  let units = try UnitMatrix(
    reading: source, unit: try unitColumn(unit, source), codes: model.columns, group: model.group, period: period,
    engine: engine)
  return try model.score(units, threads: engine.threads)
}

/// Scores the units of a request, with the sampling errors it brings, by a model frozen on others.
///
/// - Throws: `badData` where the table lacks a column or contradicts a step, `usage` where errors are of no indicator.
public func score(
  _ model: ScoreModel, _ request: ScoreRequest, source: any Source, replicates: Replicates = .tables([]),
  engine: Engine = Engine()
) throws(ImmerseError) -> ScoreResult {
  let units = try request.units(from: source, group: model.group, replicates, engine: engine).units
  return try model.score(units, threads: engine.threads)
}

func unitColumn(_ unit: String?, _ source: any Source) throws(ImmerseError) -> String {
  guard let unit = unit ?? source.columnNames.first else {
    throw ImmerseError(.badData, "there is no column", place: .init(file: source.name))
  }
  return unit
}

extension ScoreRequest {
  /// Whether one model scores all units, which can then be saved.
  ///
  /// - Throws: `usage` where several do.
  public func requireOneModel() throws(ImmerseError) {
    if method.over(framework.method).impute?.method == .multiple {
      throw ImmerseError(
        .usage, "multiple imputation scores by a model for each draw, so that there is not one to save",
        remedy: "impute by em, which is what the draws vary about")
    }
    if reference == .each {
      throw ImmerseError(
        .usage, "each period is scored by a model of its own, so that there is not one to save",
        remedy: "choose the reference pooled or a period")
    }
  }

  /// The units with their indicators, denominators, groups, periods and standard errors, read in one pass.
  ///
  /// - Parameter group: the column of groups, where the method's own imputation names none.
  func units(
    from source: any Source, group: String? = nil, engine: Engine
  ) throws(ImmerseError) -> UnitMatrix {
    _ = try framework.hierarchy()
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
      reading: source, unit: try unitColumn(unit, source),
      codes: columns + errorColumns.filter { !columns.contains($0) }, group: grouped, period: period, engine: engine)
    var errors: [Buffer<Double>] = []
    for column in errorColumns { errors.append(try table.column(column)) }
    var values: [Buffer<Double>] = []
    for column in columns { values.append(try table.column(column)) }
    return UnitMatrix(
      units: table.units, codes: columns, columns: values, group: table.group, period: table.period,
      sampling: sampled.isEmpty ? nil : try SamplingErrors(sampled, standardErrors: errors))
  }
}
