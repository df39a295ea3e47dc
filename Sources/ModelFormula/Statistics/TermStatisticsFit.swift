public import Columnar
import Expressions
public import Streaming

/// Finds means and polynomials in one pass.
public struct TermStatisticsFit: Fit {
  let frame: ModelFrame
  let terms: [Variable]
  let arguments: [Expression]
  /// Near each argument's centre and spread, so that sums cost no digits.
  let scales: [ColumnScale]

  init(_ frame: ModelFrame, terms: [Variable]) throws(ImmerseError) {
    self.frame = frame
    self.terms = terms
    var (arguments, scales): ([Expression], [ColumnScale]) = ([], [])
    for term in terms {
      arguments.append(try Expression(parsing: term.expressionText))
      scales.append(try frame.scale(of: arguments[arguments.count - 1]))
    }
    self.arguments = arguments
    self.scales = scales
  }

  public var columns: [ColumnRequest] { frame.columnRequests }
  public var signature: String { "term statistics \(frame.formula.source) \(terms) \(scales)" }

  public func makePartial() -> TermStatisticsPartial { TermStatisticsPartial(self) }

  /// - Throws: `badData` where a variable has too few values for its polynomial.
  public func finish(_ partial: TermStatisticsPartial) throws(ImmerseError) -> TermStatistics {
    var statistics = TermStatistics()
    for (index, term) in terms.enumerated() {
      let (sums, scale) = (partial.sums[index], scales[index])
      switch term {
      case .column, .category, .expression: break
      case .centred:
        // A group without rows used has no mean, and no row that asks for it.
        statistics.means[term] = stride(from: 0, to: sums.count, by: 2).map {
          sums[$0] == 0 ? 0 : scale.shift + scale.scale * sums[$0 + 1] / sums[$0]
        }
      case .polynomial(let polynomial):
        statistics.polynomials[term] = try polynomial.orthonormal(moments: sums, scale: scale)
      }
    }
    return statistics
  }

  /// How many sums a term needs: two for each mean, power sums to twice the degree for a polynomial.
  func sumCount(_ term: Variable) -> Int {
    switch term {
    case .column, .category, .expression: 0
    case .centred(let centring): 2 * (centring.group.map { frame.profile.levels[$0]?.count ?? 0 } ?? 1)
    case .polynomial(let polynomial): 2 * polynomial.degree + 1
    }
  }
}

/// Sums over the rows used, by term.
public struct TermStatisticsPartial: Partial {
  private let fit: TermStatisticsFit
  private(set) var sums: [[Double]]

  init(_ fit: TermStatisticsFit) {
    self.fit = fit
    sums = fit.terms.map { [Double](repeating: 0, count: fit.sumCount($0)) }
  }

  public mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let rows = try FrameRows(fit.frame, batch)
    var missing = [Int](repeating: 0, count: fit.frame.variableNames.count)
    var used =
      try rows.completeRows(in: 0..<rows.rowCount, missing: &missing).map { $0.map(Int.init) }
      ?? Array(0..<rows.rowCount)
    for variable in fit.frame.furtherNumbers {
      if let values = rows.numbers(variable)?.array { used.removeAll { !(values[$0] > 0) } }
    }
    for (index, term) in fit.terms.enumerated() {
      let values = try fit.arguments[index].evaluateNumbers(batch).array
      let scale = fit.scales[index]
      switch term {
      case .column, .category, .expression: break
      case .centred(let centring):
        let codes = try centring.group.map { name throws(ImmerseError) in
          try batch.categories(name).recoded(to: try fit.frame.profile.levels(of: name)).codes.array
        }
        let weights = try centring.weights.map { name throws(ImmerseError) in try batch.numbers(name).array }
        for row in used {
          let group = codes.map { Int($0[row]) } ?? 0
          let weight = weights?[row] ?? 1
          guard weight >= 0 else { throw .negativeCentringWeight(centring.weights ?? "") }
          sums[index][2 * group] += weight
          sums[index][2 * group + 1] += weight * (values[row] - scale.shift) / scale.scale
        }
      case .polynomial:
        for row in used {
          let t = (values[row] - scale.shift) / scale.scale
          var power = 1.0
          for k in sums[index].indices {
            sums[index][k] += power
            power *= t
          }
        }
      }
    }
  }

  public mutating func merge(_ other: TermStatisticsPartial) throws(ImmerseError) {
    for index in sums.indices {
      for k in sums[index].indices { sums[index][k] += other.sums[index][k] }
    }
  }

  public func write(to blob: inout BlobWriter) { for own in sums { blob.write(own) } }

  public mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    for index in sums.indices {
      let own = try blob.doubles()
      guard own.count == sums[index].count else { throw .brokenPartial }
      sums[index] = own
    }
  }
}

extension Polynomial {
  /// The polynomials of degree 1 and up that are orthonormal over the rows whose power sums these are, with positive
  /// leading coefficients: the rows of L⁻¹, where LL' is the matrix of moments.
  fileprivate func orthonormal(
    moments: [Double], scale: ColumnScale
  ) throws(ImmerseError) -> [PolynomialCoefficients] {
    let size = degree + 1
    var lower = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
    for i in 0..<size {
      for j in 0...i {
        var sum = moments[i + j]
        for k in 0..<j { sum -= lower[i][k] * lower[j][k] }
        if i == j {
          guard sum > 1e-10 * moments[2 * i] else {
            throw ImmerseError(
              .badData, "has too few distinct values for a polynomial of degree \(degree)", variable: label,
              remedy: "lower the degree")
          }
          lower[i][i] = sum.squareRoot()
        } else {
          lower[i][j] = sum / lower[j][j]
        }
      }
    }
    return (1..<size).map { row in
      // Row `row` of the inverse, from the diagonal to the left.
      var inverse = [Double](repeating: 0, count: size)
      inverse[row] = 1 / lower[row][row]
      for column in (0..<row).reversed() {
        var sum = 0.0
        for k in column + 1...row { sum += inverse[k] * lower[k][column] }
        inverse[column] = -sum / lower[column][column]
      }
      return PolynomialCoefficients(scale: scale, coefficients: inverse)
    }
  }
}

extension ImmerseError {
  fileprivate static func negativeCentringWeight(_ name: String) -> ImmerseError {
    ImmerseError(.badData, "holds negative weights", variable: name, remedy: "weights are positive, or 0 to leave out")
  }
}
