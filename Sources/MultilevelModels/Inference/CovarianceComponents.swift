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
    let residual = optimum.evaluation.residualVariance * scale * scale
    var covariances: [Matrix] = []
    var theta: [Double] = []
    var boundary: [String] = []
    do {
      for (level, factor) in zip(model.levels, try model.rawFactors(optimum.theta)) {
        var covariance = try factor.timesTransposed(factor)
        for k in covariance.elements.indices { covariance.elements[k] *= residual }
        covariances.append(covariance)
        theta += level.effects.theta(RandomEffects.lowerTriangular(factor))
      }
      for (depth, level) in model.levels.enumerated() {
        let label = model.grams.nesting.levels[depth].factor.label
        boundary += try Self.boundary(level, label, optimum.theta(of: depth, in: model), covariances[depth], residual)
      }
    } catch { throw .unsolvable }
    self.covariances = covariances
    residualVariance = residual
    let ratios = optimum.evaluation.logRatios
    residualClasses = zip(model.residuals?.classes.names ?? [], [0] + ratios).map { ($0, residual * .exp(2 * $1)) }
    theta += ratios
    self.theta = theta
    self.boundary = boundary
  }

  /// The variances and combinations of effects at zero, term by term.
  private static func boundary(
    _ level: LinearMixedModel.Level, _ label: String, _ theta: ArraySlice<Double>, _ covariance: Matrix,
    _ residual: Double
  ) throws(NumericalError) -> [String] {
    let effects = level.effects
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
      factors.append(try level.effects.rawFromFitted * level.effects.factor(own))
    }
    return factors
  }
}
