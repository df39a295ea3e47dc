import Columnar
import LinearAlgebra
import Probability

/// A test that the coefficients of some terms of a model are all zero (R survey's `regTermTest`).
struct TermTestPlan {
  let terms: [String]
  /// Their positions among the parameters.
  let parameters: [Int]
  /// Of the model without them, over the same rows, with weights of mean 1.
  let reducedDeviance: Double

  /// Wald's F, and the Rao-Scott likelihood-ratio test: the difference of deviances, whose limit is a sum of chi-squared
  /// variables weighted by the eigenvalues of V₀⁻¹V, with V the design's covariance and V₀ that of a simple random sample
  /// (Lumley and Scott 2014, Australian and New Zealand Journal of Statistics 56, 1-14).
  func tests(
    _ model: FittedModel, _ coefficients: ModelCoefficients, residualDF: Double
  ) throws(ImmerseError) -> [TermTest] {
    let q = Double(parameters.count)
    let wald = try coefficients.wald(parameters)
    let ratio = max(0, reducedDeviance - model.deviance)
    let naive = try model.naiveCovariance
    let effects = try numerically { () throws(NumericalError) in
      try Cholesky(naive.submatrix(rows: parameters, columns: parameters)).eigenvalues(
        of: coefficients.covariance.submatrix(rows: parameters, columns: parameters))
    }
    let isDefined = residualDF > 0
    return [
      TermTest(
        terms: terms, method: .wald, statistic: wald, parameters: parameters, degreesOfFreedom: q,
        residualDegreesOfFreedom: residualDF,
        pValue: isDefined ? FDistribution(df1: q, df2: residualDF).survival(wald) : nil),
      TermTest(
        terms: terms, method: .likelihoodRatio, statistic: ratio, degreesOfFreedom: q,
        residualDegreesOfFreedom: residualDF,
        pValue: isDefined ? WeightedChiSquares(effects, residualDF: residualDF).exact(ratio) : nil,
        designEffects: effects.reversed()),
    ]
  }
}
