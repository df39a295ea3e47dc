import Probability

/// The share of migrant background in the sites of a country.
///
/// A site has a composition x on the probit scale, normal within a stratum, and a child of it has migrant background with
/// probability Φ(x). Moments are over the children of the population.
struct Composition: Sendable {
  /// Share of children with migrant background.
  let share: Double
  /// Mean and SD of x.
  let mean: Double
  let standardDeviation: Double
  /// Variance of Φ(x) between sites, and what is left within.
  let betweenVariance: Double
  let withinVariance: Double

  private let strata: [(share: Double, mean: Double)]
  /// SD of x within a stratum.
  let siteSD: Double

  init(_ strata: [(share: Double, mean: Double)], siteSD: Double) {
    self.strata = strata
    self.siteSD = siteSD
    func average(_ f: (Double) -> Double) -> Double { Self.average(strata, siteSD, f) }
    let share = average { Normal.cdf($0) }
    let mean = average { $0 }
    self.share = share
    self.mean = mean
    standardDeviation = average { ($0 - mean) * ($0 - mean) }.squareRoot()
    betweenVariance = average { (Normal.cdf($0) - share) * (Normal.cdf($0) - share) }
    withinVariance = average { Normal.cdf($0) * Normal.survival($0) }
  }

  /// The mean of a function of x over the children.
  func average(_ f: (Double) -> Double) -> Double { Self.average(strata, siteSD, f) }

  /// The trapezoidal rule on a normal density converges faster than any power of the step: 1e-15 at a quarter.
  private static func average(
    _ strata: [(share: Double, mean: Double)], _ siteSD: Double, _ f: (Double) -> Double
  ) -> Double {
    var sum = 0.0
    for stratum in strata {
      for step in -32...32 {
        let z = Double(step) / 4
        sum += stratum.share * Normal.density(z) / 4 * f(stratum.mean + siteSD * z)
      }
    }
    return sum
  }
}
