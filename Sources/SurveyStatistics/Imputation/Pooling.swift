package import Columnar

/// What estimators other than those of totals need of replicates and imputations.
extension ReplicateDesign {
  /// The columns of replicate weights.
  ///
  /// - Throws: `usage` where the columns are no ranges.
  package var replicateColumns: [String] { get throws(ImmerseError) { try columnNames } }

  /// How that many replicate estimates become a variance.
  ///
  /// - Throws: `usage` where the scale is not known.
  package func spread(count: Int) throws(ImmerseError) -> ReplicateVariance { try variance(count: count) }
}

extension PlausibleValues {
  /// The columns, nest by nest, all nests being of one size.
  ///
  /// - Throws: `usage` for ranges that are none, fewer than two columns, and nests of different sizes.
  package var imputations: [[String]] { get throws(ImmerseError) { try columns } }
}

/// Estimates of every imputation as one, by Rubin's rules.
package struct PooledEstimate: Sendable {
  package let estimate: Double
  package let standardError: Double
  /// Infinite for a normal.
  package let degreesOfFreedom: Double
  package let samplingVariance: Double?
  package let imputationVariance: Double?
  package let missingInformation: Double?

  /// - Parameter nests: not empty, and all of one size.
  package init(_ nests: [[(estimate: Double, standardError: Double, degreesOfFreedom: Double)]]) {
    let rules = RubinRules(
      nests.map { nest in
        nest.map { analysis in
          RubinRules.Analysis(
            estimate: analysis.estimate,
            uncertainty: Uncertainty(
              variance: ScaledVariance(variance: analysis.standardError * analysis.standardError, scale: 1),
              degreesOfFreedom: analysis.degreesOfFreedom))
        }
      })
    estimate = rules.estimate
    standardError = rules.uncertainty.variance.standardError
    degreesOfFreedom = rules.uncertainty.degreesOfFreedom
    samplingVariance = rules.imputation.samplingVariance
    imputationVariance = rules.imputation.imputationVariance
    missingInformation = rules.imputation.missingInformation
  }
}
