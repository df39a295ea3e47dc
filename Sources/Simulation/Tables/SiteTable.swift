import Columnar
import Probability
public import Streaming

extension SimulatedStudy {
  /// One row a sampled site: who it is, its weight, and what its register and its principal say of it.
  ///
  /// `concentration` (indicator 21) is the percentage of migrant background among its children. The rest is from the
  /// principal and missing where the principal did not answer: `staff_diversity` (22, per cent),
  /// `teacher_training`, `intercultural_values` and `parental_involvement` (23 to 25, means from 1 to 5),
  /// `host_language_support` (26, measures out of 6), `mother_tongue_support` (27, out of 4) and
  /// `mental_health_service` (29, 1 where there is one). Keys: `site` (`school` in the PISA presets). O(sites).
  public var siteTable: Table {
    let sites = (0..<siteCount).map { sample.site($0) }
    let answers = sites.map { PrincipalAnswers(sample, $0) }
    func text(_ value: (Site) -> String) -> Column { Column(sites.map(value)) }
    let places: [(name: String, column: Column)] = [
      (sample.plan.siteColumn, text { sample.name(of: $0) }),
      ("country", text { sample.countries[$0.country].profile.code }),
      ("region", text { sample.countries[$0.country].profile.regions[$0.region].code }),
      ("stratum", text { sample.strata[$0.stratum].code }),
      ("site_type", text { sample.kind(of: $0).name }),
      ("children", Column(sites.map { Double(sample.allocation.rows(of: $0.index).count) })),
      ("weight_site", Column(sites.map(\.weight))),
      ("concentration", Column(sites.map { 100 * $0.migrantShare })),
    ]
    let principal = PrincipalAnswers.names.indices.map { index in
      (name: PrincipalAnswers.names[index], column: Column(answers.map { $0.values[index] }))
    }
    return Table(places + principal, name: "sites of \(name)")
  }
}

/// What a site's principal says of it, in the order of `names`; NaN where there was no answer.
///
/// Measures and values go with the country, with the site's composition and, for its values, with the children's belonging.
private struct PrincipalAnswers {
  static let names = [
    "staff_diversity", "teacher_training", "intercultural_values", "parental_involvement", "host_language_support",
    "mother_tongue_support", "mental_health_service",
  ]

  let values: [Double]

  init(_ sample: Sample, _ site: Site) {
    var draws = RandomStreams(seed: sample.seed, purpose: "principals")[site.index]
    let model = sample.countries[site.country]
    if draws.uniform() < model.profile.principalNonresponse {
      values = Self.names.map { _ in .nan }
      return
    }
    // Countries differ in what their sites offer, the same for every seed.
    var country = RandomStreams(seed: 0, purpose: "principals of countries")[site.country]
    let composition = site.compositionScore
    let ses = site.escs / model.achievement.siteEscsSD
    let belonging = sample.attitudes(of: site)[0] / model.traits[0].siteSD
    func trait(_ common: Double) -> Double { common + 0.35 * country.normal() + 0.85 * draws.normal() }
    values = [
      100 * Normal.cdf(-1.6 + 0.45 * trait(0.6 * composition)),
      Self.rating(3.1 + 0.8 * trait(0.2 * composition)),
      Self.rating(3.6 + 0.7 * trait(0.35 * belonging)),
      Self.rating(3.2 + 0.7 * trait(0.4 * ses - 0.1 * composition)),
      Self.count(of: 6, trait(0.4 * composition)),
      Self.count(of: 4, trait(0.35 * composition) - 0.6),
      trait(0.1 * composition) > -0.2 ? 1 : 0,
    ]
  }

  /// A mean of several five-point items, in steps of a fifth.
  private static func rating(_ value: Double) -> Double { min(5, max(1, (5 * value).rounded() / 5)) }

  /// How many of so many measures are taken.
  private static func count(of measures: Int, _ trait: Double) -> Double {
    (Double(measures + 1) * Normal.cdf(0.9 * trait)).rounded(.down)
  }
}
