import Columnar
import CompositeIndicators
import Streaming
import TestSupport
import Testing

@Suite struct FrameworkTests {
  /// Two sub-indices of two indicators each.
  static let sound = Framework(
    indicators: [
      Indicator("a", parents: ["X"], weight: 3), Indicator("b", parents: ["X"]),
      Indicator("c", parents: ["Y"], weight: 2), Indicator("d", parents: ["Y"], weight: 2),
    ],
    aggregates: [
      Aggregate("Index"), Aggregate("X", parents: ["Index"], weight: 1), Aggregate("Y", parents: ["Index"], weight: 3),
    ])

  static func codes(_ framework: Framework) -> [Finding.Code] { framework.findings().map(\.code) }

  @Test func termsRunFromIndicatorsToTheIndex() throws {
    let hierarchy = try Self.sound.hierarchy()
    #expect(hierarchy.terms.map(\.code) == ["a", "b", "c", "d", "X", "Y", "Index"])
    #expect(hierarchy.terms.map(\.level) == [1, 1, 1, 1, 2, 2, 3])
    #expect(hierarchy.groups.map(\.weights) == [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]])
    let effective = try #require(hierarchy.effectiveWeights(in: "Index"))
    expectClose(effective, [0.1875, 0.0625, 0.375, 0.375])
    #expect(hierarchy.effectiveWeights(in: "a") == nil)
  }

  @Test func anIndicatorMayServeTwoTrees() throws {
    var framework = Self.sound
    framework.indicators[0].parents = ["X", "Y"]
    let hierarchy = try framework.hierarchy()
    #expect(hierarchy.groups[1].children == [0, 2, 3])
    let effective = try #require(hierarchy.effectiveWeights(in: "Index"))
    expectClose(effective, [0.25 * 0.75 + 0.75 * 3 / 7, 0.0625, 0.75 * 2 / 7, 0.75 * 2 / 7])
  }

  @Test func levelIsOneMoreThanTheHighestChild() throws {
    var framework = Self.sound
    framework.indicators.append(Indicator("e", parents: ["Index"]))
    let hierarchy = try framework.hierarchy()
    #expect(hierarchy.terms.last?.code == "Index")
    #expect(hierarchy.terms.last?.level == 3)
  }

  @Test func faultsAreNamed() {
    var framework = Self.sound
    #expect(Self.codes(framework) == [])

    framework.indicators[1].code = "a"
    #expect(Self.codes(framework) == [.duplicateCode])

    framework = Self.sound
    framework.indicators[0].parents = ["XX"]
    #expect(Self.codes(framework) == [.unknownParent])
    framework.indicators[0].parents = ["b"]
    #expect(Self.codes(framework) == [.unknownParent])
    framework.indicators[0].parents = []
    #expect(Self.codes(framework) == [.orphan])
    framework.indicators[0].parents = ["X", "X"]
    #expect(Self.codes(framework) == [.repeatedParent])

    framework = Self.sound
    framework.aggregates.append(Aggregate("Z", parents: ["Index"]))
    #expect(Self.codes(framework) == [.emptyAggregate])

    framework = Self.sound
    for index in 0...1 { framework.indicators[index].weight = 0 }
    #expect(Self.codes(framework) == [.zeroWeights])
    framework.indicators[0].weight = -1
    #expect(Self.codes(framework) == [.invalidWeight])
    framework.indicators[0].weight = .nan
    #expect(Self.codes(framework) == [.invalidWeight])

    framework = Self.sound
    framework.indicators[0].goalposts = Goalposts(lower: 1, upper: 1)
    #expect(Self.codes(framework) == [.invalidGoalposts])
    framework.indicators[0].goalposts = Goalposts(lower: 0, upper: 1)
    framework.indicators[0].isLogarithmic = true
    #expect(Self.codes(framework) == [.invalidGoalposts])

    #expect(Self.codes(Framework(indicators: [])) == [.noIndicators])
  }

  @Test func onlyThoseOnACycleAreNamed() {
    var framework = Self.sound
    framework.aggregates = [
      Aggregate("Index"), Aggregate("X", parents: ["Y", "Index"]), Aggregate("Y", parents: ["X"]),
    ]
    let findings = framework.findings()
    #expect(findings.map(\.code) == [.cycle, .cycle])
    #expect(findings.map(\.subject) == ["X", "Y"])

    framework.aggregates = [Aggregate("X", parents: ["X"]), Aggregate("Y", parents: [])]
    #expect(framework.findings().map(\.subject) == ["X"])
  }

  @Test func resultsAndDeterminantsAreNotMixedSilently() throws {
    var framework = Self.sound
    for (index, role) in [IndicatorRole.result, .result, .determinant, .determinant].enumerated() {
      framework.indicators[index].role = role
    }
    let findings = framework.findings()
    #expect(findings.map(\.code) == [.mixedRoles])
    #expect(findings.first?.subject == "Index")
    framework.aggregates[0].mixesRoles = true
    _ = try framework.hierarchy()
    // An indicator whose role is not declared could be either.
    framework.indicators[0].role = nil
    #expect(framework.findings().map(\.subject) == ["X"])
  }

