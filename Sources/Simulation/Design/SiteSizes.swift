import Numerics
import Probability

extension StudyPlan.CountryPlan {
  // The weights of sampled sites vary with the sites' sizes, the sampling rates of the strata and errors in the sizes;
  // those of children only with the last two, and a little with their numbers in the sites. All are taken as
  // log-normal and independent, so that factors 1 + CV² multiply.

  /// SD of the log-size that makes up the difference between the CVs of the two weights.
  var sizeSD: Double {
    let target = (1 + siteWeightCV * siteWeightCV) / (1 + childWeightCV * childWeightCV)
    var (low, high) = (0.0, 2.0)
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if SiteSizes.kishFactor(sizeSD: middle) < target { low = middle } else { high = middle }
    }
    return low
  }
  private var childWeightVariance: Double { .log(1 + childWeightCV * childWeightCV) }
  var sizeErrorSD: Double { min(0.03, 0.4 * childWeightVariance).squareRoot() }
  var samplingRateSD: Double { max(0, childWeightVariance - sizeErrorSD * sizeErrorSD - 0.02).squareRoot() }
}

/// How many children the sites of a country have.
///
/// Logarithms of sizes are normal with truncated tails, so that no weight exceeds a few times its stratum's median and none
/// needs trimming: trimming would move the mean that weighted estimates aim at.
struct SiteSizes: Sendable {
  static let truncation = 2.2
  static let errorTruncation = 2.0

  /// Log-size of the average child's site.
  let centre: Double
  let sizeSD: Double
  let errorSD: Double
  /// Children and sites in the population.
  let children: Double
  let sites: Double

  init(_ plan: StudyPlan.CountryPlan) {
    sizeSD = plan.sizeSD
    errorSD = plan.sizeErrorSD
    children = plan.population
    sites = plan.populationSites
    // Seen from the children, sites of size S are E(1/S) · children in number.
    centre = .log(children / sites) + .log(Self.meanExponential(-plan.sizeSD, truncation: Self.truncation))
  }

  /// A size as the average child sees it, in SDs of its logarithm: what sampling with probability proportional to size gives.
  func sizeScore(_ u: Double) -> Double { Self.truncated(u, Self.truncation) }

  /// A size as the average site has it: the tilt by 1/S moves the normal distribution down by its variance.
  func unweightedSizeScore(_ u: Double) -> Double {
    let low = Normal.cdf(sizeSD - Self.truncation)
    let high = Normal.cdf(sizeSD + Self.truncation)
    return Normal.quantile(low + u * (high - low)) - sizeSD
  }

  func size(score: Double) -> Double { .exp(centre + sizeSD * score) }

  /// True over recorded size: log-normal with mean 1.
  func sizeError(_ u: Double) -> Double {
    .exp(errorSD * Self.truncated(u, Self.errorTruncation))
      / Self.meanExponential(errorSD, truncation: Self.errorTruncation)
  }

  /// Variance of the size score.
  static let scoreVariance = 1 - 2 * truncation * Normal.density(truncation) / (1 - 2 * Normal.survival(truncation))

  /// 1 + CV² of the reciprocals of sizes, as the average child sees them.
  static func kishFactor(sizeSD: Double) -> Double {
    let mean = meanExponential(-sizeSD, truncation: truncation)
    return meanExponential(-2 * sizeSD, truncation: truncation) / (mean * mean)
  }

  /// E exp(s·Z) of a normal Z truncated on both sides.
  private static func meanExponential(_ s: Double, truncation c: Double) -> Double {
    Double.exp(s * s / 2) * (Normal.cdf(c - s) - Normal.cdf(-c - s)) / (1 - 2 * Normal.survival(c))
  }

  private static func truncated(_ u: Double, _ c: Double) -> Double {
    let tail = Normal.survival(c)
    return Normal.quantile(tail + u * (1 - 2 * tail))
  }
}
