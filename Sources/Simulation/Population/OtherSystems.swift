import Numerics
import Probability

extension StudyPlan {
  /// 74 invented education systems, which fill the six countries up to the size of the PISA 2018 file.
  ///
  /// Their figures are drawn once and for all, so that about 20 % of the variance in mathematics lies between systems
  /// and 21 % between schools (doi 10.1186/s40536-022-00128-6, Table 2); they stand for no real system.
  static var otherSystems: [CountryPlan] {
    let count = 74
    let streams = RandomStreams(seed: 0, purpose: "education systems")
    let draws = (0..<count).map { system in
      var stream = streams[system]
      return (0..<12).map { _ in stream.normal() }
    }
    let sites = apportion(21_903 - 2_541, draws.map { .exp(0.45 * $0[0]) })
    let children = apportion(612_004 - 73_634, zip(sites, draws).map { Double($0) * .exp(0.15 * $1[1]) })
    return (0..<count).map { system in
      let z = draws[system]
      let number = system < 9 ? "0\(system + 1)" : "\(system + 1)"
      let profile = CountryProfile(otherSystem: "C\(number)", z)
      let population = 190_000 * Double.exp(1.2 * z[2])
      let childWeightCV = 0.45 * Double.exp(0.4 * z[6])
      let sizeSD = 0.65 * Double.exp(0.2 * z[5])
      return CountryPlan(
        profile: profile, population: population, populationSites: population / (60 * .exp(0.3 * z[3])),
        migrantShare: Normal.cdf(-1.3 + 0.5 * z[4]),
        siteWeightCV: ((1 + childWeightCV * childWeightCV) * .exp(sizeSD * sizeSD) - 1).squareRoot(),
        childWeightCV: childWeightCV, strata: 2 * profile.regions.count, sites: sites[system],
        children: children[system])
    }
  }
}

extension CountryProfile {
  fileprivate init(otherSystem code: String, _ z: [Double]) {
    let regionCount = 1 + Int(6 * Normal.cdf(z[7]))
    self.init(
      code: code,
      regions: (1...regionCount).map { Region(code: "\(code)R\($0)", share: 1 / Double(regionCount)) },
      mathematics: .init(
        mean: 458 + 41.5 * z[8], standardDeviation: 87 + 7 * z[9], schoolICC: 0.1 + 0.4 * Normal.cdf(z[10]),
        regionICC: 0.02),
      escs: .init(
        mean: -0.3 + 0.5 * z[11], standardDeviation: 1, schoolICC: 0.15 + 0.2 * Normal.cdf(z[10]), missing: 0.023),
      attitudes: .init(
        siteICC: 0.002 + 0.03 * Normal.cdf(z[9]), regionICC: 0.003, nonresponse: 1,
        levels: Dictionary(uniqueKeysWithValues: zip(Scale.pisa.map(\.prefix), z.map { 0.15 * $0 }))),
      principalNonresponse: 0.08)
  }
}
