extension SimulatedStudy {
  /// The parameters behind the study's rows. O(regions · items), some tenths of a second.
  public var truth: SimulationTruth {
    let population = sample.plan.countries.map(\.population)
    let total = population.reduce(0, +)
    let countries = sample.countries.indices.map { index in
      sample.truth(ofCountry: index, share: population[index] / total)
    }
    return SimulationTruth(
      preset: preset.rawValue, seed: seed, children: rowCount, sites: siteCount,
      means: SimulationTruth.average(countries.map { ($0.share, $0.means) }), countries: countries)
  }
}

extension SimulationTruth {
  fileprivate static func average(_ parts: [(share: Double, means: [String: Double])]) -> [String: Double] {
    parts.reduce(into: [:]) { means, part in
      for (name, mean) in part.means { means[name, default: 0] += part.share * mean }
    }
  }
}

extension Sample {
  fileprivate func truth(ofCountry country: Int, share: Double) -> SimulationTruth.Country {
    let model = countries[country]
    let profile = model.profile
    var categoryShares: [String: [Double]] = [:]
    var itemMeans: [String: Double] = [:]
    let regions = profile.regions.indices.map { region in
      var means = ["escs": profile.escs.mean, "migrant": model.composition.share, "female": 0.5]
      if plan.mathematics != .none { means["math"] = profile.mathematics.mean + model.regionMathematics[region] }
      let part = profile.regions[region].share
      for (index, scale) in plan.scales.enumerated() {
        var score = 0.0
        for item in scale.items {
          let shares = model.categoryShares(scale, index, item, region: region)
          let value = Double(scale.firstValue) + shares.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element }
          let known = categoryShares[item.name] ?? Array(repeating: 0, count: shares.count)
          categoryShares[item.name] = zip(known, shares).map { $0 + part * $1 }
          itemMeans[item.name, default: 0] += part * value
          score += item.reversed ? Double(2 * scale.firstValue + scale.categories - 1) - value : value
        }
        means[scale.prefix] = score / Double(scale.items.count)
      }
      return SimulationTruth.Region(code: profile.regions[region].code, share: part, means: means)
    }
    let means = SimulationTruth.average(regions.map { ($0.share, $0.means) })
    return SimulationTruth.Country(
      code: profile.code, share: share, means: means.merging(itemMeans) { mean, _ in mean },
      categoryShares: categoryShares, regions: regions,
      achievement: plan.mathematics == .none ? nil : model.achievementTruth, traits: traits(ofCountry: country))
  }

  private func traits(ofCountry country: Int) -> [String: SimulationTruth.Trait] {
    var truth: [String: SimulationTruth.Trait] = [:]
    for (scale, trait) in zip(plan.scales, countries[country].traits) {
      let regionVariance = zip(trait.regions, countries[country].profile.regions).reduce(0) {
        $0 + $1.0 * $1.0 * $1.1.share
      }
      truth[scale.prefix] = SimulationTruth.Trait(
        mean: trait.level, migrantGap: scale.effects.migrant, youngerGap: scale.effects.younger,
        femaleGap: scale.effects.female, regionVariance: regionVariance, siteVariance: trait.siteSD * trait.siteSD,
        childVariance: trait.childSD * trait.childSD, loading: scale.loading)
    }
    return truth
  }
}

extension CountryModel {
  fileprivate var achievementTruth: SimulationTruth.Achievement {
    let a = achievement
    let total = profile.mathematics.standardDeviation * profile.mathematics.standardDeviation
    return SimulationTruth.Achievement(
      migrant: a.migrantEffect, escs: a.escsEffect, female: a.femaleEffect, age: a.ageEffect,
      migrantGap: a.migrantEffect + a.escsEffect * a.escsMigrantGap, regionVariance: a.regionSD * a.regionSD,
      schoolVariance: profile.mathematics.schoolICC * total, totalVariance: total,
      residualSchoolVariance: a.siteSD * a.siteSD, residualChildVariance: a.childSD * a.childSD,
      errorVariance: a.errorSD * a.errorSD)
  }
}
