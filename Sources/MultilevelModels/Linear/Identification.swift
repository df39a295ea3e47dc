import Columnar
import LinearAlgebra
import ModelFormula

/// What the data must allow before a search begins.
struct Identification {
  let frame: ModelFrame
  /// Each factor with its number of groups.
  let factors: [(label: String, count: Int, effects: RandomEffects)]
  /// Rows; with frequency weights, those they stand for.
  let rowCount: Int
  let fixedCount: Int
  /// The cross-products of all rows over the frame's columns.
  let pooled: Matrix
  let size: Double

  /// Variances and covariances of random effects beyond which no search ends in a lifetime.
  private static let parameterLimit = 500

  /// Refuses what no amount of iteration can fit.
  func check() throws(ImmerseError) {
    let parameters = factors.reduce(0) { $0 + $1.effects.thetaCount }
    guard parameters <= Self.parameterLimit else {
      throw ImmerseError(
        .usage,
        "the random terms have \(parameters) variances and covariances; at most \(Self.parameterLimit) can be "
          + "fitted", remedy: "use fewer random effects, or independent ones with || in place of |")
    }
    for (label, count, effects) in factors {
      guard count > 1 else {
        throw ImmerseError(
          .badData, "has one group only among the rows used", variable: label,
          remedy: "a variance between groups needs several of them; leave its random terms out")
      }
      guard count < rowCount else {
        throw ImmerseError(
          .badData, "has as many groups as there are rows, so its variance is the residual one", variable: label,
          remedy: "group by something that holds several rows")
      }
      guard count * effects.count < rowCount else {
        throw ImmerseError(
          .badData, "\(count) groups with \(effects.count) random effects each, but only \(rowCount) rows",
          variable: label, remedy: "use fewer random effects; their variances cannot be told from the residual one")
      }
      if let dependent = effects.dependentEffect(pooled) {
        throw ImmerseError(
          .badData, "\(dependent) does not vary apart from the other random effects over \(label)", variable: label,
          remedy: "leave it out of the random term")
      }
    }
    guard fixedCount < rowCount else {
      throw ImmerseError(
        .badData, "\(fixedCount) fixed effects for \(rowCount) rows", remedy: "use fewer terms, or more rows")
    }
    try checkResponse()
  }

  private func checkResponse() throws(ImmerseError) {
    let name = frame.columns[frame.response].name
    let square = pooled[frame.response, frame.response]
    // Without an intercept the sum of squares about the mean is not at hand; the columns then explain all or not.
    var left = square
    if let intercept = frame.columns.firstIndex(where: \.isIntercept) {
      left -= pooled[intercept, frame.response] * pooled[intercept, frame.response] / pooled[intercept, intercept]
    }
    guard left > 1e-12 * max(square, size * 1e-12) else {
      throw ImmerseError(
        .badData, "is the same in all rows used", variable: name, remedy: "model a response that varies")
    }
    let positions = frame.fixed + [frame.response]
    guard
      pooled.submatrix(rows: positions, columns: positions).dependentColumns(tolerance: 1e-12).last
        != frame.fixed.count
    else {
      throw ImmerseError(
        .badData, "is an exact linear combination of the fixed effects", variable: name,
        remedy: "leave out the predictor it was computed from")
    }
  }

  /// Refuses a response that the groups explain without a rest: the likelihood would grow beyond all bounds.
  ///
  /// - Parameter residualSquares: what is left where the groups' variances are very large.
  static func checkResidual(
    _ residualSquares: Double, pooled: Matrix, _ frame: ModelFrame, label: String
  ) throws(ImmerseError) {
    if residualSquares < 1e-7 * pooled[frame.response, frame.response] {
      throw ImmerseError(
        .badData, "does not vary within the groups of \(label)", variable: frame.columns[frame.response].name,
        remedy: "model it with one row for each group")
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
