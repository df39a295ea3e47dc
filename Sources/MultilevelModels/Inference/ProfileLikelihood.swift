import Columnar
import LinearAlgebra
import ModelFormula
import Probability
import RealModule

/// Intervals of the values that a likelihood-ratio test does not reject: ζ² = D(v) − D_min up to the square of the normal
/// quantile, D the ML criterion with the parameter held at v and minimised over all others.
///
/// A standard deviation is held as the first element of Λ with its effect put first, a correlation as the second row's
/// direction with its effects put first and second, a fixed effect by its constraint, which leaves everything in closed
/// form but θ. Nothing but the cross-products is used.
struct ProfileLikelihood {
  private let model: LinearMixedModel
  private let optimum: Optimum
  private let metric: Matrix
  private let responseScale: Double
  private let sigma: Double
  private let critical: Double

  /// - Parameter model: is profiled by ML whatever it was fitted by, and is refitted where that was REML.
  init(_ model: LinearMixedModel, _ optimum: Optimum, level: Double) throws(ImmerseError) {
    var unrestricted = model
    unrestricted.isRestricted = false
    self.model = unrestricted
    self.optimum = model.isRestricted ? try unrestricted.optimum() : optimum
    do { metric = try VarianceInference(unrestricted, self.optimum).metric() } catch { throw .unsolvable }
    responseScale = model.grams.scales[model.grams.frame.response].scale
    sigma = self.optimum.evaluation.residualVariance.squareRoot()
    critical = Normal.upperQuantile((1 - level) / 2)
  }

  /// The least criterion with a parameter held, and its derivative in that parameter.
  private struct Held {
    var value: Double
    var slope: Double
    /// Where the search ended, for the next one.
    var rest: [Double]
  }

  func intervals() throws(ImmerseError) -> [ParameterInterval] {
    try fixedEffects() + variances()
  }

  // MARK: Fixed effects

  private func fixedEffects() throws(ImmerseError) -> [ParameterInterval] {
    let effects = try FixedEffects(model, optimum)
    var intervals: [ParameterInterval] = []
    for (index, column) in model.fixed.enumerated() {
      let estimate = effects.estimates[index]
      let error = effects.covariance[index, index].squareRoot()
      let unit = model.fixed.indices.map { $0 == index ? 1.0 : 0 }
      let contrast = try effects.storedContrast(unit)
      let held = { (value: Double, start: [Double]) throws(ImmerseError) in
        try hold(contrast, at: value - estimate, from: start)
      }
      intervals.append(
        ParameterInterval(
          parameter: .fixed, group: nil, term1: model.grams.frame.columns[column].name, term2: nil,
          estimate: estimate,
          confidenceLow: try limit(-1, estimate, error, -.infinity, optimum.theta, held),
          confidenceHigh: try limit(1, estimate, error, .infinity, optimum.theta, held)))
    }
    return intervals
  }

  /// Holds a contrast of the stored coefficients at a distance from its estimate at the optimum.
  private func hold(
    _ contrast: [Double], at distance: Double, from start: [Double]
  ) throws(ImmerseError) -> Held {
    let centre = zip(contrast, optimum.evaluation.coefficients).reduce(0) { $0 + $1.0 * $1.1 }
    let n = model.size
    func constrained(_ theta: [Double]) throws(ImmerseError) -> (Minimiser.Point, slope: Double) {
      let evaluation = try model.evaluate(theta, .fitted)
      let direction: [Double]
      do { direction = try evaluation.information.solve(contrast) } catch { throw .unsolvable }
      let spread = zip(contrast, direction).reduce(0) { $0 + $1.0 * $1.1 }
      let own = zip(contrast, evaluation.coefficients).reduce(0) { $0 + $1.0 * $1.1 }
      let gap = own - centre - distance
      let squares = evaluation.residualSquares + gap * gap / spread
      let b = zip(evaluation.coefficients, direction).map { -($0 - $1 * gap / spread) } + [1]
      let value = evaluation.criterion + n * .log(squares / evaluation.residualSquares)
      let seed = b.flatMap { x in b.map { y in n / squares * x * y } }
      let stored = try model.sweepDown(evaluation.sweep, evaluation.factors, seed: seed, logSeed: 2)
      let gradient = zip(model.levels, stored).flatMap { $0.effects.theta($0.effects.derivative($1, .fitted)) }
      let point = Minimiser.Point(theta: theta, value: value, gradient: gradient)
      return (point, -2 * n * gap / (spread * squares))
    }
    var minimiser = Minimiser { theta throws(ImmerseError) in try constrained(theta).0 }
    let (point, _) = try minimiser.minimise(from: start, metric: metric)
    return Held(value: point.value, slope: try constrained(point.theta).slope, rest: point.theta)
  }

