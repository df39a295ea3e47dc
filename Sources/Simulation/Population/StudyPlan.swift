/// What a preset samples and what it asks.
struct StudyPlan: Sendable {
  var countries: [CountryPlan]
  /// How the children of a site are found.
  var selection: Selection
  /// Whether the schools come with a stratum of non-formal and reception centres beside them.
  var includesCentres = false
  var siteColumn = "site"
  var scales: [Scale]
  var mathematics: Achievement = .none
  var ages: Ages
  /// Standard deviation of a site's composition on the probit scale of the share of migrant background.
  var compositionSD: Double
  /// How strongly sites with many migrant children were over-sampled: the log of the sampling rate per unit of composition.
  var oversampling = 0.0
  /// Response rate of children with migrant background relative to the others.
  var migrantResponse = 1.0
  /// Share of girls among the children who took part; it is one half among those who could have.
  var girlsShare = 0.5
  /// Share of children without an answer, or with another answer, on their sex.
  var sexBlank = 0.0
  /// Children who fill in the questionnaire for ages 7 to 9.
  var youngerChildren = 0

  enum Selection: Sendable {
    /// Sites with probability proportional to size, then some of their children.
    case twoStage
    /// Every child of every site.
    case census
  }

  enum Achievement: Sendable {
    case none
    /// A test score with error.
    case testScore
    /// Ten draws from each child's posterior, and replicate weights.
    case plausibleValues
  }

  enum Ages: Sendable {
    /// 15.25 to 16.24 years, in hundredths.
    case fifteen
    /// 7 to 9 years for the younger questionnaire, 10 to 18 for the older.
    case questionnaire
    /// 6 to 15 years.
    case compulsory
  }

  /// The sample of a country and the population it stands for.
  struct CountryPlan: Sendable {
    var profile: CountryProfile
    /// Children in the population.
    var population: Double
    /// Sites in the population.
    var populationSites: Double
    var migrantShare: Double
    /// Targets for the coefficient of variation of the sampled sites' and children's weights.
    var siteWeightCV: Double
    var childWeightCV: Double
    var strata: Int
    var sites: Int
    var children: Int
  }

  var children: Int { countries.reduce(0) { $0 + $1.children } }

  /// A bound below the response correction of any child's weight.
  var leastResponse: Double { migrantResponse * 0.5 / max(girlsShare, 1 - girlsShare) }

  /// The plan for another number of children, with sites in proportion but at least one or two in each stratum.
  func scaled(to children: Int) -> StudyPlan {
    var plan = self
    let factor = Double(children) / Double(self.children)
    let parts = apportion(children, countries.map { Double($0.children) })
    for (index, part) in parts.enumerated() {
      let proportional = Int((Double(countries[index].sites) * factor).rounded())
      plan.countries[index].sites = max(leastSites(countries[index]), proportional)
      plan.countries[index].children = part
    }
    plan.youngerChildren = Int((Double(youngerChildren) * factor).rounded())
    return plan
  }

  /// The least number of children that leaves two for every site a country must have.
  var leastChildren: Int {
    countries.reduce(0) { max($0, (2 * leastSites($1) + 1) * children / $1.children + 1) }
  }

  private func leastSites(_ country: CountryPlan) -> Int {
    (country.strata + (includesCentres ? 1 : 0)) * (selection == .census ? 1 : 2)
  }
}
