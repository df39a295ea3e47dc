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

  var hasConverged: Bool { certificate.scaledGradient <= Minimiser.acceptableTolerance }
}

extension LinearMixedModel {
  /// Minimises the criterion over θ.
  ///
  /// - Throws: `failure` where the equations cannot be solved at the start.
  func optimum() throws(ImmerseError) -> Optimum {
    let start = levels.flatMap { $0.effects.theta(.identity($0.effects.count)) }
    var minimiser = Minimiser { [self] theta throws(ImmerseError) in
      let evaluation = try evaluate(theta, .fitted)
      return Minimiser.Point(
        theta: theta, value: evaluation.criterion, gradient: try gradient(evaluation, .fitted))
    }
    var (point, certificate) = try minimiser.minimise(from: start)
    for index in diagonalPositions where point.theta[index] != 0 && point.theta[index].magnitude < 1e-4 {
      // A variance this small is zero wherever that costs nothing.
      var theta = point.theta
      theta[index] = 0
      let trial = try minimiser.evaluate(theta)
      if trial.value <= point.value + 1e-12 * point.value.magnitude { point = trial }
    }
    let theta = canonical(point.theta)
    return Optimum(
      theta: theta, evaluation: try evaluate(theta, .fitted), certificate: certificate,
      evaluations: minimiser.evaluations + 1, start: start)
  }

  /// Where θ holds the diagonals of Λ.
  private var diagonalPositions: [Int] {
    levels.flatMap(\.effects.elements).enumerated().filter { $0.element.row == $0.element.column }.map(\.offset)
  }

  /// The same Λ with the signs of its columns such that no diagonal element is negative.
  private func canonical(_ theta: [Double]) -> [Double] {
    var first = 0
    return levels.flatMap { level in
      defer { first += level.effects.thetaCount }
      let lambda = level.effects.factor(theta[first..<first + level.effects.thetaCount])
      return level.effects.theta(RandomEffects.lowerTriangular(lambda))
    }
  }
}
