import Numerics
import Probability

/// How a confidence interval of a proportion is made from its estimate and its standard error.
///
/// All use the quantile t of the design's degrees of freedom (R survey 4.5, `svyciprop`).
public enum ProportionInterval: String, Sendable, Codable, CaseIterable {
  /// p ± t SE (Wald); may leave [0, 1].
  case mean
  /// Wald on the log odds: logit(p) ± t SE/(p(1 − p)). `logit`, which survey finds by a regression, is the same interval.
  case logit, xlogit
  /// Korn and Graubard (1998), Survey Methodology 24, 193-201: Clopper-Pearson with the effective sample size.
  case beta
  /// Wilson's score interval with the effective sample size p(1 − p)/V.
  case wilson
  /// sin²(asin √p ± t SE/(2 √(p(1 − p)))).
  case asin
  /// Where the binomial deviance, scaled by the design effect, reaches the F quantile (Rao and Scott 1984).
  case likelihood
  /// Of a quantile under replicate weights: by the spread of the replicates' own quantiles.
  case quantile
  /// Of a quantile: the values that a test of the share below does not reject (Francisco and Fuller 1991).
  case score

  /// - Parameters:
  ///   - degreesOfFreedom: of the design in the domain.
  ///   - count: rows behind the estimate.
  /// - Returns: nil where the interval is not defined, as on the log odds of 0.
  func limits(
    of p: Double, standardError: Double, degreesOfFreedom df: Double, count: Double, level: Double
  ) -> (low: Double, high: Double)? {
    let t = StudentT(df: df).criticalValue(level: level)
    let limits: (low: Double, high: Double)
    let spread = p * (1 - p)
    switch self {
    case .mean, .quantile, .score: limits = (p - t * standardError, p + t * standardError)
    case .logit, .xlogit:
      let (centre, reach) = (Double.log(p / (1 - p)), t * standardError / spread)
      limits = (ProportionInterval.expit(centre - reach), ProportionInterval.expit(centre + reach))
    case .asin:
      let (centre, reach) = (Double.asin(p.squareRoot()), t * standardError / (2 * spread.squareRoot()))
      limits = (ProportionInterval.square(.sin(centre - reach)), ProportionInterval.square(.sin(centre + reach)))
    case .wilson:
      let n = spread / (standardError * standardError)
      let (centre, reach) = (p + t * t / (2 * n), t / (2 * n) * (4 * n * spread + t * t).squareRoot())
      let shrinkage = 1 + t * t / n
      limits = ((centre - reach) / shrinkage, (centre + reach) / shrinkage)
    case .beta:
      let ratio = StudentT(df: count - 1).criticalValue(level: level) / t
      let n = spread / (standardError * standardError) * ratio * ratio
      let tail = (1 - level) / 2
      limits = (
        BetaDistribution(n * p, n * (1 - p) + 1).quantile(tail),
        BetaDistribution(n * p + 1, n * (1 - p)).upperQuantile(tail)
      )
    case .likelihood:
      // survey's quasibinomial fit also divides the deviance by its dispersion, which is count/(count − 1).
      let n = spread / (standardError * standardError) * (count - 1) / count
      let threshold = FDistribution(df1: 1, df2: df).upperQuantile(1 - level)
      limits = (
        ProportionInterval.limit(p, n, threshold, towards: 0), ProportionInterval.limit(p, n, threshold, towards: 1)
      )
    }
    return limits.low.isFinite && limits.high.isFinite ? limits : nil
  }

  private static func expit(_ x: Double) -> Double { 1 / (1 + .exp(-x)) }

  private static func square(_ x: Double) -> Double { x * x }

  /// The proportion between p and an end at which the deviance of n trials reaches the threshold, by bisection of the
  /// interval that holds it.
  private static func limit(_ p: Double, _ n: Double, _ threshold: Double, towards end: Double) -> Double {
    guard p > 0, p < 1, n > 0, n.isFinite, threshold.isFinite else { return .nan }
    var (inside, outside) = (p, end)
    while true {
      let middle = inside + (outside - inside) / 2
      if middle == inside || middle == outside { return middle }
      let deviance = 2 * n * (p * .log(p / middle) + (1 - p) * .log((1 - p) / (1 - middle)))
      if deviance < threshold { inside = middle } else { outside = middle }
    }
  }
}
