import Columnar
import LinearAlgebra
import Streaming

/// A weighting step as a linearised variance sees it: it made w_k = g w_(k−1), and g moves with the sample so that totals of
/// auxiliary variables x are met.
struct LinearisedStep: Sendable {
  let plan: CellsPlan
  let cells: KeyIndex
  let auxiliaries: Auxiliaries
  /// The column it wrote.
  let output: String
  /// By margin, one over the cost of a miss.
  let ridges: [Double]
  /// The covariance of the totals, by row; empty where they are known.
  let covariance: [[Double]]
  /// Whether the totals are those of the sample before the step, as of non-response classes, rather than of the
  /// population.
  let keepsTotals: Bool
  /// Whether rows that end with a weight of zero took no part.
  let excludesZeros: Bool

  var columns: [ColumnRequest] { plan.columns + [.number(output)] }
}

extension WeightStepModel {
  /// The column the step wrote.
  public var output: String { outputs[0].name }

  /// The step, where its g is known to be a function of totals; nil where linearised variances take it as fixed.
  var linearised: LinearisedStep? {
    switch self {
    case .totals(let model):
      var excludesZeros = false
      if case .byCell = model.factors { excludesZeros = true }
      return LinearisedStep(
        plan: model.plan, cells: model.cells, auxiliaries: model.auxiliaries, output: model.output,
        ridges: model.ridges, covariance: model.covariance, keepsTotals: false, excludesZeros: excludesZeros)
    case .nonresponse(let model):
      guard case .classes(let classes, _) = model.adjustment else { return nil }
      return LinearisedStep(
        plan: model.plan, cells: model.cells,
        auxiliaries: Auxiliaries(classes: classes, margins: model.summary.classes.map { Margin($0) }),
        output: model.request.output, ridges: [], covariance: [], keepsTotals: true, excludesZeros: true)
    case .trim: return nil
    }
  }
}

extension Margin {
  /// The weight of a class of respondents and non-respondents.
  fileprivate init(_ row: NonresponseSummary.Row) {
    self.init(variable: "class", category: row.name, total: 0)
  }
}

extension [LinearisedStep] {
  /// The classes that tell the cells of all steps apart.
  var classes: CellKeys {
    var (columns, levels): ([String], [Levels]) = ([], [])
    for step in self {
      for (column, own) in zip(step.plan.classes.columns, step.plan.classes.levels) where !columns.contains(column) {
        columns.append(column)
        levels.append(own)
      }
    }
    return CellKeys(columns: columns, levels: levels)
  }

  /// The numbers that any step reads.
  var numbers: [String] {
    reduce(into: []) { numbers, step in
      for name in step.plan.numbers where !numbers.contains(name) { numbers.append(name) }
    }
  }
}
