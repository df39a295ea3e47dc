import Columnar
import LinearAlgebra

/// Minimises a smooth function of a few parameters with its exact gradient, without bounds.
///
/// A quasi-Newton descent (BFGS) comes near a stationary point; Newton steps on the Hessian, differenced from exact
/// gradients, finish it, and the Hessian's eigenvalues certify it. A stationary point that is no minimum, such as a
/// variance at zero that wants to grow, is left along its direction of negative curvature.
struct Minimiser {
  struct Point: Sendable {
    var theta: [Double]
    var value: Double
    var gradient: [Double]
  }

  /// What is known of a point where the search ended.
  struct Certificate: Sendable {
    /// √(g'H⁻¹g): half its square is how much lower the minimum of the quadratic model lies.
    var scaledGradient: Double
    /// Of the Hessian.
    var smallestEigenvalue: Double
    var largestEigenvalue: Double
  }

  /// The scaled gradient up to which a search has converged: the value is then within 5e-7 of the minimum.
  static let tolerance = 1e-3
  /// The scaled gradient at which Newton's method asks for no further Hessian.
  private static let goal = 1e-6
  /// Steps that cost one evaluation each go on to here where rounding lets them.
  private static let aim = 1e-11
  /// Hessians before the search gives up; where the function is flat to fourth order they all serve.
  private static let roundLimit = 20
  /// Parameters are relative to the residual standard deviation and of the order of 1.
  private static let longestStep = 2.0

  let function: ([Double]) throws(ImmerseError) -> Point
  private(set) var evaluations = 0

  init(_ function: @escaping ([Double]) throws(ImmerseError) -> Point) { self.function = function }

  /// - Parameter metric: a guess of the inverse Hessian.
  /// - Throws: what the function throws at the start; where it throws later the step is shortened.
  mutating func minimise(from start: [Double], metric: Matrix) throws(ImmerseError) -> (Point, Certificate) {
    var point = try evaluate(start)
    for _ in 0..<5 {
      point = descend(from: point, metric: metric)
      let (refined, certificate, downward) = try refine(point)
      point = refined
      guard let downward, let lower = leave(point, along: downward) else { return (point, certificate) }
      point = lower
    }
    let (refined, certificate, _) = try refine(point)
    return (refined, certificate)
  }

  mutating func evaluate(_ theta: [Double]) throws(ImmerseError) -> Point {
    evaluations += 1
    return try function(theta)
  }

  // MARK: Quasi-Newton

  private mutating func descend(from start: Point, metric: Matrix) -> Point {
    var point = start
    var inverse = metric
    for _ in 0..<200 {
      var step = times(inverse, point.gradient).map { -$0 }
      var slope = dot(step, point.gradient)
      // The predicted gain is far below what Newton's method repairs in one step.
      if -slope < 1e-4 { return point }
      let length = dot(step, step).squareRoot()
      if length > Self.longestStep {
        step = step.map { $0 * Self.longestStep / length }
        slope *= Self.longestStep / length
      }
      guard let next = search(from: point, along: step, slope: slope) else { return point }
      let s = zip(next.theta, point.theta).map { $0 - $1 }
      let y = zip(next.gradient, point.gradient).map { $0 - $1 }
      let curvature = dot(s, y)
      if curvature > 1e-10 * (dot(s, s) * dot(y, y)).squareRoot() { update(&inverse, s, y, curvature) }
      point = next
    }
    return point
  }

  /// The BFGS update of the inverse Hessian.
  private func update(_ inverse: inout Matrix, _ s: [Double], _ y: [Double], _ curvature: Double) {
    let hy = times(inverse, y)
    let factor = (1 + dot(y, hy) / curvature) / curvature
    for i in s.indices {
      for j in s.indices {
        inverse[i, j] += factor * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / curvature
      }
    }
  }

  /// A step that lowers the value in proportion to the slope (Armijo), by cubic interpolation; lengthened while the slope
  /// there is still as steep. Nil where rounding hides any descent.
  private mutating func search(from point: Point, along step: [Double], slope: Double) -> Point? {
    var length = 1.0
    var best: Point?
    for _ in 0..<40 {
      let theta = zip(point.theta, step).map { $0 + length * $1 }
      guard let trial = try? evaluate(theta), trial.value.isFinite else {
        length *= 0.25
        continue
      }
      if trial.value <= point.value + 1e-4 * length * slope {
        if let found = best, found.value <= trial.value { return found }
        let trialSlope = dot(trial.gradient, step)
        guard trialSlope < 0.9 * slope, length < 64 else { return trial }
        best = trial
        length *= 3
      } else {
        if let best { return best }
        length *= interpolated(point.value, slope, trial.value, dot(trial.gradient, step), length)
      }
    }
    return best
  }

