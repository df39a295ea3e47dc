import Columnar
import LinearAlgebra
import Streaming

/// The likelihood of a mixed model as a function of θ: the lower triangles of the factors' Λ, then what else it may hold.
protocol MixedLikelihood: Sendable {
  associatedtype Evaluation: Sendable

  /// The factors in the order of θ, each with the weight of its groups.
  var randomFactors: [(effects: RandomEffects, weightOfGroups: Double)] { get }
  /// For each element of θ after the factors', its variance as far as it is known before the search.
  var furtherMetric: [Double] { get }

  func evaluate(_ theta: [Double], _ coordinates: ThetaCoordinates) throws(ImmerseError) -> Evaluation
  func profile(_ evaluation: Evaluation) -> ProfiledEstimates
  /// The derivative of the criterion with respect to every factor's Λ, and to what follows in θ.
  func derivatives(
    _ evaluation: Evaluation, _ coordinates: ThetaCoordinates
  ) throws(ImmerseError) -> (factors: [Matrix], logRatios: [Double])
  /// Refuses what grows beyond all bounds from a θ that stands for variances without a residual one.
  func checkResidual(_ far: Evaluation) throws(ImmerseError)
  func checkEnd(_ theta: [Double]) throws(ImmerseError)
}

/// The θ that minimises the criterion, and what shows that it does.
struct OptimumOf<Evaluation: Sendable>: Sendable {
  /// In fitted coordinates.
  let theta: [Double]
  let evaluation: Evaluation
  let certificate: Minimiser.Certificate
  let evaluations: Int
  let start: [Double]

  var hasConverged: Bool { certificate.scaledGradient <= Minimiser.tolerance }
}

typealias Optimum = OptimumOf<Evaluation>

extension MixedLikelihood {
  /// The elements of θ that make the factors' Λ.
  var factorCount: Int { randomFactors.reduce(0) { $0 + $1.effects.thetaCount } }
  var thetaCount: Int { factorCount + furtherMetric.count }

  /// The gradient of the criterion with respect to θ.
  func gradient(_ evaluation: Evaluation, _ coordinates: ThetaCoordinates) throws(ImmerseError) -> [Double] {
    let derivatives = try derivatives(evaluation, coordinates)
    return zip(randomFactors, derivatives.factors).flatMap { $0.effects.theta($1) } + derivatives.logRatios
  }

