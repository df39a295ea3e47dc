import Columnar
import CompositeIndicators
import ImmerseStats
import Streaming
import SurveyStatistics

/// The table from which countries or regions are scored: an estimate of every indicator in every unit.
struct UnitEstimates {
  let table: Table
  /// The column of standard errors of each sampled indicator.
  let standardErrors: [String: String]
  /// Units and indicators whose cells were too small to be used.
  let withheld: Int

  /// Means of the indicators' columns in every unit.
  static func request(_ step: ScoreStep, _ framework: Framework, _ design: SurveyDesign) -> EstimateRequest {
    EstimateRequest(
      .mean, of: framework.indicators.map(Framework.column), design: design, by: [step.unit], missing: .drop)
  }

  /// - Throws: `badData` where an official ratio or a policy score differs inside a unit.
  init(_ step: ScoreStep, _ framework: Framework, _ estimates: EstimateResult) throws(ImmerseError) {
    var units: [String] = []
    for row in estimates.rows where !units.contains(row.by[0].level) { units.append(row.by[0].level) }
    var columns: [(name: String, column: Column)] = [(step.unit, Column(units.map { Optional($0) }))]
    var standardErrors: [String: String] = [:]
    var withheld = 0
    for indicator in framework.indicators {
      let column = Framework.column(of: indicator)
      var values = [Double](repeating: .nan, count: units.count)
      var errors = values
      for row in estimates.rows where row.term == column {
        guard let unit = units.firstIndex(of: row.by[0].level), let estimate = row.estimate else { continue }
        if InterimDisclosure.withholds(row) {
          withheld += 1
          continue
        }
        values[unit] = estimate
        errors[unit] = row.standardError ?? .nan
      }
      columns.append((indicator.code, Column(values)))
      // Official counts and coded policy were not sampled, and a value stated for the whole unit brings no error with it:
      // their mean over children is the value itself.
      if indicator.kind?.canCarrySamplingError == true, indicator.measuredAt != step.level {
        standardErrors[indicator.code] = indicator.code + " std_error"
        columns.append((indicator.code + " std_error", Column(errors)))
      }
    }
    table = Table(columns, name: step.step.name)
    self.standardErrors = standardErrors
    self.withheld = withheld
  }
}
