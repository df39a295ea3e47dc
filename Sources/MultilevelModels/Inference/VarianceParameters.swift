import LinearAlgebra

/// The distinct variances and covariances of a model: σ² first, then by level from the lowest the free elements of Ψ.
///
/// The random effects are those on the stored columns; `raw` maps a vector over the parameters to the columns as the
/// formula names them, which is linear.
struct VarianceParameters: Sendable {
  struct Element: Sendable, Equatable {
    let level: Int
    let row: Int
    let column: Int
  }

  /// Of the parameters after σ².
  let elements: [Element]
  /// By level.
  let effects: [RandomEffects]

  var count: Int { elements.count + 1 }

  init(_ model: LinearMixedModel) { self.init(model.levels.map(\.effects)) }

  init(_ effects: [RandomEffects]) {
    self.effects = effects
    elements = effects.enumerated().flatMap { level, effects in
      effects.elements.map { Element(level: level, row: $0.row, column: $0.column) }
    }
  }

  /// How many parameters are known once a level is passed: σ² and those of the levels up to it.
  func count(through level: Int) -> Int { 1 + elements.count { $0.level <= level } }

  /// ∂Ψ/∂ψ of a level's parameters, over the carriers: B E B' with the 0/1 matrix E of the element.
  func derivatives(of level: Int) throws(NumericalError) -> [Matrix] {
    let effects = effects[level]
    var result: [Matrix] = []
    for element in effects.elements {
      var pattern = Matrix(rows: effects.count, columns: effects.count)
      pattern[element.row, element.column] = 1
      pattern[element.column, element.row] = 1
      result.append(try effects.fittedBasis.congruence(pattern))
    }
    return result
  }

  /// The derivative of the parameters with respect to φ = (θ, σ), σ last, and their second derivatives.
  ///
  /// ψ_ij = σ² Σ_k λ_ik λ_jk, whose derivatives vanish with a variance at zero.
  func derivatives(theta: [Double], sigma: Double) -> (first: Matrix, second: [Matrix]) {
    let size = theta.count + 1
    let last = theta.count
    var first = Matrix(rows: count, columns: size)
    var second = Array(repeating: Matrix(rows: size, columns: size), count: count)
    first[0, last] = 2 * sigma
    second[0][last, last] = 2
    let square = sigma * sigma
    for (index, element) in elements.enumerated() {
      let (k, i, j) = (index + 1, element.row, element.column)
      // θ has the order of the elements: the same list, for Λ.
      func lambda(_ row: Int, _ column: Int) -> Double {
        elements.firstIndex(of: Element(level: element.level, row: row, column: column)).map { theta[$0] } ?? 0
      }
      var value = 0.0
      for (a, own) in elements.enumerated() where own.level == element.level {
        var slope = 0.0
        if own.row == i { slope += lambda(j, own.column) }
        if own.row == j { slope += lambda(i, own.column) }
        if own.row == i { value += theta[a] * lambda(j, own.column) }
        first[k, a] = square * slope
        second[k][a, last] = 2 * sigma * slope
        second[k][last, a] = 2 * sigma * slope
        for (b, other) in elements.enumerated() where other.level == element.level && other.column == own.column {
          var curvature = 0.0
          if own.row == i && other.row == j { curvature += square }
          if own.row == j && other.row == i { curvature += square }
          second[k][a, b] = curvature
        }
      }
      first[k, last] = 2 * sigma * value
      second[k][last, last] = 2 * value
    }
    return (first, second)
  }

  /// The map to σ² and the covariances of effects as the formula names their columns, in units of the response.
  func raw(responseScale: Double) throws(NumericalError) -> Matrix {
    var map = Matrix(rows: count, columns: count)
    let square = responseScale * responseScale
    map[0, 0] = square
    for (level, effects) in effects.enumerated() {
      let positions = elements.indices.filter { elements[$0].level == level }
      for column in positions {
        var pattern = Matrix(rows: effects.count, columns: effects.count)
        pattern[elements[column].row, elements[column].column] = square
        pattern[elements[column].column, elements[column].row] = square
        let raw = try effects.rawFromFitted.congruence(pattern)
        for row in positions { map[row + 1, column + 1] = raw[elements[row].row, elements[row].column] }
      }
    }
    return map
  }
}
