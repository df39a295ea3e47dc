import Columnar
import CompositeIndicators
import Streaming
import TestSupport
import Testing

@Suite struct RankIntervalTests {
  static func rows(
    _ estimates: [Double?], _ errors: [Double?], level: Double = 0.95
  ) throws -> [ScoreRow] {
    var framework = Framework(indicators: [Indicator("a", kind: .compositeOfItems)])
    framework.method.normalise = Normalisation.none
    let request = ScoreRequest(framework, standardErrors: ["a": "se"], confidenceLevel: level)
    return Array(try score(request, source: table([("a", estimates), ("se", errors)]), engine: engine).rows)
  }

  /// Three units, two comparisons each: z at 1 - 0.05 / 4 is 2.2414, so that with standard errors of 1 differences above
  /// 2.2414 sqrt(2) = 3.1698 count.
  @Test func comparesEachUnitWithAllOthers() throws {
    let apart = try Self.rows([0, 3.16, 10], [1, 1, 1])
    #expect(apart.map(\.rankLow) == [2, 2, 1])
    #expect(apart.map(\.rankHigh) == [3, 3, 1])
    let further = try Self.rows([0, 3.18, 10], [1, 1, 1])
    #expect(further.map(\.rankLow) == [3, 2, 1])
    #expect(further.map(\.rankHigh) == [3, 2, 1])
  }

  @Test func withoutErrorRanksAreCertain() throws {
    let rows = try Self.rows([3, 1, 2, 2], [0, 0, 0, 0])
    #expect(rows.map(\.rank) == [1, 4, 2, 2])
    #expect(rows.map(\.rankLow) == [1, 4, 2, 2])
    // Two units that tie may stand in either order.
    #expect(rows.map(\.rankHigh) == [1, 4, 3, 3])
  }

  @Test func unknownErrorsLeaveRanksOpen() throws {
    let rows = try Self.rows([0, 100, nil, 50], [1, nil, 1, 1])
    #expect(rows.map(\.rankLow) == [2, nil, nil, 1])
    #expect(rows.map(\.rankHigh) == [3, nil, nil, 2])
  }

  @Test func aHigherLevelLeavesMoreOpen() throws {
    let estimates: [Double?] = [1, 4, 6, 9, 14, 15]
    let errors: [Double?] = [1, 2, 1, 1.5, 1, 2]
    let narrow = try Self.rows(estimates, errors, level: 0.5)
    let wide = try Self.rows(estimates, errors, level: 0.999)
    for (a, b) in zip(narrow, wide) {
      let (low, rank, high) = (try #require(a.rankLow), try #require(a.rank), try #require(a.rankHigh))
      #expect(low <= rank && rank <= high)
      #expect(try #require(b.rankLow) <= low && high <= #require(b.rankHigh))
    }
    #expect(narrow != wide)
    #expect(throws: ImmerseError.self) { try Self.rows(estimates, errors, level: 95) }
  }
}
