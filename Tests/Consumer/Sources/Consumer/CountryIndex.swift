import ImmerseStats

/// Four countries scored by three indicators in two dimensions.
func indexChecks() throws -> [Check] {
  let framework = Framework(
    indicators: [
      Indicator("enrolment", parents: ["index"]),
      Indicator("belonging", parents: ["wellbeing"]),
      Indicator("bullying", parents: ["wellbeing"], direction: .negative),
    ],
    aggregates: [
      Aggregate("index"),
      Aggregate("wellbeing", parents: ["index"], weight: 2),
    ],
    method: ScoreMethod(normalise: .minmax(), aggregate: [.arithmetic]))
  let countries = Table([
    ("country", Column(["BE", "ES", "GR", "IE"])),
    ("enrolment", Column([92, 97, 88, 95])),
    ("belonging", Column([61, .nan, 70, 64])),
    ("bullying", Column([18, 25, 12, 30])),
  ])
  let result = try score(ScoreRequest(framework, unit: "country"), source: countries, engine: Engine())
  for country in result.units {
    let row = result.row(unit: country, term: "index")
    print(country, row?.estimate ?? .nan, row?.rank ?? 0)
  }
  func estimate(_ country: String, _ term: String) -> Double? { result.row(unit: country, term: term)?.estimate }
  return [
    Check("well-being of BE", estimate("BE", "wellbeing"), 33.333333333333329),
    Check("well-being of ES, of one indicator", estimate("ES", "wellbeing"), 27.777777777777779),
    Check("index of BE", estimate("BE", "index"), 37.037037037037031),
    Check("index of ES", estimate("ES", "index"), 51.851851851851848),
    Check("index of GR", estimate("GR", "index"), 66.666666666666671),
    Check("index of IE", estimate("IE", "index"), 37.037037037037038),
    Check("rank of GR", result.row(unit: "GR", term: "index")?.rank.map(Double.init), 1),
  ]
}
