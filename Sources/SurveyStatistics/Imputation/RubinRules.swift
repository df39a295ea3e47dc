import Columnar

/// The same analysis of every imputation of a quantity, such as its plausible values, as one estimate.
///
/// With estimates q_m and sampling variances u_m of M imputations, u their mean and b the variance of the estimates with
/// divisor M − 1,
///
///     v = u + (1 + 1/M) b
///
/// (Rubin 1987, section 3.3). Where M imputations each hold N further ones, b is the variance of the means of the nests
/// and w that within them, and v = u + (1 + 1/M) b + (1 − 1/N) w (Shen 2000; Rubin 2003).
struct RubinRules {
  struct Analysis {
    var estimate: Double
    var uncertainty: Uncertainty
  }

  let estimate: Double
  let uncertainty: Uncertainty
  let imputation: Estimate.Imputation

  static let note = Note(
    "imputation_df",
    "imputations are combined by Rubin's rules; degrees of freedom are those of Barnard and Rubin (1999)")

  /// - Parameter nests: not empty, and all of one size.
  init(_ nests: [[Analysis]], samplingVariance: EstimateRequest.SamplingVariance = .average) {
    let analyses = nests.flatMap(\.self)
    let (m, n) = (Double(nests.count), Double(nests[0].count))
    let estimate = mean(analyses.map(\.estimate))
    // In units of the largest scale, so that no square overflows.
    let scale = analyses.map(\.uncertainty.variance.scale).max() ?? 1
    let variances = analyses.map { $0.uncertainty.variance.variance(inUnitsOf: scale) }
    let within = samplingVariance == .first ? variances[0] : mean(variances)
    func spread(_ values: [Double]) -> Double {
      let centre = mean(values)
      return values.reduce(0) { $0 + ($1 - centre) / scale * (($1 - centre) / scale) } / Double(values.count - 1)
    }
    self.estimate = estimate
    let complete = analyses.map(\.uncertainty.degreesOfFreedom).min() ?? 0
    guard analyses.count > 1 else {
      uncertainty = analyses[0].uncertainty
      imputation = Estimate.Imputation(
        count: 1, samplingVariance: uncertainty.variance.unscaled, imputationVariance: 0, missingInformation: 0)
      return
    }
    var between = 0.0
    var rate = 0.0
    if nests.count == 1 {
      between = (1 + 1 / n) * spread(analyses.map(\.estimate))
      let total = within + between
      rate = (between / total) * (between / total) / (n - 1)
    } else {
      let b = (1 + 1 / m) * spread(nests.map { mean($0.map(\.estimate)) })
      let w = n > 1 ? (1 - 1 / n) * mean(nests.map { spread($0.map(\.estimate)) }) : 0
      between = b + w
      let total = within + between
      rate = (b / total) * (b / total) / (m - 1) + (n > 1 ? (w / total) * (w / total) / (m * (n - 1)) : 0)
    }
    let total = within + between
    let share = between / total
    let df = RubinRules.degreesOfFreedom(large: rate > 0 ? 1 / rate : .infinity, complete: complete, share: share)
    uncertainty = Uncertainty(
      variance: ScaledVariance(variance: total, scale: scale), degreesOfFreedom: total > 0 ? df : complete)
    imputation = Estimate.Imputation(
      count: analyses.count, samplingVariance: ScaledVariance(variance: within, scale: scale).unscaled,
      imputationVariance: ScaledVariance(variance: between, scale: scale).unscaled,
      missingInformation: within > 0 ? RubinRules.missingInformation(between / within, df) : nil)
  }

  /// The sum of estimates from independent samples; degrees of freedom by Satterthwaite (1946).
  init(sumOf parts: [RubinRules]) {
    estimate = parts.reduce(0) { $0 + $1.estimate }
    let scale = parts.map(\.uncertainty.variance.scale).max() ?? 1
    let variances = parts.map { $0.uncertainty.variance.variance(inUnitsOf: scale) }
    let total = variances.reduce(0, +)
    let rate = zip(variances, parts).reduce(0) {
      $0 + $1.0 / total * ($1.0 / total) / $1.1.uncertainty.degreesOfFreedom
    }
    let df = rate.isFinite && rate > 0 ? 1 / rate : 0
    uncertainty = Uncertainty(
      variance: ScaledVariance(variance: total, scale: scale), degreesOfFreedom: df)
    let sampling = parts.reduce(0) { $0 + ($1.imputation.samplingVariance ?? .nan) }
    let between = parts.reduce(0) { $0 + ($1.imputation.imputationVariance ?? .nan) }
    imputation = Estimate.Imputation(
      count: parts.map(\.imputation.count).max() ?? 1, samplingVariance: sampling, imputationVariance: between,
      missingInformation: sampling > 0 ? RubinRules.missingInformation(between / sampling, df) : nil)
  }

  /// With the correction for few degrees of freedom (Rubin 1987, 3.1.10).
  private static func missingInformation(_ increase: Double, _ df: Double) -> Double {
    (increase + 2 / (df + 3)) / (increase + 1)
  }

  /// Those of a large complete sample, reduced by how few the complete sample has (Barnard and Rubin 1999, equation 3).
  static func degreesOfFreedom(large: Double, complete: Double, share: Double) -> Double {
    guard complete.isFinite else { return large }
    guard complete > 0 else { return 0 }
    let observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    return large.isFinite ? large * observed / (large + observed) : observed
  }
}

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
