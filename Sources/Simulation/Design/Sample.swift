import Columnar
import Numerics
import Probability

/// A sample of sites and children: which there are, and what each site is like.
struct Sample: Sendable {
  let plan: StudyPlan
  let seed: UInt64
  let strata: [Stratum]
  let countries: [CountryModel]
  let allocation: SiteAllocation
  private let sizeDraws: SiteSizeDraws
  private let siteDraws: RandomStreams
  private let attitudeDraws: RandomStreams

  init(_ plan: StudyPlan, seed: UInt64) throws(ImmerseError) {
    let strata = Stratum.all(of: plan)
    let sizeDraws = SiteSizeDraws(seed: seed)
    let allocation = try SiteAllocation(plan, strata, plan.countries.map { SiteSizes($0) }, sizeDraws)
    self.plan = plan
    self.seed = seed
    self.strata = strata
    self.sizeDraws = sizeDraws
    self.allocation = allocation
    siteDraws = RandomStreams(seed: seed, purpose: "sites")
    attitudeDraws = RandomStreams(seed: seed, purpose: "site attitudes")
    countries = plan.countries.indices.map { country in
      CountryModel(
        plan, country: country, strata: strata.filter { $0.country == country },
        youngerShare: allocation.youngerShare(ofCountry: country, strata))
    }
  }

  /// The site of that number. O(log strata).
  func site(_ index: Int) -> Site {
    let stratumIndex = lastIndex(below: strata.count) { strata[$0].firstSite <= index }
    let stratum = strata[stratumIndex]
    let model = countries[stratum.country]
    let size = sizeDraws.size(of: index, plan, model.sizes)
    var draws = siteDraws[index]
    // Sampling in proportion to exp(oversampling · x) moves a normal x up by oversampling · variance.
    let sd = plan.compositionSD
    let composition = stratum.compositionMean + plan.oversampling * sd * sd + sd * draws.normal()
    let deviation = composition - model.composition.mean
    let compositionScore = deviation / model.composition.standardDeviation
    let a = model.achievement
    let rho = a.escsCompositionCorrelation
    let escs = a.siteEscsSD * (rho * compositionScore + (1 - rho * rho).squareRoot() * draws.normal())
    let own = a.siteSD * draws.normal()
    let region = stratum.region ?? model.region(at: draws.uniform())
    let place = model.regionMathematics[region] + a.stratumSD * stratum.offset
    let context = a.compositionEffect * deviation + a.siteEscsEffect * escs + a.sizeEffect * size.score
    return Site(
      index: index, stratum: stratumIndex, country: stratum.country, region: region,
      weight: weight(in: stratum, recordedSize: size.recorded, composition: composition), eligible: size.eligible,
      composition: composition, compositionScore: compositionScore, escs: escs, mathematics: place + context + own)
  }

  /// The reciprocal of the expected number of times a site of this size and composition is drawn.
  private func weight(in stratum: Stratum, recordedSize: Double, composition: Double) -> Double {
    if plan.selection == .census { return 1 }
    let tilt = plan.oversampling
    let spread = tilt * plan.compositionSD
    // The mean of exp(tilt · x) over the stratum's children, relative to this site's.
    let relativeRate = Double.exp(tilt * (stratum.compositionMean - composition) + spread * spread / 2)
    let children = countries[stratum.country].sizes.children * stratum.share
    return children / (Double(stratum.sites) * recordedSize) * relativeRate
  }

  /// The effects of a site on the traits of the study's scales, as deviations from the country's mean.
  func attitudes(of site: Site) -> [Double] {
    var draws = attitudeDraws[site.index]
    let traits = countries[site.country].traits
    return plan.scales.indices.map { index in
      let rho = plan.scales[index].compositionCorrelation
      let score = rho * site.compositionScore + (1 - rho * rho).squareRoot() * draws.normal()
      return traits[index].siteSD * score + traits[index].regions[site.region]
    }
  }

  /// Whether the site is a school, a non-formal centre or a reception centre.
  func kind(of site: Site) -> Site.Kind {
    let stratum = strata[site.stratum]
    if !stratum.isCentres { return .school }
    return (site.index - stratum.firstSite) % 2 == 0 ? .nonFormal : .reception
  }
}

/// A sampled school, non-formal centre or reception centre.
struct Site: Sendable {
  let index: Int
  let stratum: Int
  let country: Int
  let region: Int
  /// Reciprocal of its inclusion rate.
  let weight: Double
  /// Children in the population of the site.
  let eligible: Double
  /// Probit of the share of migrant background; and the same standardised over the country's children.
  let composition: Double
  let compositionScore: Double
  /// Deviation of its ESCS from the country's mean.
  let escs: Double
  /// What its children achieve in mathematics beyond the country's mean and their own covariates.
  let mathematics: Double

  enum Kind: Int, CaseIterable, Sendable {
    case school, nonFormal, reception

    var name: String {
      switch self {
      case .school: "school"
      case .nonFormal: "non-formal"
      case .reception: "reception"
      }
    }
  }

  /// Share of migrant background among the site's children.
  var migrantShare: Double { Normal.cdf(composition) }
}

extension CountryModel {
  /// The region at a place in the country's children.
  func region(at place: Double) -> Int {
    var below = 0.0
    for (index, region) in profile.regions.enumerated() {
      below += region.share
      if place < below { return index }
    }
    return profile.regions.count - 1
  }
}
