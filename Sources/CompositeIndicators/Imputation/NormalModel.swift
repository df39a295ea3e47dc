import Columnar
import LinearAlgebra

/// A multivariate normal distribution fitted by maximum likelihood to units with missing values, values missing at random.
///
/// Source: Dempster, Laird and Rubin (1977), Journal of the Royal Statistical Society B 39, 1-38; Little and Rubin (2019),
/// Statistical Analysis with Missing Data, section 11.2.
struct NormalModel: Codable, Sendable, Equatable {
  let codes: [String]
  let means: [Double]
  /// Column by column; divisor n.
  let covariance: [Double]
  let iterations: Int
  let hasConverged: Bool

  enum CodingKeys: String, CodingKey {
    case codes, means, covariance, iterations
    case hasConverged = "has_converged"
  }

  static let iterationLimit = 10_000

  /// Fits the distribution. O(units p² + patterns p³) an iteration, for p indicators and as many patterns of missing
  /// values as there are.
  ///
  /// - Throws: `badData` where there are too few units for so many covariances, or an indicator has no value or no spread.
  init(_ units: UnitMatrix) throws(ImmerseError) {
    try self.init(units, rows: Array(units.units.indices))
  }

  /// - Parameter rows: those fitted to, which may repeat.
  init(_ units: UnitMatrix, rows: [Int]) throws(ImmerseError) {
    let p = units.codes.count
    let columns = units.columns
    let used = rows.filter { row in columns.contains { !$0[row].isNaN } }
    let tooFew = ImmerseError(
      .badData,
      "\(counted(used.count, "unit")) are too few for the covariances of \(counted(p, "indicator")), or one indicator is "
        + "a linear combination of others",
      remedy: "impute by the mean, or by regression on a few predictors")
    guard used.count > p else { throw tooFew }
    var (centres, scales) = ([Double](), [Double]())
    for (code, column) in zip(units.codes, columns) {
      let values = used.map { column[$0] }.filter { !$0.isNaN }
      let centre = values.reduce(0, +) / Double(max(values.count, 1))
      let scale = (values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(max(values.count, 1))).squareRoot()
      guard scale.isNormal else {
        throw ImmerseError(
          .badData, values.isEmpty ? "has no value to impute from" : "is the same in every unit", variable: code,
          remedy: "leave it out, or impute by the mean")
      }
      centres.append(centre)
      scales.append(scale)
    }
    let patterns = MissingPattern.all(columns, used)
    let standardised = patterns.map { pattern in
      pattern.rows.map { row in pattern.observed.map { (columns[$0][row] - centres[$0]) / scales[$0] } }
    }
    var mean = [Double](repeating: 0, count: p)
    var covariance = Matrix.identity(p)
    var (count, converged) = (0, false)
    while count < Self.iterationLimit && !converged {
      count += 1
      var first = [Double](repeating: 0, count: p)
      var second = Matrix(rows: p, columns: p)
      for (pattern, values) in zip(patterns, standardised) {
        let conditional: ConditionalNormal
        do { conditional = try ConditionalNormal(pattern, mean, covariance) } catch { throw tooFew }
        conditional.absorb(values, &first, &second)
      }
      let n = Double(used.count)
      let newMean = first.map { $0 / n }
      var change = 0.0
      for j in 0..<p {
        change = max(change, (newMean[j] - mean[j]).magnitude)
        for i in 0..<p {
          let value = second[i, j] / n - newMean[i] * newMean[j]
          change = max(change, (value - covariance[i, j]).magnitude)
          covariance[i, j] = value
        }
      }
      mean = newMean
      converged = change < 1e-12
    }
    codes = units.codes
    means = (0..<p).map { centres[$0] + scales[$0] * mean[$0] }
    self.covariance = (0..<p * p).map { covariance.elements[$0] * scales[$0 % p] * scales[$0 / p] }
    iterations = count
    hasConverged = converged
  }

