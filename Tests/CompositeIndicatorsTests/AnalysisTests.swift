import Columnar
import CompositeIndicators
import Foundation
import Streaming
import TestSupport
import Testing

/// COINr 1.1.14 on the ASEM example.
@Suite struct ASEMAnalysisTests {
  private func analysis() throws -> (ScoreAnalysis, GoldenJSON)? {
    guard let example = try ASEMTests.Example(), let file = TestFiles.reference("indicators/asem_statistics.json")
    else {
      return nil
    }
    let result = try score(example.request(), source: example.source, engine: engine)
    return (try ScoreAnalysis(of: result), try GoldenJSON(file))
  }

  @Test func correlations() throws {
    guard let (analysis, golden) = try analysis() else { return }
    let codes = try golden["correlation", "components"].list.map { try $0.string }
    let places = try codes.map { code in try #require(analysis.terms.firstIndex(of: code)) }
    for (row, a) in places.enumerated() {
      let expected = try golden["correlation", "pearson"][row].numbers
      expectClose(places.map { analysis.correlations[a][$0] ?? .nan }, expected, relative: 1e-10, absolute: 1e-12)
    }
  }

  @Test func components() throws {
    guard let (analysis, golden) = try analysis() else { return }
    for code in ["Conn", "Sust"] {
      let own = try #require(analysis.coherence.first { $0.aggregate == code })
      let names = try golden["pca_level2", code, "components"].list.map { try $0.string }
      let expected = try golden["pca_level2", code, "loadings_pc1"].numbers
      expectClose(
        own.eigenvalues, try golden["pca_level2", code, "eigenvalues"].numbers, relative: 1e-9, code)
      let loadings = try names.map { name in own.loadings[try #require(own.parts.firstIndex(of: name))] }
      // The sign of a component is arbitrary.
      let sign = loadings[0] * expected[0] < 0 ? -1.0 : 1
      expectClose(loadings.map { sign * $0 }, expected, relative: 1e-8, absolute: 1e-10, code)
    }
    for pillar in golden["cronbach_alpha", "normalised"].keys {
      let own = try #require(analysis.coherence.first { $0.aggregate == pillar })
      expectClose(own.alpha ?? .nan, try golden["cronbach_alpha", "normalised", pillar].number, relative: 1e-10)
    }
  }

  @Test func covarianceShares() throws {
    guard let (analysis, golden) = try analysis() else { return }
    let parts = analysis.parts.filter { $0.aggregate == "Index" }
    for key in ["pillars", "sub_indices"] {
      let shares = golden["covariance_share_of_index_variance", key]
      for code in shares.keys {
        let part = try #require(parts.first { $0.term == code })
        expectClose(part.covarianceShare ?? .nan, try shares[code].number, relative: 1e-10)
      }
    }
    let indicators = Set(try ASEMTests.Example()?.framework.indicators.map(\.code) ?? [])
    let total = parts.filter { indicators.contains($0.term) }.reduce(0) { $0 + ($1.covarianceShare ?? 0) }
    expectClose(total, 1, relative: 1e-12)
  }
}

@Suite struct ScoreAnalysisTests {
  static let framework = flat([Indicator("a"), Indicator("b", weight: 3), Indicator("c")])

  static func result(_ method: ScoreMethod = ScoreMethod(normalise: Normalisation.none)) throws -> ScoreResult {
    try score(
      ScoreRequest(framework, method: method),
      source: table([("a", [1, 2, 4, 8]), ("b", [2, 1, 5, 3]), ("c", [1, nil, 3, 1])]), engine: engine)
  }

  @Test func byHand() throws {
    let analysis = try ScoreAnalysis(of: try Self.result(), listed: 1)
    let a = try #require(analysis.statistics.first { $0.term == "a" })
    expectClose(a.mean ?? .nan, 3.75, relative: 1e-14)
    expectClose(a.median ?? .nan, 3, relative: 1e-14)
    // Squares 7.5625 + 3.0625 + 0.0625 + 18.0625 over 3.
    expectClose(a.standardDeviation ?? .nan, (28.75 / 3).squareRoot(), relative: 1e-14)
    let c = try #require(analysis.statistics.first { $0.term == "c" })
    #expect(c.missing == 1)
    let part = try #require(analysis.parts.first { $0.term == "b" })
    expectClose(part.weight, 0.6, relative: 1e-14)
    let last = try #require(analysis.profiles.last)
    #expect(last.strengths == ["a"])
    #expect(last.weaknesses == ["b"] || last.weaknesses == ["c"])
  }

  /// A weight of two is the unit twice, up to the divisor; means agree exactly.
  @Test func weightsOfUnits() throws {
    let once = try ScoreAnalysis(of: try Self.result(), weights: [1, 1, 2, 1])
    let a = try #require(once.statistics.first { $0.term == "a" })
    expectClose(a.mean ?? .nan, 19.0 / 5, relative: 1e-14)
    let scaled = try ScoreAnalysis(of: try Self.result(), weights: [3, 3, 6, 3])
    expectClose(scaled.correlations[1][2] ?? .nan, once.correlations[1][2] ?? .nan, relative: 1e-12)
    #expect(throws: ImmerseError.self) { try ScoreAnalysis(of: try Self.result(), weights: [1]) }
    #expect(throws: ImmerseError.self) { try ScoreAnalysis(of: try Self.result(), weights: [0, 0, 0, 0]) }
    #expect(throws: ImmerseError.self) { try ScoreAnalysis(of: try Self.result(), weights: [1, 1, -1, 1]) }
  }

  @Test func otherMeansHaveNoShares() throws {
    let analysis = try ScoreAnalysis(
      of: try Self.result(ScoreMethod(normalise: Normalisation.none, aggregate: [.geometric])))
    #expect(analysis.parts.allSatisfy { $0.covarianceShare == nil && $0.correlation != nil })
  }

  @Test func comparisons() throws {
    let names = ["p", "q", "r", "s"]
    let same = try #require(RankComparison(units: names, [4, 3, 2, 1], [40, 30, 20, 10]))
    #expect(same.largestShift == 0)
    expectClose(same.spearman ?? .nan, 1, relative: 1e-14)
    expectClose(same.kendall ?? .nan, 1, relative: 1e-14)
    // One swap of neighbours: 1 - 6·2/(4·15) and (5 - 1)/6.
    let swapped = try #require(RankComparison(units: names, [4, 3, 2, 1], [4, 2, 3, 1]))
    expectClose(swapped.spearman ?? .nan, 0.8, relative: 1e-14)
    expectClose(swapped.kendall ?? .nan, 4.0 / 6, relative: 1e-14)
    expectClose(swapped.meanAbsoluteShift, 0.5, relative: 1e-14)
    // R 4.2.2: cor(c(1,2,2,4), c(1,3,2,4), method = ...).
    let tied = try #require(RankComparison(units: names, [1, 2, 2, 4], [1, 3, 2, 4]))
    expectClose(tied.spearman ?? .nan, 0.9486832980505138, relative: 1e-14)
    expectClose(tied.kendall ?? .nan, 0.9128709291752769, relative: 1e-14)
    #expect(RankComparison(units: ["p"], [1], [1]) == nil)
    let (one, other) = (try Self.result(), try Self.result(ScoreMethod(normalise: .rank)))
    #expect(RankComparison(one, other, term: "Index")?.shifts.count == 4)
    #expect(RankComparison(one, other, term: "x") == nil)
  }
}
