public import Columnar
public import Streaming

/// Raked weights, frozen: applied to rows, it adds the column of weights.
public struct RakeModel: Transform {
  let request: RakeRequest
  let classes: CellKeys
  let cells: KeyIndex
  /// By cell, raked over starting weight.
  let factors: [Double]
  /// By margin, the cells it adds up.
  let margins: [[Int]]
  public let summary: RakeSummary

  public var inputs: [ColumnRequest] {
    request.classifiers.map { .category($0) } + (request.weights.map { [.number($0)] } ?? [])
  }

  public var outputs: [Field] { [Field(request.output, .float64)] }

  /// - Throws: `badData` for a row of a cell that was not in the data the weights were raked on.
  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let base = try request.weights.map { c throws(ImmerseError) in try batch.weights(c) }
    var weights = [Double](repeating: 0, count: batch.rowCount)
    for (row, cell) in try cellOfRows(batch).enumerated() { weights[row] = factors[cell] * (base?[row] ?? 1) }
    var weighted = batch
    weighted.set(request.output, Column(weights))
    return weighted
  }

  /// The cell of every row.
  func cellOfRows(_ batch: Batch) throws(ImmerseError) -> [Int] {
    var found: [Int] = []
    found.reserveCapacity(batch.rowCount)
    for (row, key) in try classes.keys(batch).enumerated() {
      guard let cell = cells.find(key) else {
        throw ImmerseError(
          .badData, "has a combination of categories the weights were not raked on", row: batch.firstRow + row,
          variable: request.classifiers.joined(separator: ", "))
      }
      found.append(cell)
    }
    return found
  }
}

/// What raking did to the weights.
public struct RakeSummary: Sendable, Hashable {
  public struct Row: Sendable, Hashable {
    public var margin: Margin
    /// Weighted total before raking.
    public var before: Double
    public var after: Double
  }

  public var count: Int
  public var sweeps: Int
  public var largestRelativeError: Double
  public var sumBefore: Double
  public var sumAfter: Double
  /// The range of g-weights: raked over starting weight.
  public var smallestFactor: Double
  public var largestFactor: Double
  public var margins: [Row]
}
