/// The studies that can be simulated.
public enum SimulationPreset: String, CaseIterable, Sendable {
  /// The scale of the IMMERSE survey: 24,420 children, 406 sites, 36 NUTS-1 regions of six countries.
  case immerse
  /// The six countries in the design of PISA 2018: 2,541 schools, replicate weights, plausible values.
  case pisaSix = "pisa-six"
  /// The size of the whole PISA 2018 file: 612,004 students, 21,903 schools, 80 education systems.
  case pisaWorld = "pisa-world"
  /// Every pupil of the six countries' schools, as many as are wanted.
  case register
}

extension StudyPlan {
  /// The plan of a preset at its own size.
  init(_ preset: SimulationPreset) {
    switch preset {
    case .immerse: self = .immerse
    case .pisaSix: self = .pisa(StudyPlan.pisaCountries)
    case .pisaWorld: self = .pisa(StudyPlan.pisaCountries + StudyPlan.otherSystems)
    case .register: self = .register
    }
  }

  /// Totals of children, of younger and older questionnaires, of sites, of Spain, of answers on sex and of non-formal and
  /// no education: published by the project. Their split over the other five countries and every population figure:
  /// assumed. The population is the children of centres that migrant children attend.
  private static var immerse: StudyPlan {
    let children = [2_421, 2_700, 3_900, 3_600, 4_600, 7_199]
    let sites = [38, 44, 72, 62, 80, 110]
    let population = [180_000.0, 900_000, 120_000, 90_000, 700_000, 600_000]
    let migrantShare = [0.459, 0.469, 0.454, 0.429, 0.429, 0.449]
    let countries = CountryProfile.six.indices.map { i in
      CountryPlan(
        profile: .six[i], population: population[i], populationSites: population[i] / 180,
        migrantShare: migrantShare[i],
        siteWeightCV: 0.55, childWeightCV: 0.2, strata: CountryProfile.six[i].regions.count, sites: sites[i],
        children: children[i])
    }
    return StudyPlan(
      countries: countries, selection: .twoStage, includesCentres: true, scales: Scale.all, ages: .questionnaire,
      compositionSD: 1.1, oversampling: 0.3, migrantResponse: 0.9, girlsShare: 11_277.0 / 23_441,
      sexBlank: 979.0 / 24_420, youngerChildren: 4_503)
  }

  private static func pisa(_ countries: [CountryPlan]) -> StudyPlan {
    StudyPlan(
      countries: countries, selection: .twoStage, siteColumn: "school", scales: Scale.pisa,
      mathematics: .plausibleValues, ages: .fifteen, compositionSD: 0.8, migrantResponse: 0.92)
  }

  /// Schools sampled: PISA 2018, counted in the school file; schools in the population: sums of the school weights
  /// of 2022; CV of the school weights: 2018; CV of the student weights: the full file of 2003; explicit strata: 2022, but
  /// at least one a region. Students sampled (except Ireland), population and migrant shares: from memory.
  private static var pisaCountries: [CountryPlan] {
    let children = [8_475, 5_451, 6_403, 5_577, 11_785, 35_943]
    let sites = [288, 223, 242, 157, 542, 1_089]
    let population = [118_000.0, 735_000, 96_000, 59_000, 522_000, 416_000]
    let populationSites = [1_644.0, 12_558, 2_572, 718, 5_722, 7_374]
    let migrantShare = [0.21, 0.26, 0.125, 0.17, 0.11, 0.15]
    let siteWeightCV = [0.91, 0.80, 0.95, 0.44, 1.69, 1.19]
    let childWeightCV = [0.44, 0.26, 0.30, 0.19, 1.02, 1.03]
    let strata = [31, 18, 4, 9, 35, 39]
    return CountryProfile.six.indices.map { i in
      CountryPlan(
        profile: .six[i], population: population[i], populationSites: populationSites[i], migrantShare: migrantShare[i],
        siteWeightCV: siteWeightCV[i], childWeightCV: childWeightCV[i], strata: strata[i], sites: sites[i],
        children: children[i])
    }
  }

  /// Pupils of compulsory school age in proportion to rough figures from memory; 25 a school.
  private static var register: StudyPlan {
    let population = [1_900_000.0, 8_400_000, 1_200_000, 900_000, 6_900_000, 6_200_000]
    let migrantShare = [0.21, 0.26, 0.125, 0.17, 0.11, 0.15]
    let children = apportion(1_000_000, population)
    let countries = CountryProfile.six.indices.map { i in
      CountryPlan(
        profile: .six[i], population: population[i], populationSites: population[i] / 25, migrantShare: migrantShare[i],
        siteWeightCV: 0.5, childWeightCV: 0, strata: CountryProfile.six[i].regions.count, sites: children[i] / 25,
        children: children[i])
    }
    return StudyPlan(
      countries: countries, selection: .census, siteColumn: "site", scales: Scale.pisa, mathematics: .testScore,
      ages: .compulsory, compositionSD: 0.8)
  }
}