  @Test func allFaultsStandInOneError() {
    var framework = Self.sound
    framework.indicators[0].parents = ["XX"]
    framework.indicators[2].weight = -1
    let error = #expect(throws: ImmerseError.self) { try framework.hierarchy() }
    #expect(error?.kind == .badData)
    #expect(error?.problem.contains("\"XX\"") == true)
    #expect(error?.problem.contains("the weight of \"c\"") == true)
  }

  @Test func readsSnakeCase() throws {
    let framework = try decode(
      Framework.self,
      """
      {"title": "T", "indicators": [
        {"code": "a", "parent": "X", "direction": -1, "kind": "official_ratio", "measured_at": "country",
         "from": {"table": "country", "column": "ratio"}, "confidence": "partly", "ecological_level": "meso/macro"},
        {"code": "b", "parent": ["X", "Y"], "weight": 2, "log": true, "goalposts": {"lower": 1, "upper": 2},
         "from": {"items": ["b1", "b2"], "reversed": "b2", "minimum": 1, "maximum": 5, "at_least": 4}}],
       "aggregates": [{"code": "X", "mixes_roles": true}, {"code": "Y"}],
       "method": {"impute": {"method": "mean", "group": "g"}, "treat": {"method": "winsorise", "winmax": null},
         "normalise": {"method": "minmax", "lower": 1}, "aggregate": ["geometric"], "availability_threshold": 0.5}}
      """)
    #expect(framework.indicators[0].direction == .negative)
    #expect(framework.indicators[0].origin == .column("ratio", table: .country))
    #expect(framework.indicators[1].parents == ["X", "Y"])
    #expect(framework.indicators[1].weight == 2)
    #expect(framework.scaleScores.map(\.name) == ["b"])
    #expect(framework.method.impute == Imputation(.mean, group: "g"))
    #expect(framework.method.treat == Treatment(.winsorise, winmax: nil))
    #expect(framework.method.normalise == .minmax(lower: 1, upper: 100))
    #expect(framework.method.aggregate == [.geometric])
    #expect(framework.method.availabilityThreshold == 0.5)
    #expect(framework.findings() == [])
  }

  @Test func writesWhatItReads() throws {
    var framework = Self.sound
    framework.indicators[0].origin = .items(ItemScale(["i", "j"], minimumItems: 1))
    framework.method = ScoreMethod(
      impute: Imputation(.median, group: "g"), treat: Treatment(.winsorise, winmax: nil),
      normalise: .distanceToReference(unit: "u", capped: true), aggregate: [.power(exponent: 2), .median])
    let request = ScoreRequest(
      framework, unit: "id", method: ScoreMethod(normalise: .goalposts(scale: 1)), standardErrors: ["a": "se_a"])
    let copy = try roundTrip(request)
    #expect(copy == request)
  }
}

@Suite struct IMetaTests {
  static func table(_ rows: [[String?]]) -> Table {
    let names = ["Level", "iCode", "iName", "Direction", "Weight", "Denominator", "Parent", "Type"]
    return Table(names.enumerated().map { index, name in (name, Column(rows.map { $0[index] })) }, name: "iMeta.csv")
  }

  static let sound: [[String?]] = [
    ["1", "a", "An indicator", "-1", "2", "Pop", "X", "Indicator"],
    ["1", "b", nil, "1", "1", "NA", "X", "Indicator"],
    ["2", "X", "The index", "1", "1", nil, "NA", "Aggregate"],
    [nil, "Pop", nil, nil, nil, nil, nil, "Denominator"],
    [nil, "G", nil, nil, nil, nil, nil, "Group"],
  ]

  @Test func readsAnIndicatorTable() throws {
    let framework = try Framework(iMeta: Self.table(Self.sound))
    #expect(framework.indicators.map(\.code) == ["a", "b"])
    #expect(framework.indicators.map(\.direction) == [.negative, .positive])
    #expect(framework.indicators.map(\.weight) == [2, 1])
    #expect(framework.indicators.map(\.denominator) == ["Pop", nil])
    #expect(framework.aggregates == [Aggregate("X", name: "The index")])
  }

  @Test(arguments: [
    (0, 3, "2", "Direction"), (1, 0, "2", "Level"), (1, 4, "heavy", "Weight"), (2, 7, "Summary", "Type"),
    (0, 1, nil, "iCode"),
  ])
  func placesAFault(row: Int, cell: Int, text: String?, column: String) throws {
    var rows = Self.sound
    rows[row][cell] = text
    let error = #expect(throws: ImmerseError.self) { try Framework(iMeta: Self.table(rows)) }
    #expect(error?.variable == column)
    #expect(error?.place?.file == "iMeta.csv")
    #expect(error?.row == row)
  }

  @Test func asksForItsColumns() {
    let error = #expect(throws: ImmerseError.self) {
      try Framework(iMeta: Table([("Level", Column([1.0])), ("iCod", Column(["a"]))]))
    }
    #expect(error?.variable == "iCode")
  }
}