  /// The units' columns with missing values replaced by their expectation given the unit's other values, plus, where
  /// `noise` is given, a draw from what that leaves open.
  ///
  /// - Parameter noise: standard normal numbers.
  func fill(_ units: UnitMatrix, noise: (() -> Double)? = nil) throws(ImmerseError) -> [Buffer<Double>] {
    var columns: [Buffer<Double>] = []
    for code in codes { columns.append(try units.column(code)) }
    let p = codes.count
    let covariance = Matrix(rows: p, columns: p, elements: covariance)
    var filled = columns.map(\.array)
    for pattern in MissingPattern.all(columns, Array(units.units.indices)) where !pattern.missing.isEmpty {
      if pattern.observed.isEmpty && noise == nil { continue }
      do {
        let conditional = try ConditionalNormal(pattern, means, covariance)
        for row in pattern.rows {
          let draw = conditional.draw(pattern.observed.map { columns[$0][row] }, noise)
          for (index, value) in zip(pattern.missing, draw) { filled[index][row] = value }
        }
      } catch {
        throw ImmerseError(
          .badData, "the covariances of the indicators are singular", remedy: "impute by the mean")
      }
    }
    var result = units.columns
    for (code, column) in zip(codes, filled) {
      if let index = units.codes.firstIndex(of: code) { result[index] = Buffer(column) }
    }
    return result
  }
}

/// The units that have values for the same indicators.
struct MissingPattern {
  let observed: [Int]
  let missing: [Int]
  var rows: [Int]

  /// In the order of first appearance.
  static func all(_ columns: [Buffer<Double>], _ rows: [Int]) -> [MissingPattern] {
    var patterns: [MissingPattern] = []
    var position: [[Bool]: Int] = [:]
    for row in rows {
      let isMissing = columns.map { $0[row].isNaN }
      if let index = position[isMissing] {
        patterns[index].rows.append(row)
      } else {
        position[isMissing] = patterns.count
        patterns.append(
          MissingPattern(
            observed: isMissing.indices.filter { !isMissing[$0] }, missing: isMissing.indices.filter { isMissing[$0] },
            rows: [row]))
      }
    }
    return patterns
  }
}

/// What a normal distribution expects of the missing indicators given the observed ones.
struct ConditionalNormal {
  private let pattern: MissingPattern
  private let mean: [Double]
  /// Σ_mo Σ_oo⁻¹.
  private let slopes: Matrix
  /// Σ_mm - Σ_mo Σ_oo⁻¹ Σ_om.
  private let covariance: Matrix

  init(_ pattern: MissingPattern, _ mean: [Double], _ covariance: Matrix) throws(NumericalError) {
    self.pattern = pattern
    self.mean = mean
    let (o, m) = (pattern.observed, pattern.missing)
    let observed = try Cholesky(covariance.submatrix(rows: o, columns: o))
    let cross = covariance.submatrix(rows: o, columns: m)
    slopes = try observed.solve(cross).transposed
    let explained = try slopes * cross
    var rest = covariance.submatrix(rows: m, columns: m)
    for index in rest.elements.indices { rest.elements[index] -= explained.elements[index] }
    self.covariance = rest
  }

  /// The expectation of the missing values of one unit, with a draw of what is left open.
  func draw(_ observed: [Double], _ noise: (() -> Double)?) -> [Double] {
    var expected = pattern.missing.indices.map { i in
      pattern.observed.indices.reduce(mean[pattern.missing[i]]) {
        $0 + slopes[i, $1] * (observed[$1] - mean[pattern.observed[$1]])
      }
    }
    guard let noise else { return expected }
    // A covariance that rounding has left without a factor is one of values that the others determine.
    guard let factor = try? Cholesky(covariance).factor else { return expected }
    let z = expected.map { _ in noise() }
    for i in expected.indices { for j in 0...i { expected[i] += factor[i, j] * z[j] } }
    return expected
  }

  /// Adds the expected values of the units of the pattern, and their expected products, to the sums over all units.
  func absorb(_ units: [[Double]], _ first: inout [Double], _ second: inout Matrix) {
    var whole = [Double](repeating: 0, count: mean.count)
    for observed in units {
      for (index, value) in zip(pattern.observed, observed) { whole[index] = value }
      for (index, value) in zip(pattern.missing, draw(observed, nil)) { whole[index] = value }
      for j in whole.indices {
        first[j] += whole[j]
        for i in whole.indices { second[i, j] += whole[i] * whole[j] }
      }
    }
    for (b, j) in pattern.missing.enumerated() {
      for (a, i) in pattern.missing.enumerated() { second[i, j] += Double(units.count) * covariance[a, b] }
    }
  }
}