  /// Minimises the criterion over θ, from Λ = I by two EM steps and then by descent in EM's metric.
  ///
  /// - Parameter known: where to begin instead, in fitted coordinates.
  /// - Throws: `badData` where the response does not vary within groups, `failure` where the equations cannot be solved,
  ///   `cancelled`.
  func optimum(
    from known: [Double]? = nil, cancellation: Cancellation? = nil
  ) throws(ImmerseError) -> OptimumOf<Evaluation> {
    let zeros = furtherMetric.map { _ in 0.0 }
    let unit = randomFactors.flatMap { $0.effects.theta(.identity($0.effects.count)) }
    try checkResidual(try evaluate(unit.map { 1e4 * $0 } + zeros, .fitted))
    let known = known?.count == thetaCount ? known : nil
    var start = known ?? unit + zeros
    if known == nil { for _ in 0..<2 { start = try emStep(start) } }
    var latest: (theta: [Double], evaluation: Evaluation)?
    var minimiser = Minimiser { [self] theta throws(ImmerseError) in
      try cancellation?.check()
      latest = nil
      let evaluation = try evaluate(theta, .fitted)
      latest = (theta, evaluation)
      return Minimiser.Point(
        theta: theta, value: profile(evaluation).criterion, gradient: try gradient(evaluation, .fitted))
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
    // A search that is stopped ends early, wherever it stands.
    try cancellation?.check()
    try checkEnd(point.theta)
    let theta = canonical(point.theta)
    var evaluations = minimiser.evaluations + (known == nil ? 3 : 1)
    let last: Evaluation
    if let latest, latest.theta == theta {
      last = latest.evaluation
    } else {
      last = try evaluate(theta, .fitted)
      evaluations += 1
    }
    return OptimumOf(
      theta: theta, evaluation: last, certificate: certificate, evaluations: evaluations, start: start)
  }

  /// The optimum near a start with a guess of the inverse Hessian, for a model like one that was fitted.
  func optimum(near start: [Double], metric: Matrix) throws(ImmerseError) -> OptimumOf<Evaluation> {
    var minimiser = Minimiser { [self] theta throws(ImmerseError) in
      let evaluation = try evaluate(theta, .fitted)
      return Minimiser.Point(
        theta: theta, value: profile(evaluation).criterion, gradient: try gradient(evaluation, .fitted))
    }
    let (point, certificate) = try minimiser.minimise(from: start, metric: metric)
    let theta = canonical(point.theta)
    return OptimumOf(
      theta: theta, evaluation: try evaluate(theta, .fitted), certificate: certificate,
      evaluations: minimiser.evaluations, start: start)
  }

  /// A step of the EM algorithm (Dempster, Laird and Rubin 1977) for Ψ = ΛΛ', which the criterion's derivative gives:
  /// Ψ − ΛΛ' (dD/dΛ) Λ' / 2J, J the weight of the factor's groups.
  private func emStep(_ theta: [Double]) throws(ImmerseError) -> [Double] {
    let derivatives = try derivatives(try evaluate(theta, .fitted), .fitted)
    var next: [Double] = []
    for (factor, derivative) in zip(randomFactors, derivatives.factors) {
      let own = theta[next.count..<next.count + factor.effects.thetaCount]
      let lambda = factor.effects.factor(own)
      var moved = Matrix(rows: lambda.rows, columns: lambda.columns)
      do {
        for term in factor.effects.terms.map(Array.init) {
          let (block, slope) = (
            lambda.submatrix(rows: term, columns: term), derivative.submatrix(rows: term, columns: term)
          )
          var psi = try block.timesTransposed(block)
          let change = try psi * slope.timesTransposed(block)
          for k in psi.elements.indices { psi.elements[k] -= change.elements[k] / (2 * factor.weightOfGroups) }
          let root = try Cholesky(psi).factor
          for (i, row) in term.enumerated() {
            for (j, column) in term.enumerated() { moved[row, column] = root[i, j] }
          }
        }
        next += factor.effects.theta(moved)
      } catch { next += own }
    }
    return next + theta[next.count...]
  }

  /// What EM takes for the inverse Hessian: ΛΛ' / 4J for each column of Λ.
  private func emMetric(_ theta: [Double]) -> Matrix {
    var metric = Matrix(rows: theta.count, columns: theta.count)
    var first = 0
    for factor in randomFactors {
      let elements = factor.effects.elements
      let lambda = factor.effects.factor(theta[first..<first + elements.count])
      for (i, a) in elements.enumerated() {
        for (j, b) in elements.enumerated() where a.column == b.column {
          let psi = (0..<lambda.columns).reduce(0) { $0 + lambda[a.row, $1] * lambda[b.row, $1] }
          metric[first + i, first + j] = psi / (4 * factor.weightOfGroups)
        }
      }
      first += elements.count
    }
    for (index, variance) in furtherMetric.enumerated() { metric[first + index, first + index] = variance }
    return metric
  }

  /// Where θ holds diagonal elements of Λ that are all but zero.
  private func vanishingDiagonals(_ theta: [Double]) -> [Int] {
    randomFactors.flatMap(\.effects.elements).enumerated()
      .filter { $0.element.row == $0.element.column && theta[$0.offset].magnitude < 1e-4 }.map(\.offset)
  }

  /// The same Λ with the signs of its columns such that no diagonal element is negative.
  private func canonical(_ theta: [Double]) -> [Double] {
    var first = 0
    return randomFactors.flatMap { factor in
      defer { first += factor.effects.thetaCount }
      let lambda = factor.effects.factor(theta[first..<first + factor.effects.thetaCount])
      return factor.effects.theta(RandomEffects.lowerTriangular(lambda))
    } + theta[factorCount...]
  }
}
