public import Columnar
public import Streaming

/// Calibrated weights, frozen: applied to rows, it adds the column of weights.
public struct CalibrationModel: Transform {
  enum Factors: Sendable {
    /// By cell, calibrated over starting weight.
    case byCell([Double])
    case calibrated(CalibratedFactors)
  }

  /// The step that made the weights: `rake`, `poststratify`, `calibrate` ...
  public let name: String
  public let output: String
  let plan: CellsPlan
  let cells: KeyIndex
  let auxiliaries: Auxiliaries
  let factors: Factors
  public internal(set) var summary: CalibrationSummary

  public var inputs: [ColumnRequest] { plan.columns }
  public var outputs: [Field] { [Field(output, .float64)] }

  /// - Throws: `badData` for a row of a cell that was not in the data the weights were calibrated on.
  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let base = try plan.startingWeights(batch)
    let cells = try cellOfRows(batch)
    var weights = [Double](repeating: 0, count: batch.rowCount)
    switch factors {
    case .byCell(let factors):
      for (row, cell) in cells.enumerated() { weights[row] = factors[cell] * (base?[row] ?? 1) }
    case .calibrated(let factors):
      let values = try plan.values(batch)
      for (row, cell) in cells.enumerated() {
        let weight = base?[row] ?? 1
        weights[row] = weight * factors.factor(cell: cell, weight: weight) { values[$0][row] }
      }
    }
    var weighted = batch
    weighted.set(output, Column(weights))
    return weighted
  }

  /// Whether every row of the cell ends with a weight of zero.
  func empties(cell: Int) -> Bool {
    if case .byCell(let factors) = factors { factors[cell] == 0 } else { false }
  }

  /// The cell of every row.
  func cellOfRows(_ batch: Batch) throws(ImmerseError) -> [Int] { try plan.cells(of: batch, in: cells) }
}

/// g = F(x'η), with x'η held as a constant and the coefficients of the numbers of every cell.
struct CalibratedFactors: Sendable {
  private let function: CalibrationFunction
  private let weightBounds: [Double]?
  private let width: Int
  private let coefficients: [Double]

  init(
    function: CalibrationFunction, weightBounds: [Double]?, eta: [Double], _ auxiliaries: Auxiliaries, numbers: Int
  ) {
    self.function = function
    self.weightBounds = weightBounds
    width = numbers + 1
    var coefficients = [Double](repeating: 0, count: auxiliaries.cellCount * width)
    for cell in 0..<auxiliaries.cellCount {
      for entry in auxiliaries.entries(ofCell: cell) {
        coefficients[cell * width + entry.value] += eta[entry.term] * entry.coefficient
      }
    }
    self.coefficients = coefficients
  }

  func factor(cell: Int, weight: Double, _ number: (Int) -> Double) -> Double {
    var u = coefficients[cell * width]
    for index in 1..<max(width, 1) { u += coefficients[cell * width + index] * number(index - 1) }
    let (lower, upper) = CalibratedFactors.bounds(function, weightBounds, weight: weight)
    return function.evaluate(u, lower, upper).value
  }

  /// Σ d g over a cell, given its products, where g is linear.
  func sum(cell: Int, _ products: [Double], _ productsPerCell: Int) -> Double {
    let own = products[cell * productsPerCell]
    return (0..<width).reduce(own) { $0 + coefficients[cell * width + $1] * products[cell * productsPerCell + $1] }
  }

  /// The bounds of g, with bounds of the weight divided by the starting weight where there are some.
  static func bounds(
    _ function: CalibrationFunction, _ weightBounds: [Double]?, weight: Double
  ) -> (lower: Double, upper: Double) {
    guard let weightBounds, weight > 0 else { return (function.lower, function.upper) }
    return (max(function.lower, weightBounds[0] / weight), min(function.upper, weightBounds[1] / weight))
  }
}

/// What calibration did to the weights.
public struct CalibrationSummary: Sendable, Hashable {
  public struct Row: Sendable, Hashable {
    public var margin: Margin
    /// Weighted total before calibration.
    public var before: Double
    public var after: Double
  }

  public var count: Int
  /// Sweeps of raking, or steps of Newton's method.
  public var iterations: Int
  public var largestRelativeError: Double
  public var sumBefore: Double
  public var sumAfter: Double
  /// The range of g-weights, calibrated over starting weight; nil where the rows were not told apart by their numbers.
  public var smallestFactor: Double?
  public var largestFactor: Double?
  public var margins: [Row]
}
