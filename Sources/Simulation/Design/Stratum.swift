import Numerics
import Probability

/// Sites that are sampled together.
struct Stratum: Sendable {
  var country: Int
  /// The region all its sites lie in; nil where each site's region is drawn, as for the centres of a country.
  var region: Int?
  var code: String
  /// Share of the country's children.
  var share: Double
  /// Sampled sites, and the first of them.
  var sites: Int
  var firstSite = 0
  /// The first pair of sites for the replicate weights, counted within the country.
  var firstPair = 0
  /// Mean of its children's sites on the probit scale of the share of migrant background.
  var compositionMean: Double
  /// What schools of this kind achieve above their region, standardised over the country.
  var offset: Double

  var siteRange: Range<Int> { firstSite..<firstSite + sites }
  /// Whether the sites are non-formal and reception centres rather than schools.
  var isCentres: Bool { region == nil }
}

extension Stratum {
  /// Centres hold about one child in eighty, but one sampled site in nineteen.
  private static let centres = (share: 0.0125, sampled: 0.054, compositionMean: 3.0)

  /// The strata of all countries in the order of the file.
  static func all(of plan: StudyPlan) -> [Stratum] {
    var strata = plan.countries.indices.flatMap { all(ofCountry: $0, plan) }
    var site = 0
    for index in strata.indices {
      strata[index].firstSite = site
      site += strata[index].sites
      if index > 0, strata[index - 1].country == strata[index].country {
        strata[index].firstPair = strata[index - 1].firstPair + strata[index - 1].sites / 2
      }
    }
    return strata
  }

  private static func all(ofCountry country: Int, _ plan: StudyPlan) -> [Stratum] {
    let sample = plan.countries[country]
    let regions = sample.profile.regions
    let least = plan.selection == .census ? 1 : 2
    let centreSites = plan.includesCentres ? max(least, Int((centres.sampled * Double(sample.sites)).rounded())) : 0
    let kinds = apportion(
      sample.strata, regions.map(\.share), atLeast: Array(repeating: 1, count: regions.count))
    var shares: [Double] = []
    var region: [Int] = []
    for (index, count) in kinds.enumerated() {
      shares += Array(
        repeating: regions[index].share / Double(count) * (plan.includesCentres ? 1 - centres.share : 1), count: count)
      region += Array(repeating: index, count: count)
    }
    var draws = RandomStreams(seed: 0, purpose: "strata")[country]
    let rates = normalScores(shares.count, &draws).map { Double.exp(sample.samplingRateSD * $0) }
    let offsets = offsets(normalScores(shares.count, &draws), region, shares)
    let sites = apportion(
      sample.sites - centreSites, zip(shares, rates).map(*), atLeast: Array(repeating: least, count: shares.count))
    // The probit of a normal variable has a mean in closed form: E Φ(X) = Φ(mean / sqrt(1 + variance)).
    let schools = (1 + plan.compositionSD * plan.compositionSD).squareRoot() * Normal.quantile(sample.migrantShare)
    var strata = shares.indices.map { index in
      let code = regions[region[index]].code
      let kind = region[..<index].count { $0 == region[index] } + 1
      return Stratum(
        country: country, region: region[index], code: kinds[region[index]] == 1 ? code : "\(code)-\(kind)",
        share: shares[index], sites: sites[index], compositionMean: schools, offset: offsets[index])
    }
    if plan.includesCentres {
      strata.append(
        Stratum(
          country: country, region: nil, code: "\(sample.profile.code)-centres", share: centres.share,
          sites: centreSites,
          compositionMean: centres.compositionMean, offset: 0))
    }
    return strata
  }

  /// Evenly spaced normal quantiles in a random order, so that a few strata vary as much as many would.
  private static func normalScores(_ count: Int, _ draws: inout RandomStream) -> [Double] {
    var scores = (0..<count).map { Normal.quantile((Double($0) + 0.5) / Double(count)) }
    draws.shuffle(&scores)
    return scores
  }

  /// The scores with mean 0 in each region and variance 1 in the country; 0 where no region has two kinds of schools.
  private static func offsets(_ scores: [Double], _ region: [Int], _ shares: [Double]) -> [Double] {
    var centred = scores
    for index in scores.indices {
      let same = scores.indices.filter { region[$0] == region[index] }
      centred[index] -= same.reduce(0) { $0 + scores[$1] } / Double(same.count)
    }
    return standardised(centred, weights: shares)
  }
}

/// The values with weighted mean 0 and variance 1, or zeros where they do not vary.
func standardised(_ values: [Double], weights: [Double]) -> [Double] {
  let total = weights.reduce(0, +)
  let mean = zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
  let variance = zip(values, weights).reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) * $1.1 } / total
  return values.map { variance > 1e-12 ? ($0 - mean) / variance.squareRoot() : 0 }
}
