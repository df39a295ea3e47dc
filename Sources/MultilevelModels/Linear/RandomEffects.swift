import Columnar
import LinearAlgebra
import ModelFormula

/// Which coordinates θ is in.
enum ThetaCoordinates: Sendable {
  /// Those of the columns as the formula names them, as lme4 prints θ.
  case raw
  /// Those of the stored, shifted and scaled columns.
  case fitted
}

/// The random effects over the groups of one level, and how the parameters θ make their covariance σ²ΛΛ'.
///
/// The effects belong to columns as the formula names them, raw; the cross-products hold them shifted and scaled. A basis
/// turns effects into coefficients of the stored columns, so that the likelihood is always that of the raw
/// model. Two bases are in use: `raw` takes θ as lme4 prints it; `fitted` takes effects on the stored columns,
/// where an offset of a predictor does not tie intercepts and slopes together, for the optimiser.
struct RandomEffects: Sendable {
  let names: [String]
  /// The numbers of effects of the terms, which are independent of each other; effects within a term are correlated.
  let termSizes: [Int]
  /// The stored columns that carry the effects, as positions in the frame's columns.
  let columns: [Int]
  /// One row for each stored column, one column for each effect.
  let rawBasis: Matrix
  let fittedBasis: Matrix
  /// Raw effects from fitted ones.
  let rawFromFitted: Matrix

  var count: Int { names.count }
  var thetaCount: Int { termSizes.reduce(0) { $0 + packedCount($1) } }

  /// - Throws: `usage` where two terms let the same effect vary over the groups.
  init(_ factor: GroupingFactor, frame: ModelFrame, scales: [ColumnScale]) throws(ImmerseError) {
    let terms = factor.terms.flatMap { index in
      let design = frame.random[index]
      return design.term.isDiagonal ? design.columns.map { [$0] } : [design.columns]
    }
    let effects = terms.flatMap(\.self)
    if let twice = effects.first(where: { effect in effects.count(where: { $0 == effect }) > 1 }) {
      throw ImmerseError(
        .usage, "\(frame.columns[twice].name) varies over \(factor.label) in two random terms",
        remedy: "a term has an intercept of its own unless it says 0 +")
    }
    names = effects.map { frame.columns[$0].name }
    termSizes = terms.map(\.count)
    let intercept = frame.columns.firstIndex(where: \.isIntercept)
    let needsIntercept = effects.contains { scales[$0].shift != 0 }
    columns = (Set(effects).union(needsIntercept ? [intercept].compactMap(\.self) : [])).sorted()

    var raw = Matrix(rows: columns.count, columns: effects.count)
    var fitted = raw
    var rawFromFitted = Matrix(rows: effects.count, columns: effects.count)
    let row = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
    func add(_ value: Double, _ column: Int?, _ effect: Int, to basis: inout Matrix) {
      if let index = column.flatMap({ row[$0] }) { basis[index, effect] += value }
    }
    var effect = 0
    for term in terms {
      // Together with the intercept, effects on shifted columns are a change of coordinates within the term.
      let interceptEffect = term.firstIndex { frame.columns[$0].isIntercept }.map { $0 + effect }
      for column in term {
        let (shift, scale) = (scales[column].shift, scales[column].scale)
        add(scale, column, effect, to: &raw)
        if shift != 0 { add(shift, intercept, effect, to: &raw) }
        add(1, column, effect, to: &fitted)
        rawFromFitted[effect, effect] = 1 / scale
        if let interceptEffect {
          if shift != 0 { rawFromFitted[interceptEffect, effect] -= shift / scale }
        } else if shift != 0 {
          add(shift / scale, intercept, effect, to: &fitted)
        }
        effect += 1
      }
    }
    rawBasis = raw
    fittedBasis = fitted
    self.rawFromFitted = rawFromFitted
  }

  /// Λ from its free elements, the lower triangles of the terms column by column.
  func factor(_ theta: ArraySlice<Double>) -> Matrix {
    var lambda = Matrix(rows: count, columns: count)
    for (element, value) in zip(elements, theta) { lambda[element.row, element.column] = value }
    return lambda
  }

  /// The free elements of a factor Λ.
  func theta(_ lambda: Matrix) -> [Double] { elements.map { lambda[$0.row, $0.column] } }

  /// Λ in terms of the stored columns: basis · Λ, a row for each stored column.
  func stored(_ theta: ArraySlice<Double>, _ coordinates: ThetaCoordinates) -> [Double] {
    stored(factor(theta), coordinates)
  }

  /// Any Λ in terms of the stored columns.
  func stored(_ lambda: Matrix, _ coordinates: ThetaCoordinates) -> [Double] {
    let basis = basis(coordinates)
    return columns.indices.flatMap { row in
      (0..<count).map { column in (0..<count).reduce(0) { $0 + basis[row, $1] * lambda[$1, column] } }
    }
  }

  /// The derivative with respect to Λ, all its elements, from that with respect to `stored`.
  func derivative(_ stored: [Double], _ coordinates: ThetaCoordinates) -> Matrix {
    let basis = basis(coordinates)
    var result = Matrix(rows: count, columns: count)
    for i in 0..<count {
      for j in 0..<count {
        result[i, j] = columns.indices.reduce(0) { $0 + basis[$1, i] * stored[$1 * count + j] }
      }
    }
    return result
  }

  private func basis(_ coordinates: ThetaCoordinates) -> Matrix { coordinates == .raw ? rawBasis : fittedBasis }

  /// The free elements of Λ in the order of θ.
  var elements: [(row: Int, column: Int)] {
    terms.flatMap { term in
      term.flatMap { column in (column..<term.upperBound).map { (row: $0, column: column) } }
    }
  }

  /// The effects of each term.
  var terms: [Range<Int>] {
    var first = 0
    return termSizes.map { size in
      defer { first += size }
      return first..<first + size
    }
  }

  /// A lower triangular factor with a diagonal that is not negative of the same ΛΛ', term by term.
  ///
  /// Rotations of the columns clear what stands above the diagonal: an LQ decomposition.
  static func lowerTriangular(_ factor: Matrix) -> Matrix {
    var lower = factor
    for i in 0..<lower.rows {
      for j in i + 1..<max(i + 1, lower.columns) where lower[i, j] != 0 {
        let radius = (lower[i, i] * lower[i, i] + lower[i, j] * lower[i, j]).squareRoot()
        let (cosine, sine) = (lower[i, i] / radius, lower[i, j] / radius)
        for k in 0..<lower.rows {
          let (a, b) = (lower[k, i], lower[k, j])
          lower[k, i] = cosine * a + sine * b
          lower[k, j] = cosine * b - sine * a
        }
        lower[i, j] = 0
      }
      if lower[i, i] < 0 {
        for k in 0..<lower.rows { lower[k, i] = -lower[k, i] }
      }
    }
    return lower
  }
}
