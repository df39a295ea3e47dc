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
  /// By margin, one over the cost of a miss; 0 where it was to be met exactly.
  let ridges: [Double]
  /// The covariance of the totals, by row; empty where they are known.
  let covariance: [[Double]]
  public internal(set) var summary: CalibrationSummary

  public var inputs: [ColumnRequest] { plan.columns }
  public var outputs: [Field] { [Field(output, .float64)] }

  /// - Throws: `badData` for a row of a cell that was not in the data the weights were calibrated on.
  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let base = try plan.startingWeights(batch)
    let cells = try plan.cells(of: batch, in: cells)
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
}

/// g = F(x'η), with x'η held as a constant and the coefficients of the numbers of every cell.
struct CalibratedFactors: Sendable {
  private let bounds: UnitBounds
  private let width: Int
  private let coefficients: [Double]

  init(_ bounds: UnitBounds, eta: [Double], _ auxiliaries: Auxiliaries, numbers: Int) {
    self.bounds = bounds
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
    let (lower, upper) = bounds.range(weight: weight, number)
    return bounds.function.evaluate(u, lower, upper).value
  }

  /// Σ d g over a cell, given its products, where g is linear.
  func sum(cell: Int, _ products: [Double], _ productsPerCell: Int) -> Double {
    let own = products[cell * productsPerCell]
    return (0..<width).reduce(own) { $0 + coefficients[cell * width + $1] * products[cell * productsPerCell + $1] }
  }
}

/// The bounds of a unit's g.
struct UnitBounds: Sendable {
  let function: CalibrationFunction
  /// Bounds of the weight, the same for all units.
  let ofWeight: [Double]?
  /// Which numbers of a unit are the bounds of its own g.
  let columns: [Int]

  init(_ request: CalibrationRequest, numbers: [String]) {
    function = request.function
    ofWeight = request.weightBounds
    columns = request.unitBounds.compactMap { numbers.firstIndex(of: $0) }
  }

  /// - Parameter weight: the unit's starting weight.
  func range(weight: Double, _ number: (Int) -> Double) -> (lower: Double, upper: Double) {
    if columns.count == 2 { return (number(columns[0]), number(columns[1])) }
    guard let ofWeight, weight > 0 else { return (function.lower, function.upper) }
    return (max(function.lower, ofWeight[0] / weight), min(function.upper, ofWeight[1] / weight))
  }

  /// - Throws: `badData` where a unit's own bounds are none its distance can have.
  func check(_ range: (lower: Double, upper: Double), _ names: [String]) throws(ImmerseError) {
    guard columns.count == 2 else { return }
    let isPossible =
      function.method == .logit ? range.lower < 1 && range.upper > 1 : range.lower <= range.upper && range.upper > 0
    let isPositive = function.lower < 0 || range.lower >= 0
    guard isPossible && isPositive else {
      throw ImmerseError(
        .badData, "some rows' bounds of g are none that \(function.method.rawValue) calibration can have",
        variable: names.joined(separator: ", "),
        remedy: function.method == .logit ? "let them lie on both sides of 1" : "let the lower stand before the upper")
    }
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
  /// How many of them may be missed at a cost.
  public var missable = 0
}
