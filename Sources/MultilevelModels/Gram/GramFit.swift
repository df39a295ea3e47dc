import Columnar
import ModelFormula
import Streaming

/// One reading of the rows that yields all a Gaussian mixed model needs: for every lowest group the cross-products of
/// the design's columns `[Z X y]`, each column once, under the rows' weights.
///
/// Columns are shifted and scaled by what the profile says of them, because a cross-product holds the square of its
/// columns' condition; the model undoes it exactly. The shift needs an intercept among the fixed effects to be undone.
struct GramFit: Fit {
  let plan: ModelPlan
  let frame: ModelFrame
  /// One for each column of the frame.
  let scales: [ColumnScale]
  private let statistics: TermStatistics

  init(
    _ plan: ModelPlan, profile: Profile, statistics: TermStatistics = TermStatistics()
  ) throws(ImmerseError) {
    self.plan = plan
    let frame = try ModelFrame(
      plan.formula, furtherNumbers: plan.request.weights, furtherGroups: plan.furtherGroups, profile: profile,
      statistics: statistics)
    self.frame = frame
    self.statistics = statistics
    let hasIntercept = frame.fixed.first.map { frame.columns[$0].isIntercept } ?? false
    scales = try frame.provisionalScales().map { $0.withShift(hasIntercept) }
  }

  var columns: [ColumnRequest] { frame.columnRequests }

  var signature: String {
    let levels = frame.groups.map { "\($0.name) \(fnv1a($0.levels.names.joined(separator: "\u{0}").utf8))" }
    let scales = scales.map { "\($0.shift) \($0.scale)" }
    return "mixed model \(plan.request) \(frame.columns.map(\.name)) \(levels) \(scales) \(statistics.signature)"
  }

  func makePartial() -> GramPartial { GramPartial(self) }

  func finish(_ partial: GramPartial) throws(ImmerseError) -> ModelGrams { try ModelGrams(partial, of: self) }

  var weightCount: Int { plan.request.weights.count }

  /// Weights of the levels above the rows.
  var higherWeightCount: Int { max(0, weightCount - 1) }

  /// Whether rows enter the cross-products with their weight; by Graubard and Korn's scaling they weigh 1.
  var weighsRows: Bool { weightCount > 0 && plan.request.weightScaling != .gk }
}

extension ColumnScale {
  /// Itself, or the scale about zero of the same column.
  fileprivate func withShift(_ isShifted: Bool) -> ColumnScale {
    isShifted ? self : ColumnScale(shift: 0, scale: (shift * shift + scale * scale).squareRoot())
  }
}

extension ImmerseError {
  static func divided(_ labels: [String], by design: [String]) -> ImmerseError {
    ImmerseError(
      .badData, "differs within groups of \(labels.joined(separator: ", "))", variable: design.joined(separator: ", "),
      remedy: "clusters and strata hold whole groups of the model, whose factors are nested")
  }
}
