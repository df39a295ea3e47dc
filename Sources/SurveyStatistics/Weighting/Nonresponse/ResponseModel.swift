import Columnar
import LinearAlgebra
import RealModule

/// The probability of responding, by weighted logistic regression on categories and numbers, fitted to their distinct
/// combinations by Newton's method.
///
/// Columns are an intercept, an indicator of every level of a factor but its first, and the numbers, centred and scaled.
struct ResponseModel: Sendable {
  struct Unit {
    let codes: [Int]
    let values: [Double]
    let responds: Bool
    let weight: Double
    let count: Double
  }

  private let levels: [Levels]
  private let firstColumns: [Int]
  private var centres: [Double]
  private var spreads: [Double]
  private(set) var coefficients: [Double]
  private(set) var iterations = 0
  let units: [Unit]

  /// - Throws: `badData` where response is separated by the covariates, so that no finite fit exists.
  init(_ cells: CellsPartial, _ responds: [Bool]) throws(ImmerseError) {
    levels = Array(cells.plan.classes.levels.dropFirst())
    firstColumns = levels.reduce(into: [1]) { $0.append($0[$0.count - 1] + max($1.count, 1) - 1) }
    let numbers = cells.plan.numbers.count
    let decoded = cells.cells.keys.map { cells.plan.classes.levels.codes(ofCombination: $0) }
    var units: [Unit] = []
    func add(_ cell: Int, _ values: [Double], _ weight: Double, _ count: Double) {
      units.append(
        Unit(
          codes: Array(decoded[cell].dropFirst()), values: values, responds: responds[decoded[cell][0]], weight: weight,
          count: count))
    }
    if cells.plan.collectsPatterns {
      let patterns = cells.patterns
      for pattern in 0..<patterns.count {
        add(
          patterns.cells[pattern], Array(patterns.values(of: pattern)), patterns.weights[pattern],
          patterns.counts[pattern])
      }
    } else {
      for (cell, weight) in cells.weights.enumerated() { add(cell, [], weight, Double(cells.rows[cell])) }
    }
    self.units = units
    let total = units.reduce(0) { $0 + $1.weight }
    let means = (0..<numbers).map { k in units.reduce(0) { $0 + $1.weight * $1.values[k] } / total }
    centres = means
    spreads = (0..<numbers).map { k in
      let variance = units.reduce(0) { $0 + $1.weight * ($1.values[k] - means[k]) * ($1.values[k] - means[k]) } / total
      return variance > 0 ? variance.squareRoot() : 1
    }
    coefficients = Array(repeating: 0, count: firstColumns[firstColumns.count - 1] + numbers)
    try fit(total)
  }

  private mutating func fit(_ total: Double) throws(ImmerseError) {
    let rows = units.map(columns)
    var deviance = Double.infinity
    for step in 1...50 {
      var gradient = coefficients.map { _ in 0.0 }
      var hessian = Matrix(rows: coefficients.count, columns: coefficients.count)
      var next = 0.0
      for (unit, row) in zip(units, rows) {
        let u = row.reduce(0) { $0 + coefficients[$1.column] * $1.value }
        let p = ResponseModel.logistic(u)
        let weight = unit.weight / total
        next += 2 * weight * ResponseModel.softplus(unit.responds ? -u : u)
        for (column, value) in row {
          gradient[column] += weight * value * ((unit.responds ? 1 : 0) - p)
          for (other, otherValue) in row { hessian[column, other] += weight * p * (1 - p) * value * otherValue }
        }
      }
      iterations = step
      let scale = hessian.diagonal.map { $0 > 0 ? $0.squareRoot() : 1 }
      let update = try CalibrationProblem.solve(hessian, gradient, scale: scale)
      coefficients = zip(coefficients, update).map(+)
      // Where response is separated, the deviance settles but the coefficients keep growing.
      let isSettled = (deviance - next).magnitude <= 1e-9 * (next + 1e-3)
      if isSettled && update.allSatisfy({ $0.magnitude < 1e-3 }) { return }
      deviance = next
    }
    throw ImmerseError(
      .badData, "the covariates separate respondents from non-respondents, so no finite propensities exist",
      remedy: "merge levels or drop a covariate")
  }

  func propensity(of unit: Unit) -> Double { propensity(codes: unit.codes) { unit.values[$0] } }

  func propensity(codes: [Int], _ value: (Int) -> Double) -> Double {
    var u = coefficients[0]
    for (factor, code) in codes.enumerated() where code > 0 { u += coefficients[firstColumns[factor] + code - 1] }
    let first = firstColumns[firstColumns.count - 1]
    for k in centres.indices { u += coefficients[first + k] * (value(k) - centres[k]) / spreads[k] }
    return ResponseModel.logistic(u)
  }

  /// The columns of a unit that are not zero.
  private func columns(of unit: Unit) -> [(column: Int, value: Double)] {
    var row = [(column: 0, value: 1.0)]
    for (factor, code) in unit.codes.enumerated() where code > 0 { row.append((firstColumns[factor] + code - 1, 1)) }
    let first = firstColumns[firstColumns.count - 1]
    for k in centres.indices { row.append((first + k, (unit.values[k] - centres[k]) / spreads[k])) }
    return row
  }

  /// The values between classes of equal weight, ascending and distinct.
  static func cuts(_ propensities: [Double], weights: [Double], classes: Int) -> [Double] {
    let order = propensities.indices.sorted { propensities[$0] < propensities[$1] }
    let total = weights.reduce(0, +)
    var cuts: [Double] = []
    var sum = 0.0
    for index in order {
      sum += weights[index]
      let isDue = sum >= total * Double(cuts.count + 1) / Double(classes) && cuts.count < classes - 1
      if isDue { cuts.append(propensities[index]) }
    }
    var distinct: [Double] = []
    for cut in cuts where cut != distinct.last { distinct.append(cut) }
    return distinct
  }

  private static func logistic(_ u: Double) -> Double {
    let e = Double.exp(-u.magnitude)
    return u > 0 ? 1 / (1 + e) : e / (1 + e)
  }

  /// log(1 + eᵘ)
  private static func softplus(_ u: Double) -> Double { max(u, 0) + Double.log(onePlus: Double.exp(-u.magnitude)) }
}
