import Probability

/// Everything that turns random numbers into the children of one country.
struct CountryModel: Sendable {
  let profile: CountryProfile
  let sizes: SiteSizes
  let composition: Composition
  let achievement: Achievement
  /// Share of the population that fills in the younger questionnaire.
  let youngerShare: Double
  /// One for each scale the study asks.
  let traits: [Trait]
  /// Effects on mathematics of the regions.
  let regionMathematics: [Double]

  /// A scale's trait in this country.
  struct Trait: Sendable {
    let level: Double
    let regions: [Double]
    let siteSD: Double
    let childSD: Double
  }

  init(_ plan: StudyPlan, country: Int, strata: [Stratum], youngerShare: Double) {
    let sample = plan.countries[country]
    let profile = sample.profile
    let byMean = Dictionary(grouping: strata, by: \.compositionMean)
    let parts = byMean.keys.sorted().map { mean in
      (share: (byMean[mean] ?? []).reduce(0) { $0 + $1.share }, mean: mean)
    }
    let composition = Composition(parts, siteSD: plan.compositionSD)
    self.profile = profile
    self.composition = composition
    self.youngerShare = youngerShare
    sizes = SiteSizes(sample)
    achievement = Achievement(
      profile, composition, hasKinds: strata.contains { $0.offset != 0 }, hasRegions: profile.regions.count > 1,
      ages: plan.ages)

    // Regions are part of the country, not of the sample: the same for every seed.
    let shares = profile.regions.map(\.share)
    func regionScores(_ purpose: String) -> [Double] {
      var draws = RandomStreams(seed: 0, purpose: "regions \(purpose)")[country]
      return standardised(shares.map { _ in draws.normal() }, weights: shares)
    }
    let regionSD = achievement.regionSD
    regionMathematics = regionScores("mathematics").map { $0 * regionSD }
    traits = plan.scales.map { scale in
      let attitudes = profile.attitudes
      let regionVariance = profile.regions.count > 1 ? attitudes.regionICC : 0
      let siteVariance = max(0.0005, min(0.05, attitudes.siteICC * scale.clustering) - regionVariance)
      let effects = scale.effects
      let groups =
        effects.migrant * effects.migrant * composition.share * (1 - composition.share)
        + effects.younger * effects.younger * youngerShare * (1 - youngerShare) + effects.female * effects.female / 4
      return Trait(
        level: attitudes.levels[scale.prefix] ?? 0,
        regions: regionScores(scale.prefix).map { $0 * regionVariance.squareRoot() },
        siteSD: siteVariance.squareRoot(), childSD: (1 - regionVariance - siteVariance - groups).squareRoot())
    }
  }
}
