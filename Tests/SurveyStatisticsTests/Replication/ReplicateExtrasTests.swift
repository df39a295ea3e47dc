import Columnar
import RealModule
import Streaming
import SurveyStatistics
import TestSupport
import Testing

/// Rank tests and segregation under replicates and for imputations, and models of imputations, against R survey.
struct ReplicateExtrasTests {
  private static func golden(_ name: String) throws -> GoldenJSON {
    try GoldenJSON(TestFiles.golden("survey/replicate_extras.json"))["values", name]
  }

  /// The schools with the group, and five imputations of the index and of the group.
  private static func schools(_ sample: String = "apiclus1", noise: Double = 25) throws -> any Source {
    let source = try Samples.open(sample)
    let batch = try source.chunk(0, [.category("comp.imp"), .number("api00")])
    let (improved, scores) = (try batch.categories("comp.imp"), try batch.numbers("api00"))
    let rows = 0..<batch.rowCount
    let group = rows.map { improved[$0] == "Yes" ? 1.0 : 0 }
    var extended = try source.applying(Extra(name: "group", values: group))
    for k in 1...5 {
      let values = rows.map { scores[$0] + noise * Double.sin(Double(k * ($0 + 1))) }
      extended = try extended.applying(Extra(name: "pv\(k)", values: values))
      let other = rows.map { $0 % 11 == k ? 1 - group[$0] : group[$0] }
      extended = try extended.applying(Extra(name: "group\(k)", values: other))
    }
    return extended
  }

  private static let jackknife = SurveyDesign(weights: "pw", psu: ["dnum"], replicates: ReplicateDesign(.jk1))

  /// The same replicates as columns.
  private static func given(_ source: any Source) throws -> (any Source, SurveyDesign) {
    let model = try Replication.make(
      ReplicatesRequest(.jk1, design: SurveyDesign(weights: "pw", psu: ["dnum"])), on: source)
    return (
      try source.applying(model), SurveyDesign(weights: "pw", replicates: ReplicateDesign(.jk1, columns: ["rw1-rw15"]))
    )
  }

  @Test(arguments: [RankTest.wilcoxon, .vanDerWaerden, .median])
  func rankTests(test: RankTest) throws {
    let golden = try Self.golden("rank")[test.rawValue]
    let source = try Self.schools()
    let (columns, given) = try Self.given(source)
    for (source, design) in [(source, Self.jackknife), (columns, given)] {
      let row = try Estimation.run(
        EstimateRequest(.ranktest, of: ["api00 ~ comp.imp"], design: design, test: test), on: source
      ).rows[0]
      expectClose(row.estimate ?? .nan, try golden["est"].number, relative: 1e-10)
      expectClose(row.statistic ?? .nan, try golden["t"].number, relative: 1e-10)
      expectClose(row.degreesOfFreedom ?? .nan, try golden["df"].number)
      expectClose(row.pValue ?? .nan, try golden["p"].number, relative: 1e-9)
    }
  }

  @Test func rankTestsOfImputationsFollowRubin() throws {
    let source = try Self.schools()
    func rows(_ variable: String, _ plausible: [PlausibleValues]) throws -> Estimate {
      try Estimation.run(
        EstimateRequest(.ranktest, of: ["\(variable) ~ group"], design: Self.jackknife, plausible: plausible),
        on: source
      ).rows[0]
    }
    let own = try (1...5).map { try rows("pv\($0)", []) }
    let pooled = try rows("score", [PlausibleValues("score", columns: ["pv1-pv5"])])
    let estimates = own.compactMap(\.estimate)
    let mean = estimates.reduce(0, +) / 5
    let within = own.compactMap(\.standardError).reduce(0) { $0 + $1 * $1 } / 5
    let between = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4
    expectClose(pooled.estimate ?? .nan, mean, relative: 1e-12)
    expectClose(pooled.standardError ?? .nan, (within + 1.2 * between).squareRoot(), relative: 1e-12)
  }

