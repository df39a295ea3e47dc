import Columnar
import LinearAlgebra
import ModelFormula

extension LinearMixedModel {
  /// Refuses what no amount of iteration can fit.
  static func checkIdentified(
    _ grams: NestedGrams, _ effects: [RandomEffects], fixedCount: Int, pooled: Matrix, size: Double,
    totalWeights: [[Double]]
  ) throws(ImmerseError) {
    // Frequency weights stand for rows and groups that are there.
    let isCounted = grams.plan.request.weightsKind == .frequency && !grams.plan.request.weights.isEmpty
    let rows = isCounted ? Int(size) : grams.rowCount
    for (depth, (level, effects)) in zip(grams.nesting.levels, effects).enumerated() {
      let label = level.factor.label
      let count = isCounted ? Int(totalWeights[depth].reduce(0, +)) : level.count
      guard count > 1 else {
        throw ImmerseError(
          .badData, "has one group only among the rows used", variable: label,
          remedy: "a variance between groups needs several of them; leave its random terms out")
      }
      guard count < rows else {
        throw ImmerseError(
          .badData, "has as many groups as there are rows, so its variance is the residual one", variable: label,
          remedy: "group by something that holds several rows")
      }
      guard count * effects.count < rows else {
        throw ImmerseError(
          .badData, "\(count) groups with \(effects.count) random effects each, but only \(rows) rows",
          variable: label, remedy: "use fewer random effects; their variances cannot be told from the residual one")
      }
      if let dependent = effects.dependentEffect(pooled) {
        throw ImmerseError(
          .badData, "\(dependent) does not vary apart from the other random effects over \(label)", variable: label,
          remedy: "leave it out of the random term")
      }
    }
    guard fixedCount < rows else {
      throw ImmerseError(
        .badData, "\(fixedCount) fixed effects for \(rows) rows", remedy: "use fewer terms, or more rows")
    }
    try checkResponse(grams, pooled, size: size)
  }

  /// Refuses a response that the groups explain without a rest: the likelihood would grow beyond all bounds.
  func checkVariesWithinGroups() throws(ImmerseError) {
    let far = levels.flatMap { level in
      level.effects.theta(.identity(level.effects.count)).map { 1e4 * $0 }
    }
    let response = grams.frame.response
    let equal = [Double](repeating: 0, count: residuals?.ratioCount ?? 0)
    if try evaluate(far + equal, .fitted).residualSquares < 1e-7 * pooled[response, response] {
      throw ImmerseError(
        .badData, "does not vary within the groups of \(grams.nesting.levels[0].factor.label)",
        variable: grams.frame.columns[response].name, remedy: "model it with one row for each group")
    }
  }

  /// Refuses a residual class whose variance goes to zero.
  func checkResidualRatios(_ theta: [Double]) throws(ImmerseError) {
    guard let residuals, let widest = theta[factorCount...].map(\.magnitude).max(), widest > 9 else { return }
    throw ImmerseError(
      .badData, "has a level in which the response does not vary within groups", variable: residuals.classes.column,
      remedy: "join it with another level")
  }

  private static func checkResponse(_ grams: NestedGrams, _ pooled: Matrix, size: Double) throws(ImmerseError) {
    let response = grams.frame.response
    let name = grams.frame.columns[response].name
    let square = pooled[response, response]
    // Without an intercept the sum of squares about the mean is not at hand; the columns then explain all or not.
    var left = square
    if let intercept = grams.frame.columns.firstIndex(where: \.isIntercept) {
      left -= pooled[intercept, response] * pooled[intercept, response] / pooled[intercept, intercept]
    }
    guard left > 1e-12 * max(square, size * 1e-12) else {
      throw ImmerseError(
        .badData, "is the same in all rows used", variable: name, remedy: "model a response that varies")
    }
    let explained = pooled.submatrix(
      rows: grams.frame.fixed + [response], columns: grams.frame.fixed + [response])
    guard explained.dependentColumns(tolerance: 1e-12).last != grams.frame.fixed.count else {
      throw ImmerseError(
        .badData, "is an exact linear combination of the fixed effects", variable: name,
        remedy: "leave out the predictor it was computed from")
    }
  }
}

extension RandomEffects {
  /// The name of an effect whose column is a linear combination of the columns of effects before it.
  func dependentEffect(_ pooled: Matrix) -> String? {
    let cross = pooled.submatrix(rows: columns, columns: columns)
    var own = Matrix(rows: count, columns: count)
    for i in 0..<count {
      for j in 0..<count {
        for (a, b) in columns.indices.flatMap({ a in columns.indices.map { (a, $0) } }) {
          own[i, j] += fittedBasis[a, i] * cross[a, b] * fittedBasis[b, j]
        }
      }
    }
    return own.dependentColumns().first.map { names[$0] }
  }
}
