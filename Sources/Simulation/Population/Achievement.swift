import Probability

/// How ESCS and mathematics come about in a country.
///
/// With deviations from the country's means, for child i of site j:
///
///     escs = s_j + δ·migrant + w                          s_j related to the site's composition
///     math = βm·migrant + βe·escs + βf·(female - 1/2) + βa·age
///            + γc·composition_j + γe·s_j + γs·log size_j + stratum + region + u_j + ε
///
/// The variances are solved for, so that the country's SD and ICC come out.
struct Achievement: Sendable {
  let migrantEffect = -20.0
  let escsEffect = 18.0
  let femaleEffect = -8.0
  /// Per year of age; only where all children are fifteen.
  let ageEffect: Double
  /// SD of the error of the test score.
  let errorSD = 40.0

  let compositionEffect: Double
  let siteEscsEffect: Double
  let sizeEffect: Double
  let stratumSD: Double
  let regionSD: Double
  /// SD of u: what lies between sites with the same covariates.
  let siteSD: Double
  /// SD of ε.
  let childSD: Double

  let escsMigrantGap = -0.35
  /// Correlation of the site's ESCS with its composition.
  let escsCompositionCorrelation = -0.4
  let siteEscsSD: Double
  let childEscsSD: Double

  init(_ profile: CountryProfile, _ composition: Composition, hasKinds: Bool, hasRegions: Bool, ages: StudyPlan.Ages) {
    ageEffect = ages == .fifteen ? 10 : 0
    let (rho, delta) = (escsCompositionCorrelation, escsMigrantGap)
    let mean = composition.mean
    let spread = composition.standardDeviation
    let share = composition.share
    // Covariance of Φ(x) with the standardised x.
    let slope = composition.average { Normal.cdf($0) * ($0 - mean) / spread }

    let escsVariance = profile.escs.standardDeviation * profile.escs.standardDeviation
    let betweenEscs = profile.escs.schoolICC * escsVariance
    // Var(s + δΦ(x)) = τ² + 2δρ·slope·τ + δ²·Var Φ(x), solved for τ.
    let half = delta * rho * slope
    let tau =
      (half * half + betweenEscs - delta * delta * composition.betweenVariance).squareRoot() - half
    siteEscsSD = tau
    childEscsSD = (escsVariance - betweenEscs - delta * delta * composition.withinVariance).squareRoot()

    let variance = profile.mathematics.standardDeviation * profile.mathematics.standardDeviation
    regionSD = hasRegions ? (profile.mathematics.regionICC * variance).squareRoot() : 0
    let between = profile.mathematics.schoolICC * variance - regionSD * regionSD
    stratumSD = hasKinds ? (0.15 * between).squareRoot() : 0
    compositionEffect = -(0.03 * between).squareRoot() / spread
    sizeEffect = (0.03 * between / SiteSizes.scoreVariance).squareRoot()
    let kappa = (0.35 * between).squareRoot() / tau
    siteEscsEffect = kappa - escsEffect

    let gap = migrantEffect + escsEffect * delta
    let gamma = compositionEffect
    let explained = composition.average { x in
      let fitted = gamma * (x - mean) + kappa * rho * tau * (x - mean) / spread + gap * (Normal.cdf(x) - share)
      return fitted * fitted
    }
    let ownEscs = kappa * kappa * tau * tau * (1 - rho * rho)
    let ownSize = sizeEffect * sizeEffect * SiteSizes.scoreVariance
    siteSD = max(0.05 * between, between - stratumSD * stratumSD - explained - ownEscs - ownSize).squareRoot()

    let covariates =
      gap * gap * composition.withinVariance + escsEffect * escsEffect * childEscsSD * childEscsSD
      + femaleEffect * femaleEffect / 4 + ageEffect * ageEffect / 12
    childSD = ((1 - profile.mathematics.schoolICC) * variance - covariates).squareRoot()
  }
}
