import Columnar
public import Streaming

extension SimulatedStudy {
  /// One row for each of the six countries with what no survey of children measures: official ratios and policy scores,
  /// which have no sampling error.
  ///
  /// `access_compulsory` (indicator 1, per cent of foreign children of compulsory age) was published by IMMERSE in October
  /// 2023. All else is assumed, to give the macro indicators plausible values: `access_health` (2), `low_achievers` (11),
  /// `completion` (12), `upper_secondary` (13) and `vocational` (14) in per cent; policies from 0 to 100 on access
  /// to compulsory (15) and other education (16), health (17), citizenship (18), reception (19), interculturality (20) and
  /// mental health (29).
  public static var countryTable: Table {
    let rows = OfficialFigures.all
    let columns = OfficialFigures.names.indices.map { index in
      (name: OfficialFigures.names[index], column: Column(rows.map { $0.values[index] }))
    }
    return Table([("country", Column(rows.map(\.country)))] + columns, name: "simulated countries")
  }
}

private struct OfficialFigures {
  var country: String
  var values: [Double]

  static let names = [
    "access_compulsory", "access_health", "low_achievers", "completion", "upper_secondary", "vocational",
    "policy_compulsory", "policy_other_education", "policy_health", "policy_citizenship", "policy_reception",
    "policy_interculturality", "policy_mental_health",
  ]

  static let all = [
    OfficialFigures(country: "BE", values: [100, 94, 34, 88, 78, 52, 100, 50, 50, 65, 100, 50, 50]),
    OfficialFigures(country: "DE", values: [81, 92, 38, 86, 74, 46, 100, 50, 50, 42, 100, 50, 50]),
    OfficialFigures(country: "GR", values: [51, 82, 55, 80, 68, 28, 50, 0, 50, 40, 50, 0, 0]),
    OfficialFigures(country: "IE", values: [100, 95, 24, 92, 86, 20, 100, 50, 100, 79, 50, 50, 50]),
    OfficialFigures(country: "IT", values: [87, 90, 42, 84, 70, 50, 100, 50, 100, 40, 50, 50, 0]),
    OfficialFigures(country: "ES", values: [98, 95, 36, 85, 72, 34, 100, 50, 100, 30, 50, 100, 0]),
  ]
}