  /// Where the cubic through two values and slopes is lowest, as a fraction of the length between them.
  private func interpolated(_ f0: Double, _ g0: Double, _ f1: Double, _ g1: Double, _ length: Double) -> Double {
    let d = g0 + g1 - 3 * (f1 - f0) / length
    let discriminant = d * d - g0 * g1
    guard discriminant >= 0 else { return 0.5 }
    let root = discriminant.squareRoot()
    let fraction = 1 - (g1 + root - d) / (g1 - g0 + 2 * root)
    return fraction.isFinite ? min(max(fraction, 0.1), 0.6) : 0.5
  }

  // MARK: Newton

  /// Newton steps to the stationary point near by.
  ///
  /// - Returns: the point, its certificate, and a direction of negative curvature if there is one.
  private mutating func refine(_ start: Point) throws(ImmerseError) -> (Point, Certificate, [Double]?) {
    var point = start
    var round = 0
    while true {
      round += 1
      let hessian = try eigenHessian(at: point)
      var decrement = hessian.decrement(point.gradient)
      // The same Hessian serves while it pays.
      var isProgressing = hessian.downward == nil
      while isProgressing && decrement > Self.aim {
        let theta = zip(point.theta, hessian.newtonStep(point.gradient)).map { $0 + $1 }
        guard let next = try? evaluate(theta) else { break }
        let nextDecrement = hessian.decrement(next.gradient)
        isProgressing = nextDecrement < 0.1 * decrement
        if nextDecrement < decrement { (point, decrement) = (next, nextDecrement) }
      }
      if decrement > Self.goal, hessian.downward == nil, round < Self.roundLimit {
        // Far from quadratic: a shorter step, and a new Hessian.
        let step = hessian.newtonStep(point.gradient)
        if let lower = search(from: point, along: step, slope: -decrement * decrement) {
          point = lower
          continue
        }
      }
      let certificate = Certificate(gradient: point.gradient, hessian)
      return (point, certificate, hessian.downward)
    }
  }

  private mutating func leave(_ point: Point, along direction: [Double]) -> Point? {
    var best: Point?
    for length in [0.1, -0.1, 0.02, -0.02] {
      let theta = zip(point.theta, direction).map { $0 + length * $1 }
      if let trial = try? evaluate(theta), trial.value < min(point.value, best?.value ?? .infinity) { best = trial }
    }
    return best
  }

  private mutating func eigenHessian(at point: Point) throws(ImmerseError) -> EigenHessian {
    let k = point.theta.count
    let width = 1e-6
    var hessian = Matrix(rows: k, columns: k)
    for j in 0..<k {
      var theta = point.theta
      theta[j] += width
      let moved = try evaluate(theta)
      for i in 0..<k { hessian[i, j] = (moved.gradient[i] - point.gradient[i]) / width }
    }
    for i in 0..<k {
      for j in 0..<i { hessian[i, j] = (hessian[i, j] + hessian[j, i]) / 2 }
    }
    do { return EigenHessian(eigen: try SymmetricEigen(hessian)) } catch { throw .unsolvable }
  }
}

extension Minimiser.Certificate {
  /// - Throws: `notConverged` where the Hessian is not finite.
  init(gradient: [Double], hessian: Matrix) throws(NumericalError) {
    self.init(gradient: gradient, EigenHessian(eigen: try SymmetricEigen(hessian)))
  }

  fileprivate init(gradient: [Double], _ hessian: EigenHessian) {
    self.init(
      scaledGradient: hessian.decrement(gradient), smallestEigenvalue: hessian.eigen.values.first ?? 0,
      largestEigenvalue: hessian.eigen.values.last ?? 0)
  }
}

/// A Hessian by its eigenvectors. Directions in which the function is flat, as where a rotation of effects changes
/// nothing, are left out of steps.
private struct EigenHessian {
  let eigen: SymmetricEigen

  private var scale: Double { eigen.values.map(\.magnitude).max() ?? 0 }

  var downward: [Double]? {
    guard let smallest = eigen.values.first, smallest < -1e-7 * scale else { return nil }
    return eigen.vectors.column(0)
  }

  private func components(_ gradient: [Double]) -> [(along: Double, value: Double, index: Int)] {
    eigen.values.enumerated().filter { $0.element > 1e-8 * scale }.map { index, value in
      (dot(eigen.vectors.column(index), gradient), value, index)
    }
  }

  func newtonStep(_ gradient: [Double]) -> [Double] {
    components(gradient).reduce(into: [Double](repeating: 0, count: gradient.count)) { step, component in
      for i in step.indices { step[i] -= component.along / component.value * eigen.vectors[i, component.index] }
    }
  }

  /// √(g'H⁻¹g).
  func decrement(_ gradient: [Double]) -> Double {
    components(gradient).reduce(0) { $0 + $1.along * $1.along / $1.value }.squareRoot()
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

private func times(_ matrix: Matrix, _ vector: [Double]) -> [Double] {
  (0..<matrix.rows).map { i in (0..<matrix.columns).reduce(0) { $0 + matrix[i, $1] * vector[$1] } }
}
