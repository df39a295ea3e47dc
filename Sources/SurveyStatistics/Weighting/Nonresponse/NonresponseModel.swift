public import Columnar
public import Streaming

/// Adjusted weights, frozen: respondents receive their factor, non-respondents 0.
public struct NonresponseModel: Transform {
  enum Adjustment: Sendable {
    /// The class of every cell, and its factor.
    case classes([Int], factors: [Double])
    /// One over the propensity.
    case propensity(ResponseModel)
    /// By class of propensity, between cuts.
    case propensityClasses(ResponseModel, cuts: [Double], factors: [Double])
  }

  let request: NonresponseRequest
  let plan: CellsPlan
  let cells: KeyIndex
  /// By level of the column of respondents.
  let responds: [Bool]
  let adjustment: Adjustment
  public let summary: NonresponseSummary

  public var inputs: [ColumnRequest] { plan.columns }
  public var outputs: [Field] { [Field(request.output, .float64)] }

  /// - Throws: `badData` for a row with categories that were not in the data the weights were adjusted on.
  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let base = try plan.startingWeights(batch)
    let values = try plan.values(batch)
    let levels = plan.classes.levels
    var codes = [Int](repeating: 0, count: levels.count)
    var weights = [Double](repeating: 0, count: batch.rowCount)
    for (row, cell) in try plan.cells(of: batch, in: cells).enumerated() {
      levels.decode(cells.keys[cell], into: &codes)
      guard responds[codes[0]] else { continue }
      let factor: Double
      switch adjustment {
      case .classes(let classes, let factors): factor = factors[classes[cell]]
      case .propensity(let model): factor = 1 / model.propensity(codes: Array(codes.dropFirst())) { values[$0][row] }
      case .propensityClasses(let model, let cuts, let factors):
        let propensity = model.propensity(codes: Array(codes.dropFirst())) { values[$0][row] }
        factor = factors[cuts.count { $0 < propensity }]
      }
      weights[row] = factor * (base?[row] ?? 1)
    }
    var weighted = batch
    weighted.set(request.output, Column(weights))
    return weighted
  }
}
