import Probability

extension CountryModel {
  /// Shares of the categories of an item's answers among a region's children who are asked it.
  ///
  /// Given the groups a child belongs to and its site's composition, the latent response is normal; composition is
  /// integrated out numerically.
  func categoryShares(_ scale: Scale, _ index: Int, _ item: Scale.Item, region: Int) -> [Double] {
    let trait = traits[index]
    let rho = scale.compositionCorrelation
    let effects = scale.effects
    let unexplained = trait.siteSD * trait.siteSD * (1 - rho * rho) + trait.childSD * trait.childSD
    let spread = (scale.loading * scale.loading * (unexplained - 1) + 1).squareRoot()
    var shares = [Double](repeating: 0, count: scale.categories)
    let asked = scale.olderOnly ? [(false, 1.0)] : [(false, 1 - youngerShare), (true, youngerShare)]
    for (younger, part) in asked where part > 0 {
      let centre =
        trait.level + trait.regions[region] - effects.migrant * composition.share - effects.younger * youngerShare
        + (younger ? effects.younger : 0)
      let (thresholds, step) = scale.cuts(younger: younger)
      var above = 1.0
      for (number, threshold) in thresholds.enumerated() {
        let exceeding = composition.average { x in
          let site = centre + trait.siteSD * rho * (x - composition.mean) / composition.standardDeviation
          func share(_ group: Double) -> Double {
            let girls = Normal.survival(
              (threshold - item.shift - scale.loading * (group + effects.female / 2)) / spread)
            let boys = Normal.survival((threshold - item.shift - scale.loading * (group - effects.female / 2)) / spread)
            return (girls + boys) / 2
          }
          return Normal.cdf(x) * share(site + effects.migrant) + Normal.survival(x) * share(site)
        }
        shares[number * step] += part * (above - exceeding)
        above = exceeding
      }
      shares[thresholds.count * step] += part * above
    }
    return item.reversed ? shares.reversed() : shares
  }
}