  @Test(arguments: ["dissimilarity", "isolation", "exposure", "gini"])
  func segregation(index: String) throws {
    let golden = try Self.golden("segregation")[index]
    let source = try Self.schools()
    let (columns, given) = try Self.given(source)
    for (source, design) in [(source, Self.jackknife), (columns, given)] {
      let rows = try Estimation.run(
        EstimateRequest(.segregation, of: ["group:dnum"], design: design), on: source
      ).rows
      let row = try #require(rows.first { $0.term == index })
      expectClose(row.estimate ?? .nan, try golden["est"].number, relative: 1e-12)
      expectClose(row.standardError ?? .nan, try golden["se"].number, relative: 1e-10)
    }
  }

  @Test func segregationOfImputationsFollowsRubin() throws {
    let source = try Self.schools()
    func rows(_ group: String, _ plausible: [PlausibleValues]) throws -> [Estimate] {
      try Estimation.run(
        EstimateRequest(.segregation, of: ["\(group):dnum"], design: Self.jackknife, plausible: plausible), on: source
      ).rows
    }
    let own = try (1...5).map { try rows("group\($0)", []) }
    let pooled = try rows("group", [PlausibleValues("group", columns: ["group1-group5"])])
    #expect(pooled.count == own[0].count)
    for (position, row) in pooled.enumerated() {
      let estimates = own.compactMap { $0[position].estimate }
      let mean = estimates.reduce(0, +) / 5
      let within = own.compactMap { $0[position].standardError }.reduce(0) { $0 + $1 * $1 } / 5
      let between = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4
      expectClose(row.estimate ?? .nan, mean, relative: 1e-12)
      expectClose(row.standardError ?? .nan, (within + 1.2 * between).squareRoot(), relative: 1e-12, row.term)
    }
  }

  @Test(arguments: ["imputed", "imputed_simple"])
  func termsOfImputationsAreTestedByD1(name: String) throws {
    let golden = try Self.golden(name)
    let isSimple = name == "imputed_simple"
    let result = try Estimation.run(
      EstimateRequest(
        .glm, of: ["score ~ stype + ell"], design: SurveyDesign(weights: "pw", psu: isSimple ? [] : ["dnum"]),
        terms: ["stype"], plausible: [PlausibleValues("score", columns: ["pv1-pv5"])]),
      on: try isSimple ? Self.schools("apisrs", noise: 200) : Self.schools())
    let covariance = try #require(result.covariance)
    for (row, expected) in golden["vcov"].list.enumerated() {
      expectClose(covariance.values[row], try expected.numbers, relative: 1e-8)
    }
    expectClose(result.rows.compactMap(\.estimate), try golden["estimates"].numbers, relative: 1e-10)
    let test = try #require(result.tests.first)
    #expect(result.tests.count == 1)
    expectClose(test.statistic, try golden["D"].number, relative: 1e-8)
    expectClose(test.degreesOfFreedom, try golden["df1"].number)
    expectClose(test.residualDegreesOfFreedom, try golden["df2"].number, relative: 1e-8)
    expectClose(test.pValue ?? .nan, try golden["p"].number, relative: 1e-7)
  }

  /// Tables, too, have the covariance of given replicates.
  @Test(arguments: IndependenceStatistic.allCases)
  func independence(statistic: IndependenceStatistic) throws {
    let source = try Self.schools()
    let (columns, given) = try Self.given(source)
    func row(_ source: any Source, _ design: SurveyDesign) throws -> Estimate {
      try Estimation.run(
        EstimateRequest(.chisq, of: ["sch.wide:stype"], design: design, statistic: statistic), on: source
      ).rows[0]
    }
    let (made, read) = (try row(source, Self.jackknife), try row(columns, given))
    expectClose(read.statistic ?? .nan, made.statistic ?? .nan, relative: 1e-10)
    expectClose(read.pValue ?? .nan, made.pValue ?? .nan, relative: 1e-9)
  }

  // MARK: Strata of three units

  /// Two pairs and two triples of one row each.
  private static let triples = Table([
    ("stratum", Column([1, 1, 2, 2, 3, 3, 3, 4, 4, 4])), ("unit", Column([1, 2, 1, 2, 1, 2, 3, 1, 2, 3])),
    ("w", Column([Double](repeating: 2, count: 10))), ("y", Column([3, 7, 1, 4, 2, 9, 5, 8, 6, 1])),
  ])