  // MARK: Variances

  /// A variance parameter: which, and how Λ of its level depends on it.
  private enum Target {
    case residual
    case standardDeviation(level: Int, effect: Int)
    case correlation(level: Int, first: Int, second: Int)
  }

  private func variances() throws(ImmerseError) -> [ParameterInterval] {
    let factors: [Matrix]
    do { factors = try model.rawFactors(optimum.theta) } catch { throw .unsolvable }
    var intervals: [ParameterInterval] = []
    for (depth, level) in model.levels.enumerated() {
      let group = model.grams.nesting.levels[depth].factor.label
      let names = level.effects.names
      let unit = sigma * responseScale
      let lengths = names.indices.map { i in
        factors[depth].row(i).reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
      for i in names.indices {
        let estimate = unit * lengths[i]
        intervals.append(
          try interval(
            .standardDeviation(level: depth, effect: i), .standardDeviation, group, names[i], nil, estimate,
            guess: max(estimate / 5, unit * 0.02), bounds: (0, .infinity)))
      }
      for element in level.effects.elements where element.row != element.column {
        let (i, j) = (element.column, element.row)
        guard lengths[i] > 1e-6, lengths[j] > 1e-6 else { continue }
        let product = zip(factors[depth].row(i), factors[depth].row(j)).reduce(0) { $0 + $1.0 * $1.1 }
        intervals.append(
          try interval(
            .correlation(level: depth, first: i, second: j), .correlation, group, names[i], names[j],
            product / (lengths[i] * lengths[j]), guess: 0.2, bounds: (-1, 1)))
      }
    }
    let residual = sigma * responseScale
    intervals.append(
      try interval(
        .residual, .standardDeviation, "Residual", nil, nil, residual,
        guess: residual / (2 * model.size).squareRoot(), bounds: (0, .infinity)))
    return intervals
  }

  private func interval(
    _ target: Target, _ parameter: ParameterInterval.Parameter, _ group: String, _ term1: String?, _ term2: String?,
    _ estimate: Double, guess: Double, bounds: (Double, Double)
  ) throws(ImmerseError) -> ParameterInterval {
    let start = try self.start(target)
    let held = { (value: Double, start: [Double]) throws(ImmerseError) in try hold(target, at: value, from: start) }
    return ParameterInterval(
      parameter: parameter, group: group, term1: term1, term2: term2, estimate: estimate,
      confidenceLow: try limit(-1, estimate, guess, bounds.0, start, held),
      confidenceHigh: try limit(1, estimate, guess, bounds.1, start, held))
  }

  /// The effects of the target's level in the order in which Λ is triangular.
  private func order(_ target: Target) -> (level: Int, order: [Int])? {
    let (level, first): (Int, [Int])
    switch target {
    case .residual: return nil
    case .standardDeviation(let depth, let effect): (level, first) = (depth, [effect])
    case .correlation(let depth, let a, let b): (level, first) = (depth, [a, b])
    }
    var order: [Int] = []
    for term in model.levels[level].effects.terms {
      let own = first.filter { term.contains($0) }
      order += own + term.filter { !own.contains($0) }
    }
    return (level, order)
  }

  /// What is free besides the target: log σ, then θ by level, of the target's level in raw effects and its order; the
  /// elements that the target holds stand there unused, save that a correlation's second row has its length.
  private func start(_ target: Target) throws(ImmerseError) -> [Double] {
    guard let (level, order) = order(target) else { return optimum.theta }
    var parameters = [Double.log(sigma)]
    for (depth, own) in model.levels.enumerated() {
      if depth != level {
        parameters += optimum.theta(of: depth, in: model)
        continue
      }
      let factor: Matrix
      do { factor = try model.rawFactors(optimum.theta)[depth] } catch { throw .unsolvable }
      let permuted = factor.submatrix(rows: order, columns: Array(0..<factor.columns))
      parameters += own.effects.theta(RandomEffects.lowerTriangular(permuted))
    }
    guard let held = heldElements(target) else { return parameters }
    if case .correlation = target {
      let length = (parameters[held.a] * parameters[held.a] + parameters[held.b] * parameters[held.b]).squareRoot()
      parameters[held.a] = length
    }
    parameters.remove(at: held.removed)
    return parameters
  }

  /// Positions among the parameters: of the elements a target concerns, and of the one that it replaces.
  private func heldElements(_ target: Target) -> (a: Int, b: Int, removed: Int)? {
    guard let (level, order) = order(target) else { return nil }
    var first = 1
    for depth in 0..<level { first += model.levels[depth].effects.thetaCount }
    let elements = model.levels[level].effects.elements
    func position(_ row: Int, _ column: Int) -> Int {
      first + (elements.firstIndex { $0.row == row && $0.column == column } ?? 0)
    }
    switch target {
    case .residual: return nil
    case .standardDeviation(_, let effect):
      let at = order.firstIndex(of: effect) ?? 0
      let own = position(at, at)
      return (own, own, own)
    case .correlation(_, let a, let b):
      let (i, j) = (order.firstIndex(of: a) ?? 0, order.firstIndex(of: b) ?? 0)
      return (position(j, i), position(j, j), position(j, j))
    }
  }

  private func hold(_ target: Target, at value: Double, from start: [Double]) throws(ImmerseError) -> Held {
    func evaluate(_ rest: [Double]) throws(ImmerseError) -> (Minimiser.Point, slope: Double) {
      try self.evaluate(target, at: value, rest)
    }
    var minimiser = Minimiser { rest throws(ImmerseError) in try evaluate(rest).0 }
    // Standard deviations relative to σ, and log σ, have inverse Hessians of the order of 1 over the groups.
    let steps = start.indices.map { $0 == 0 ? 1 / (4 * model.size) : 1 / (4 * model.levels[0].weightOfGroups) }
    var metric = Matrix(diagonal: steps)
    if case .residual = target { metric = self.metric }
    let (point, _) = try minimiser.minimise(from: start, metric: metric)
    return Held(value: point.value, slope: try evaluate(point.theta).slope, rest: point.theta)
  }

  /// D(θ, σ) = 2l + N log 2πσ² + r²/σ² with the target held, and its derivatives.
  private func evaluate(
    _ target: Target, at value: Double, _ rest: [Double]
  ) throws(ImmerseError) -> (Minimiser.Point, slope: Double) {
    let n = model.size
    var parameters = rest
    var s: Double
    let held = heldElements(target)
    if let held {
      s = .exp(rest[0])
      switch target {
      case .correlation:
        parameters.insert(0, at: held.removed)
        let length = parameters[held.a]
        parameters[held.a] = value * length
        parameters[held.b] = max(0, 1 - value * value).squareRoot() * length
      default: parameters.insert(value / (s * responseScale), at: held.removed)
      }
    } else {
      s = value / responseScale
      parameters.insert(.log(s), at: 0)
    }
    let own = order(target)
    var factors: [[Double]] = []
    var next = 1
    for (depth, level) in model.levels.enumerated() {
      let theta = parameters[next..<next + level.effects.thetaCount]
      next += theta.count
      if let own, own.level == depth {
        let lower = level.effects.factor(theta)
        var lambda = Matrix(rows: lower.rows, columns: lower.columns)
        for (row, effect) in own.order.enumerated() {
          for j in 0..<lower.columns { lambda[effect, j] = lower[row, j] }
        }
        factors.append(level.effects.stored(lambda, .raw))
      } else {
        factors.append(level.effects.stored(theta, .fitted))
      }
    }
    let evaluation = try model.evaluate(factors: factors)
    let squares = evaluation.residualSquares
    // The profiled criterion less its σ terms, and the terms at this σ.
    let criterion =
      evaluation.criterion - n * (1 + .log(2 * .pi * squares / n)) + n * .log(2 * .pi * s * s) + squares / (s * s)
    let b = evaluation.contrast
    let seed = b.flatMap { x in b.map { y in x * y / (s * s) } }
    let stored = try model.sweepDown(evaluation.sweep, evaluation.factors, seed: seed, logSeed: 2)
    var gradient = [2 * n - 2 * squares / (s * s)]
    for (depth, level) in model.levels.enumerated() {
      if let own, own.level == depth {
        let derivative = level.effects.derivative(stored[depth], .raw)
        gradient += level.effects.theta(
          derivative.submatrix(rows: own.order, columns: Array(0..<derivative.columns)))
      } else {
        gradient += level.effects.theta(level.effects.derivative(stored[depth], .fitted))
      }
    }
    var slope: Double
    if let held {
      switch target {
      case .correlation:
        let length = rest[held.a]
        let root = max(1e-300, 1 - value * value).squareRoot()
        slope = length * (gradient[held.a] - gradient[held.b] * value / root)
        gradient[held.a] = value * gradient[held.a] + root * gradient[held.b]
      default:
        slope = gradient[held.a] / (s * responseScale)
        gradient[0] -= gradient[held.a] * parameters[held.a]
      }
      gradient.remove(at: held.removed)
    } else {
      slope = gradient[0] / value
      gradient.removeFirst()
    }
    return (Minimiser.Point(theta: rest, value: criterion, gradient: gradient), slope)
  }

  // MARK: Limits

  /// Where ζ is the quantile, on one side of the estimate: Newton's method on ζ, kept inside a bracket; the bound where
  /// ζ does not get so far, nil where no limit is found.
  private func limit(
    _ side: Double, _ estimate: Double, _ error: Double, _ bound: Double, _ start: [Double],
    _ held: (Double, [Double]) throws(ImmerseError) -> Held
  ) throws(ImmerseError) -> Double? {
    let least = optimum.evaluation.criterion
    var (inside, outside) = (estimate, Double?.none)
    var value = estimate + side * critical * error
    var rest = start
    for _ in 0..<60 {
      if (value - bound) * side >= 0 {
        // At the bound itself, once.
        let edge = try? held(bound, rest)
        guard let edge, edge.value - least > critical * critical else { return bound.isFinite ? bound : nil }
        outside = bound
        value = (inside + bound) / 2
      }
      let point = try held(value, rest)
      rest = point.rest
      let zeta = max(0, point.value - least).squareRoot()
      if (zeta - critical).magnitude < 1e-8 * critical { return value }
      if zeta < critical { inside = value } else { outside = value }
      if let outside, (outside - inside).magnitude <= 1e-10 * (value.magnitude + error) { return value }
      let step = side * point.slope > 0 && zeta > 0 ? (critical - zeta) * 2 * zeta / point.slope : 0
      var next = value + step
      let low = min(inside, outside ?? inside + side * .infinity)
      let high = max(inside, outside ?? inside + side * .infinity)
      if step == 0 || next <= low || next >= high {
        next = outside.map { (inside + $0) / 2 } ?? inside + side * max(error, (inside - estimate).magnitude)
      }
      value = next
    }
    return nil
  }
}

extension Matrix {
  func row(_ i: Int) -> [Double] { (0..<columns).map { self[i, $0] } }
}
