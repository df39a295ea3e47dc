import Columnar
import CompositeIndicators
import Streaming
import SurveyStatistics

/// The table from which countries or regions are scored: an estimate of every indicator in every unit.
struct UnitEstimates {
  let table: Table
  /// The column of standard errors of each sampled indicator.
  let standardErrors: [String: String]
  /// What every replicate and every imputation gives, where there are replicates.
  let replicates: Replicates
  /// Units and indicators whose cells were too small to be used.
  let withheld: Int

  /// Means of the indicators' columns in every unit.
  ///
  /// - Throws: `usage` where units are samples of which each has a scale of its own.
  static func request(
    _ step: ScoreStep, _ framework: Framework, _ design: SurveyDesign
  ) throws(ImmerseError) -> EstimateRequest {
    var design = design
    if let replicates = step.replicates { design.replicates = replicates }
    if let scales = design.replicates?.scales, Set(scales.values).count > 1 {
      throw ImmerseError(
        .usage, "replicates whose scale differs between samples are not carried into scores", variable: step.step.name,
        remedy: "give all samples one scale")
    }
    var request = EstimateRequest(
      .mean, of: columns(step, framework), design: design,
      by: [step.unit] + (step.period.map { [$0] } ?? []), missing: .drop,
      plausible: step.plausible)
    request.keepsReplicates = design.replicates != nil
    return request
  }

  /// Those of the indicators, and the one of the units' weights.
  private static func columns(_ step: ScoreStep, _ framework: Framework) -> [String] {
    let indicators = framework.indicators.map(Framework.column)
    return indicators + [step.unitWeights].compactMap(\.self).filter { !indicators.contains($0) }
  }

  /// - Throws: `badData` where an official ratio or a policy score differs inside a unit.
  init(_ step: ScoreStep, _ framework: Framework, _ estimates: EstimateResult) throws(ImmerseError) {
    // A unit stands once in each period.
    var places: [[Group]: Int] = [:]
    for row in estimates.rows where places[row.by] == nil { places[row.by] = places.count }
    let units = places.sorted { $0.value < $1.value }.map(\.key)
    var columns: [(name: String, column: Column)] = []
    for (position, name) in ([step.unit] + (step.period.map { [$0] } ?? [])).enumerated() {
      columns.append((name, Column(units.map { Optional($0[position].level) })))
    }
    var standardErrors: [String: String] = [:]
    var withheld = 0
    var sampled: [(code: String, cells: [Estimate.Replicates?])] = []
    for indicator in framework.indicators {
      let column = Framework.column(of: indicator)
      var values = [Double](repeating: .nan, count: units.count)
      var errors = values
      var cells = [Estimate.Replicates?](repeating: nil, count: units.count)
      for row in estimates.rows where row.term == column {
        guard let unit = places[row.by], let estimate = row.estimate else { continue }
        if InterimDisclosure.withholds(row) {
          withheld += 1
          continue
        }
        values[unit] = estimate
        errors[unit] = row.standardError ?? .nan
        cells[unit] = row.replicates
      }
      columns.append((indicator.code, Column(values)))
      // Official counts and coded policy were not sampled, and a value stated for the whole unit brings no error with it:
      // their mean over children is the value itself.
      if indicator.kind?.canCarrySamplingError == true, indicator.measuredAt != step.level {
        if estimates.design.replicates == nil {
          standardErrors[indicator.code] = indicator.code + " std_error"
          columns.append((indicator.code + " std_error", Column(errors)))
        } else {
          sampled.append((indicator.code, cells))
        }
      }
    }
    if let weights = step.unitWeights, !columns.contains(where: { $0.name == weights }) {
      var values = [Double](repeating: .nan, count: units.count)
      for row in estimates.rows where row.term == weights {
        if let unit = places[row.by], let estimate = row.estimate { values[unit] = estimate }
      }
      columns.append((weights, Column(values)))
    }
    replicates = .estimates(
      try estimates.design.replicates.map { design throws(ImmerseError) in
        try ReplicateEstimates.sets(of: sampled, design.variance)
      } ?? [])
    table = Table(columns, name: step.step.name)
    self.standardErrors = standardErrors
    self.withheld = withheld
  }
}

extension ReplicateEstimates {
  /// The replicates of every imputation, which share the sampling variance among them, and the imputations, whose spread
  /// adds to it: Rubin's rules for whatever is made of the indicators.
  ///
  /// - Parameter cells: of each code, one for each unit; nil where there is no estimate.
  /// - Throws: `usage` where indicators have different numbers of imputations.
  fileprivate static func sets(
    of cells: [(code: String, cells: [Estimate.Replicates?])], _ variance: ReplicateVariance
  ) throws(ImmerseError) -> [ReplicateEstimates] {
    if cells.isEmpty { return [] }
    let counts = cells.map { $0.cells.compactMap { $0?.values.count }.max() ?? 1 }
    let m = counts.max() ?? 1
    if let stray = counts.firstIndex(where: { $0 != 1 && $0 != m }) {
      throw ImmerseError(
        .usage, "has \(counts[stray]) imputations, another indicator \(m)", variable: cells[stray].code,
        remedy: "give all indicators the same number of plausible values")
    }
    func columns(_ value: (Estimate.Replicates) -> Double) -> [Buffer<Double>] {
      cells.map { $0.cells.map { $0.map(value) ?? .nan } }.map { Buffer($0) }
    }
    func member<Value>(_ values: [Value], _ imputation: Int) -> Value { values[values.count == 1 ? 0 : imputation] }
    let codes = cells.map(\.code)
    var sets: [ReplicateEstimates] = []
    for imputation in 0..<m {
      sets.append(
        try ReplicateEstimates(
          codes,
          values: (0..<variance.count).map { replicate in columns { member($0.values, imputation)[replicate] } },
          scale: variance.scale / Double(m), factors: variance.scales,
          centre: variance.centre == .estimate ? columns { member($0.estimates, imputation) } : nil))
    }
    if m > 1 {
      sets.append(
        try ReplicateEstimates(
          codes, values: (0..<m).map { imputation in columns { member($0.estimates, imputation) } },
          scale: ReplicateTable.Spread.plausibleValues.scale(m)))
    }
    return sets
  }
}
