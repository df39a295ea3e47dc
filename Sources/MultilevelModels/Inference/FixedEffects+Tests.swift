import Columnar
import LinearAlgebra
import ModelFormula
import Probability

extension FixedEffects {
  /// An estimate of a contrast with its error and what it is referred to.
  struct ContrastEstimate {
    var estimate: Double
    var standardError: Double
    /// Infinite for the normal distribution.
    var degreesOfFreedom: Double
  }

  /// - Parameter contrast: of the coefficients as the formula names them.
  func estimate(_ contrast: [Double]) throws(ImmerseError) -> ContrastEstimate {
    ContrastEstimate(
      estimate: zip(contrast, estimates).reduce(0) { $0 + $1.0 * $1.1 },
      standardError: max(0, covariance.form(contrast, contrast)).squareRoot(),
      degreesOfFreedom: try degreesOfFreedom(contrast))
  }

  /// For every fixed term, in the order of the formula, the F test that its coefficients are zero.
  func termTests(_ fixed: [Int], _ frame: ModelFrame) throws(ImmerseError) -> [MixedModelResult.TermTest] {
    var terms: [(label: String, columns: [Int])] = []
    for (index, column) in fixed.enumerated() where !frame.columns[column].isIntercept {
      let label = frame.columns[column].term
      if let known = terms.firstIndex(where: { $0.label == label }) {
        terms[known].columns.append(index)
      } else {
        terms.append((label, [index]))
      }
    }
    var tests: [MixedModelResult.TermTest] = []
    for term in terms {
      var contrasts = Matrix(rows: fixed.count, columns: term.columns.count)
      for (j, row) in term.columns.enumerated() { contrasts[row, j] = 1 }
      guard let (statistic, df) = try test(contrasts) else { throw .unsolvable }
      tests.append(
        MixedModelResult.TermTest(
          term: term.label, statistic: statistic, degreesOfFreedom: term.columns.count,
          residualDegreesOfFreedom: df.isFinite ? df : nil,
          pValue: FDistribution(df1: Double(term.columns.count), df2: df).survival(statistic)))
    }
    return tests
  }

  /// Standard errors of variances and covariances by the delta method.
  func varianceErrors(_ model: LinearMixedModel) throws(ImmerseError) -> VarianceErrors? {
    guard let variances, let covariance = varianceCovariance else { return nil }
    let scale = model.grams.scales[model.grams.frame.response].scale
    do {
      let map = try variances.parameters.raw(responseScale: scale) * variances.slopes
      return VarianceErrors(elements: variances.parameters.elements, covariance: try map.congruence(covariance))
    } catch { throw .unsolvable }
  }
}

/// The covariance of the estimated variances and covariances, σ² first, in units of the response.
struct VarianceErrors {
  let elements: [VarianceParameters.Element]
  let covariance: Matrix

  var residual: Double? { error(0) }

  /// Of an element of Ψ; nil where it is estimated at zero or is no parameter.
  subscript(level: Int, i: Int, j: Int) -> Double? {
    let element = VarianceParameters.Element(level: level, row: max(i, j), column: min(i, j))
    return elements.firstIndex(of: element).flatMap { error($0 + 1) }
  }

  private func error(_ k: Int) -> Double? { covariance[k, k] > 0 ? covariance[k, k].squareRoot() : nil }
}

extension MixedModelResult.FixedEffectRow {
  init(_ contrast: FixedEffects.ContrastEstimate, term: String, level: Double) {
    let reference = StudentT(df: contrast.degreesOfFreedom)
    let (estimate, error) = (contrast.estimate, contrast.standardError)
    let critical = reference.criticalValue(level: level)
    self.init(
      term: term, estimate: estimate, standardError: error, statistic: estimate / error,
      degreesOfFreedom: contrast.degreesOfFreedom.isFinite ? contrast.degreesOfFreedom : nil,
      pValue: reference.twoSided(estimate / error), confidenceLow: estimate - critical * error,
      confidenceHigh: estimate + critical * error)
  }
}

extension MixedModelResult.Inference {
  init(_ options: InferenceOptions, _ effects: FixedEffects) {
    standardErrors = options.standardErrors ?? .model
    degreesOfFreedom = effects.method
    bread = effects.clusters == nil ? nil : options.bread
    clusters = effects.clusters?.count
    strata = effects.clusters.flatMap { $0.isStratified ? $0.strataCount : nil }
  }
}
