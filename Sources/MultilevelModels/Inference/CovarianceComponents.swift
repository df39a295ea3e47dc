import Columnar
import LinearAlgebra
import ModelFormula
import RealModule

/// The random effects' covariances for the columns as the formula names them.
struct CovarianceComponents: Sendable {
  /// σ²ΛΛ' of each level.
  let covariances: [Matrix]
  let residualVariance: Double
  /// The residual variance of each class, where they differ.
  let residualClasses: [(name: String, variance: Double)]
  /// θ as lme4 prints it.
  let theta: [Double]
  /// What is estimated at zero, in words; empty inside the parameter space.
  let boundary: [String]

  /// A standard deviation relative to the residual one, or a correlation's distance from ±1, that counts as zero;
  /// the tolerance of lme4's `isSingular`.
  private static let tolerance = 1e-4

  init(_ model: LinearMixedModel, _ optimum: Optimum) throws(ImmerseError) {
    let scale = model.grams.scales[model.grams.frame.response].scale
    try self.init(
      zip(model.grams.nesting.levels, model.levels).map { ($0.factor.label, $1.effects) }, theta: optimum.theta,
      residualVariance: optimum.evaluation.residualVariance * scale * scale,
      classes: model.residuals?.classes.names ?? [])
  }

  init(_ model: CrossedModel, _ optimum: OptimumOf<CrossedEvaluation>) throws(ImmerseError) {
    let scale = model.grams.scales[model.grams.frame.response].scale
    try self.init(
      model.factors.map { ($0.factor.label, $0.effects) }, theta: optimum.theta,
      residualVariance: optimum.evaluation.profile.residualVariance * scale * scale, classes: [])
  }

  /// - Parameters:
  ///   - theta: in fitted coordinates, the logarithms of the classes' ratios last.
  ///   - residualVariance: of the response as it is named.
  private init(
    _ factors: [(label: String, effects: RandomEffects)], theta fitted: [Double], residualVariance residual: Double,
    classes: [String]
  ) throws(ImmerseError) {
    var covariances: [Matrix] = []
    var theta: [Double] = []
    var boundary: [String] = []
    var first = 0
    do {
      for (label, effects) in factors {
        let own = fitted[first..<first + effects.thetaCount]
        first += effects.thetaCount
        let factor = try effects.rawFactor(own)
        var covariance = try factor.timesTransposed(factor)
        for k in covariance.elements.indices { covariance.elements[k] *= residual }
        covariances.append(covariance)
        theta += effects.theta(RandomEffects.lowerTriangular(factor))
        boundary += try Self.boundary(effects, label, own, covariance, residual)
      }
    } catch { throw .unsolvable }
    let ratios = fitted[first...]
    self.covariances = covariances
    residualVariance = residual
    residualClasses = zip(classes, [0] + ratios).map { ($0, residual * .exp(2 * $1)) }
    self.theta = theta + ratios
    self.boundary = boundary
  }

  /// The variances and combinations of effects at zero, term by term.
  private static func boundary(
    _ effects: RandomEffects, _ label: String, _ theta: ArraySlice<Double>, _ covariance: Matrix, _ residual: Double
  ) throws(NumericalError) -> [String] {
    let fitted = effects.factor(theta)
    var found: [String] = []
    var first = 0
    for size in effects.termSizes {
      let term = Array(first..<first + size)
      first += size
      // The effect's standard deviation on the stored scale, where a column's is 1.
      let vanished = term.filter { effect in
        let scale = 1 / effects.rawFromFitted[effect, effect]
        return (covariance[effect, effect] / residual).squareRoot() * scale < tolerance
      }
      for effect in vanished { found.append("the variance of \(effects.names[effect]) by \(label)") }
      let block = fitted.submatrix(rows: term, columns: term)
      let lengths = term.indices.map { i in term.indices.reduce(0) { $0 + block[i, $1] * block[i, $1] }.squareRoot() }
      let present = term.indices.filter { lengths[$0] >= tolerance }
      var correlation = try block.timesTransposed(block).submatrix(rows: present, columns: present)
      for (i, row) in present.enumerated() {
        for (j, column) in present.enumerated() { correlation[i, j] /= lengths[row] * lengths[column] }
      }
      let smallest = try SymmetricEigen(correlation).values.first ?? 1
      let isDependent = smallest < tolerance * tolerance || present.count + vanished.count < size
      if isDependent {
        let names = term.filter { !vanished.contains($0) }.map { effects.names[$0] }
        found.append("the variance of a combination of \(names.joined(separator: " and ")) by \(label)")
      }
    }
    return found
  }
}

extension Optimum {
  /// The part of θ that belongs to a level.
  func theta(of depth: Int, in model: LinearMixedModel) -> ArraySlice<Double> {
    let first = model.levels[..<depth].reduce(0) { $0 + $1.effects.thetaCount }
    return theta[first..<first + model.levels[depth].effects.thetaCount]
  }
}

extension LinearMixedModel {
  /// For each level the matrix that makes raw effects, over σ, from independent standard ones.
  func rawFactors(_ theta: [Double]) throws(NumericalError) -> [Matrix] {
    var first = 0
    var factors: [Matrix] = []
    for level in levels {
      let own = theta[first..<first + level.effects.thetaCount]
      first += own.count
      factors.append(try level.effects.rawFactor(own))
    }
    return factors
  }
}

extension RandomEffects {
  /// The matrix that makes raw effects, over σ, from independent standard ones.
  func rawFactor(_ theta: ArraySlice<Double>) throws(NumericalError) -> Matrix { try rawFromFitted * factor(theta) }
}
