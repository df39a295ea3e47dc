import Columnar
import Numerics
import Probability

/// Which rows belong to which site.
///
/// O(sites) memory: eight bytes a site, sixteen where there is a younger questionnaire.
struct SiteAllocation: Sendable {
  /// The first row of each site, and the number of rows.
  let starts: [Int]
  /// How many of a site's children, its first, fill in the younger questionnaire; empty where there is none.
  let younger: [Int]

  var rowCount: Int { starts[starts.count - 1] }
  var siteCount: Int { starts.count - 1 }

  func rows(of site: Int) -> Range<Int> { starts[site]..<starts[site + 1] }

  /// The site of a row. O(log sites).
  func site(of row: Int) -> Int { lastIndex(below: siteCount) { starts[$0] <= row } }

  /// - Throws: `usage` where the sites of a country have fewer children than are wanted.
  init(_ plan: StudyPlan, _ strata: [Stratum], _ sizes: [SiteSizes], _ draws: SiteSizeDraws) throws(ImmerseError) {
    var starts = [0]
    for (country, sample) in plan.countries.enumerated() {
      var wanted: [Double] = []
      var present: [Int] = []
      for stratum in strata where stratum.country == country {
        for site in stratum.siteRange {
          let size = draws.size(of: site, plan, sizes[country])
          switch plan.selection {
          case .census: wanted.append(size.eligible)
          case .twoStage:
            wanted.append(draws.participation(of: site, plan) * (stratum.isCentres ? 0.8 : 1))
            present.append(Int(size.eligible * plan.leastResponse))
          }
        }
      }
      guard plan.selection == .census || present.reduce(0, +) >= sample.children else {
        throw ImmerseError(
          .usage, "the sites hold fewer children than were asked for", remedy: "ask for fewer children")
      }
      let counts = apportion(
        sample.children, wanted, atLeast: Array(repeating: 1, count: wanted.count),
        atMost: plan.selection == .census ? nil : present)
      for count in counts { starts.append(starts[starts.count - 1] + count) }
    }
    self.starts = starts
    younger = Self.younger(plan, strata, starts)
  }

  /// Every third site is a primary school, except the centres.
  static func isPrimary(_ site: Int, _ stratum: Stratum) -> Bool { site % 3 == 0 && !stratum.isCentres }

  private static func younger(_ plan: StudyPlan, _ strata: [Stratum], _ starts: [Int]) -> [Int] {
    guard plan.youngerChildren > 0 else { return [] }
    let primary = strata.flatMap { stratum in
      stratum.siteRange.map { isPrimary($0, stratum) ? starts[$0 + 1] - starts[$0] : 0 }
    }
    let total = min(plan.youngerChildren, primary.reduce(0, +))
    return apportion(total, primary.map { Double($0) }, atMost: primary)
  }

  /// The share of a country's children that fills in the younger questionnaire, as weighted estimates see it: the sites of
  /// a stratum weigh alike on average, and in every primary school the same part of the children is younger.
  func youngerShare(ofCountry country: Int, _ strata: [Stratum]) -> Double {
    if younger.isEmpty { return 0 }
    var inPrimary = 0
    for stratum in strata {
      for site in stratum.siteRange where Self.isPrimary(site, stratum) { inPrimary += rows(of: site).count }
    }
    if inPrimary == 0 { return 0 }
    let part = Double(younger.reduce(0, +)) / Double(inPrimary)
    return strata.filter { $0.country == country }.reduce(0) { sum, stratum in
      let primary = stratum.siteRange.count { Self.isPrimary($0, stratum) }
      return sum + stratum.share * part * Double(primary) / Double(stratum.sites)
    }
  }
}

/// The random numbers that decide how large sites are and how many children take part.
struct SiteSizeDraws: Sendable {
  let streams: RandomStreams

  init(seed: UInt64) { streams = RandomStreams(seed: seed, purpose: "site sizes") }

  /// The recorded size, by which a site is sampled, its score, and the children really there.
  func size(
    of site: Int, _ plan: StudyPlan, _ sizes: SiteSizes
  ) -> (score: Double, recorded: Double, eligible: Double) {
    var draws = streams[site]
    let u = draws.uniform()
    let score = plan.selection == .census ? sizes.unweightedSizeScore(u) : sizes.sizeScore(u)
    let recorded = sizes.size(score: score)
    return (score, recorded, recorded * sizes.sizeError(draws.uniform()))
  }

  /// Relative number of children who take part: whole classes in sites, nearly the same number in PISA schools.
  func participation(of site: Int, _ plan: StudyPlan) -> Double {
    var draws = streams[site]
    _ = draws.bits()
    _ = draws.bits()
    switch plan.ages {
    case .questionnaire: return .exp(0.45 * draws.normal())
    case .fifteen, .compulsory: return 0.8 + 0.2 * draws.uniform()
    }
  }
}
