import Columnar
import LinearAlgebra

/// The θ that minimises the criterion, and what shows that it does.
struct Optimum: Sendable {
  /// In fitted coordinates.
  let theta: [Double]
  let evaluation: Evaluation
  let certificate: Minimiser.Certificate
  let evaluations: Int
  let start: [Double]

  var hasConverged: Bool { certificate.scaledGradient <= Minimiser.tolerance }
}

extension LinearMixedModel {
  /// Minimises the criterion over θ, from Λ = I by two EM steps and then by descent in EM's metric.
  ///
  /// - Throws: `badData` where the response does not vary within groups, `failure` where the equations cannot be solved.
  func optimum() throws(ImmerseError) -> Optimum {
    try checkVariesWithinGroups()
    var start = levels.flatMap { $0.effects.theta(.identity($0.effects.count)) }
    start += [Double](repeating: 0, count: thetaCount - factorCount)
    for _ in 0..<2 { start = try emStep(start) }
    var minimiser = Minimiser { [self] theta throws(ImmerseError) in
      let evaluation = try evaluate(theta, .fitted)
      return Minimiser.Point(
        theta: theta, value: evaluation.criterion, gradient: try gradient(evaluation, .fitted))
    }
    var (point, certificate) = try minimiser.minimise(from: start, metric: emMetric(start))
    let vanished = vanishingDiagonals(point.theta)
    if !vanished.isEmpty {
      // Zero can be a minimum with a lower one inside: one more search, from well inside.
      var inside = point.theta
      for index in vanished { inside[index] = 3 }
      let other = try minimiser.minimise(from: inside, metric: emMetric(inside))
      if other.0.value < point.value { (point, certificate) = other }
    }
    for index in vanishingDiagonals(point.theta) where point.theta[index] != 0 {
      // A standard deviation this small is zero wherever that costs nothing.
      var theta = point.theta
      theta[index] = 0
      let trial = try minimiser.evaluate(theta)
      if trial.value <= point.value + 1e-12 * point.value.magnitude { point = trial }
    }
    try checkResidualRatios(point.theta)
    let theta = canonical(point.theta)
    return Optimum(
      theta: theta, evaluation: try evaluate(theta, .fitted), certificate: certificate,
      evaluations: minimiser.evaluations + 4, start: start)
  }

  /// A step of the EM algorithm (Dempster, Laird and Rubin 1977) for Ψ = ΛΛ', which the criterion's derivative gives:
  /// Ψ − ΛΛ' (dD/dΛ) Λ' / 2J, J the weight of the level's groups.
  private func emStep(_ theta: [Double]) throws(ImmerseError) -> [Double] {
    let derivatives = try derivatives(try evaluate(theta, .fitted), .fitted)
    var next: [Double] = []
    for (level, derivative) in zip(levels, derivatives.factors) {
      let own = theta[next.count..<next.count + level.effects.thetaCount]
      let lambda = level.effects.factor(own)
      var factor = Matrix(rows: lambda.rows, columns: lambda.columns)
      do {
        for term in level.effects.terms.map(Array.init) {
          let (block, slope) = (
            lambda.submatrix(rows: term, columns: term), derivative.submatrix(rows: term, columns: term)
          )
          var psi = try block.timesTransposed(block)
          let change = try psi * slope.timesTransposed(block)
          for k in psi.elements.indices { psi.elements[k] -= change.elements[k] / (2 * level.weightOfGroups) }
          let root = try Cholesky(psi).factor
          for (i, row) in term.enumerated() {
            for (j, column) in term.enumerated() { factor[row, column] = root[i, j] }
          }
        }
        next += level.effects.theta(factor)
      } catch { next += own }
    }
    return next + theta[next.count...]
  }

  /// What EM takes for the inverse Hessian: ΛΛ' / 4J for each column of Λ.
  private func emMetric(_ theta: [Double]) -> Matrix {
    var metric = Matrix(rows: theta.count, columns: theta.count)
    var first = 0
    for level in levels {
      let elements = level.effects.elements
      let lambda = level.effects.factor(theta[first..<first + elements.count])
      for (i, a) in elements.enumerated() {
        for (j, b) in elements.enumerated() where a.column == b.column {
          let psi = (0..<lambda.columns).reduce(0) { $0 + lambda[a.row, $1] * lambda[b.row, $1] }
          metric[first + i, first + j] = psi / (4 * level.weightOfGroups)
        }
      }
      first += elements.count
    }
    for (index, own) in (residuals?.sizes ?? []).dropFirst().enumerated() {
      metric[first + index, first + index] = size / (4 * own * (size - own))
    }
    return metric
  }

  /// Where θ holds diagonal elements of Λ that are all but zero.
  private func vanishingDiagonals(_ theta: [Double]) -> [Int] {
    levels.flatMap(\.effects.elements).enumerated()
      .filter { $0.element.row == $0.element.column && theta[$0.offset].magnitude < 1e-4 }.map(\.offset)
  }

  /// The same Λ with the signs of its columns such that no diagonal element is negative.
  private func canonical(_ theta: [Double]) -> [Double] {
    var first = 0
    return levels.flatMap { level in
      defer { first += level.effects.thetaCount }
      let lambda = level.effects.factor(theta[first..<first + level.effects.thetaCount])
      return level.effects.theta(RandomEffects.lowerTriangular(lambda))
    } + theta[factorCount...]
  }
}