  private static func factors(_ method: ReplicateMethod, seed: UInt64) throws -> (ReplicatesSummary, [[Double]]) {
    let request = ReplicatesRequest(
      method, design: SurveyDesign(weights: "w", strata: ["stratum"], psu: ["unit"]), seed: seed)
    let model = try Replication.make(request, on: triples)
    let batch = try triples.applying(model).chunk(0, model.summary.columns.map { .number($0) })
    return (model.summary, try model.summary.columns.map { try batch.numbers($0).array.map { $0 / 2 } })
  }

  private static func variance(_ method: ReplicateMethod, seed: UInt64) throws -> Double {
    let (summary, factors) = try factors(method, seed: seed)
    let y = try triples.chunk(0, [.number("y")]).numbers("y").array
    let totals = factors.map { factor in zip(factor, y).reduce(0) { $0 + 2 * $1.0 * $1.1 } }
    var variance = summary.variance
    variance.centre = .estimate
    return variance.variance(of: totals, estimate: 92)
  }

  /// PISA 2000 Technical Report, chapter 8: 1.7071 and 0.6464, or 0.2929 and 1.3536.
  @Test func triplesAsInPISA() throws {
    let (summary, factors) = try Self.factors(.fay(0.5), seed: 3)
    expectClose(summary.variance.scale, 1 / (Double(factors.count) * 0.25))
    for factor in factors {
      for triple in [4..<7, 7..<10] {
        let rounded = factor[triple].map { ($0 * 1e4).rounded() / 1e4 }.sorted()
        #expect(rounded == [0.6464, 0.6464, 1.7071] || rounded == [0.2929, 1.3536, 1.3536])
      }
      #expect(Set(factor[0..<4]) == [0.5, 1.5])
    }
    let error = #expect(throws: ImmerseError.self) { try Self.factors(.brr, seed: 1) }
    #expect(error?.problem.contains("has three units") == true)
  }

  @Test func triplesOfTheJackknife() throws {
    let (summary, factors) = try Self.factors(.jk2, seed: 5)
    #expect(factors.count == 2 + 2 + 2)
    #expect(summary.variance.scale == 1)
    for factor in factors[2...] {
      let triple = factor[4..<7].contains(0) ? factor[4..<7] : factor[7..<10]
      #expect(triple.sorted() == [0, 1.5, 1.5])
      #expect(factor.count { $0 == 1 } == 7)
    }
  }

  /// Over all draws of the odd unit, the mean is the variance of linearisation, exactly.
  @Test(arguments: [ReplicateMethod.fay(0.5), .jk2])
  func triplesAreUnbiasedOverTheDraw(method: ReplicateMethod) throws {
    let linearised =
      try Estimation.run(
        EstimateRequest(
          .total, of: ["y"], design: SurveyDesign(weights: "w", strata: ["stratum"], psu: ["unit"])), on: Self.triples
      ).rows[0].standardError ?? .nan
    // Nine outcomes of the two draws, told apart by their factors.
    var outcomes: [String: Double] = [:]
    for seed in 1...400 where outcomes.count < 9 {
      let factors = try Self.factors(method, seed: UInt64(seed)).1
      let odd = [4..<7, 7..<10].map { triple in
        triple.filter { unit in
          let own = factors.map { ($0[unit] - 1).magnitude }
          return triple.allSatisfy { other in
            let theirs = factors.map { ($0[other] - 1).magnitude }
            return other == unit || (method == .jk2 ? own.max() ?? 0 <= theirs.max() ?? 0 : own[0] > theirs[0])
          }
        }
      }
      outcomes["\(odd)"] = try Self.variance(method, seed: UInt64(seed))
    }
    #expect(outcomes.count == 9)
    let mean = outcomes.values.reduce(0, +) / Double(outcomes.count)
    expectClose(mean, linearised * linearised, relative: 1e-12)
  }
}
