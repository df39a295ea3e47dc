/// The six countries of IMMERSE (Horizon 2020 project 822536).
///
/// Standing of the figures, none of which describes a real child:
///
/// | figure | standing |
/// |---|---|
/// | NUTS-1 codes | Eurostat, NUTS 2024 (`EL` is Eurostat's Greece) |
/// | shares of the regions | from memory, rounded |
/// | mathematics, mean | PISA 2018, published |
/// | mathematics, SD | from memory |
/// | mathematics, school and region ICC | assumed; PISA 2003 gives .56 .58 .37 .17 .51 .19 between schools |
/// | ESCS, school ICC and share missing | computed from PISA 2003 |
/// | ESCS, mean and SD | from memory |
/// | attitudes, site ICC | PISA 2015 ICT self-efficacy (doi 10.1016/j.dib.2020.106437); Spain assumed |
/// | attitude levels | teachers, friends, trust: normal scores of the shares IMMERSE gave the press in October 2023; rest assumed |
/// | principals' nonresponse | share of missing school sizes in PISA 2018 |
extension CountryProfile {
  static let six = [belgium, germany, greece, ireland, italy, spain]

  private static let belgium = CountryProfile(
    code: "BE", regions: regions(("BE1", 11), ("BE2", 58), ("BE3", 31)),
    mathematics: .init(mean: 508.1, standardDeviation: 95, schoolICC: 0.45, regionICC: 0.03),
    escs: .init(mean: 0.07, standardDeviation: 0.92, schoolICC: 0.316, missing: 0.028),
    attitudes: .init(
      siteICC: 0.017, regionICC: 0.004, nonresponse: 1,
      levels: [
        "BEL": -0.03, "TEA": -0.14, "FRI": -0.05, "BRI": 0.15, "LIFE": 0.00, "TRU": -0.20,
        "LAN": -0.10, "CUL": 0.00, "LRN": 0.10, "BUL": 0.01,
      ]),
    principalNonresponse: 0.062)

  private static let germany = CountryProfile(
    code: "DE",
    regions: regions(
      ("DE1", 13.4), ("DE2", 15.8), ("DE3", 4.4), ("DE4", 3.0), ("DE5", 0.8), ("DE6", 2.2), ("DE7", 7.6), ("DE8", 1.9),
      ("DE9", 9.6), ("DEA", 21.6), ("DEB", 4.9), ("DEC", 1.2), ("DED", 4.9), ("DEE", 2.6), ("DEF", 3.5), ("DEG", 2.6)),
    mathematics: .init(mean: 500.0, standardDeviation: 95, schoolICC: 0.50, regionICC: 0.02),
    escs: .init(mean: -0.10, standardDeviation: 1.00, schoolICC: 0.306, missing: 0.056),
    attitudes: .init(
      siteICC: 0.003, regionICC: 0.001, nonresponse: 1.4,
      levels: [
        "BEL": 0.00, "TEA": -0.14, "FRI": 0.15, "BRI": 0.10, "LIFE": -0.10, "TRU": -0.20,
        "LAN": 0.05, "CUL": -0.05, "LRN": 0.05, "BUL": 0.01,
      ]),
    principalNonresponse: 0.179)

  private static let greece = CountryProfile(
    code: "GR", regions: regions(("EL3", 36), ("EL4", 11), ("EL5", 28), ("EL6", 25)),
    mathematics: .init(mean: 451.4, standardDeviation: 89, schoolICC: 0.35, regionICC: 0.02),
    escs: .init(mean: -0.08, standardDeviation: 0.95, schoolICC: 0.293, missing: 0.003),
    attitudes: .init(
      siteICC: 0.006, regionICC: 0.003, nonresponse: 0.8,
      levels: [
        "BEL": 0.00, "TEA": 0.06, "FRI": 0.10, "BRI": -0.20, "LIFE": 0.10, "TRU": 0.10,
        "LAN": -0.25, "CUL": 0.10, "LRN": -0.20, "BUL": 0.06,
      ]),
    principalNonresponse: 0.021)

  private static let ireland = CountryProfile(
    code: "IE", regions: regions(("IE0", 100)),
    mathematics: .init(mean: 499.6, standardDeviation: 78, schoolICC: 0.12, regionICC: 0.01),
    escs: .init(mean: 0.13, standardDeviation: 0.87, schoolICC: 0.207, missing: 0.013),
    attitudes: .init(
      siteICC: 0.012, regionICC: 0.002, nonresponse: 0.8,
      levels: [
        "BEL": 0.02, "TEA": 0.14, "FRI": -0.03, "BRI": 0.10, "LIFE": 0.10, "TRU": 0.22,
        "LAN": 0.20, "CUL": 0.05, "LRN": 0.15, "BUL": 0.01,
      ]),
    principalNonresponse: 0.051)

  private static let italy = CountryProfile(
    code: "IT", regions: regions(("ITC", 27), ("ITF", 23), ("ITG", 11), ("ITH", 20), ("ITI", 19)),
    mathematics: .init(mean: 486.6, standardDeviation: 94, schoolICC: 0.45, regionICC: 0.08),
    escs: .init(mean: -0.22, standardDeviation: 0.93, schoolICC: 0.282, missing: 0.003),
    attitudes: .init(
      siteICC: 0.031, regionICC: 0.006, nonresponse: 0.8,
      levels: [
        "BEL": -0.08, "TEA": -0.24, "FRI": -0.33, "BRI": -0.10, "LIFE": 0.00, "TRU": -0.07,
        "LAN": -0.05, "CUL": -0.10, "LRN": -0.05, "BUL": -0.02,
      ]),
    principalNonresponse: 0.079)

  private static let spain = CountryProfile(
    code: "ES",
    regions: regions(("ES1", 9), ("ES2", 10), ("ES3", 14), ("ES4", 12), ("ES5", 29), ("ES6", 21), ("ES7", 5)),
    mathematics: .init(mean: 481.4, standardDeviation: 88, schoolICC: 0.14, regionICC: 0.03),
    escs: .init(mean: -0.12, standardDeviation: 1.00, schoolICC: 0.253, missing: 0.010),
    attitudes: .init(
      siteICC: 0.010, regionICC: 0.005, nonresponse: 1,
      levels: [
        "BEL": 0.07, "TEA": 0.30, "FRI": 0.17, "BRI": 0.05, "LIFE": 0.05, "TRU": 0.16,
        "LAN": 0.15, "CUL": 0.05, "LRN": 0.00, "BUL": -0.07,
      ]),
    principalNonresponse: 0.093)

  private static func regions(_ percentages: (String, Double)...) -> [Region] {
    percentages.map { Region(code: $0.0, share: $0.1 / 100) }
  }
}
