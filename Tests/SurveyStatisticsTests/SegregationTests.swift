import Columnar
import Probability
import Streaming
import TestSupport
import Testing

@testable import SurveyStatistics

/// Indices of segregation against figures worked out by hand, slow sums over pairs, and weights that are changed one unit
/// at a time.
struct SegregationTests {
  /// A row of the group or the others in a unit.
  private struct Row {
    var unit: Int
    var isMember: Bool
    var weight: Double
  }

  private static let design = SurveyDesign(weights: "w", psu: ["school"])

  private func indices(
    _ rows: [Row], design: SurveyDesign = design
  ) throws -> [String: Estimate] {
    let table = Table([
      ("migrant", Column(rows.map { $0.isMember ? 1.0 : 0 })), ("school", Column(rows.map { Optional("s\($0.unit)") })),
      ("w", Column(rows.map(\.weight))),
    ])
    let result = try Estimation.run(EstimateRequest(.segregation, of: ["migrant:school"], design: design), on: table)
    return Dictionary(uniqueKeysWithValues: result.rows.map { ($0.term, $0) })
  }

  private func schools(_ counts: [(members: Int, others: Int)]) -> [Row] {
    counts.enumerated().flatMap { unit, count in
      (0..<count.members + count.others).map { Row(unit: unit, isMember: $0 < count.members, weight: 2) }
    }
  }

  /// M = 40, N = 50: ½ (0.05 + 0.4 + 0.175 + 0.525); 0.25·0.5 + 0.125·0.25 + 0.625·25/30; 1450/2000.
  @Test func byHand() throws {
    let found = try indices(schools([(10, 10), (0, 20), (5, 15), (25, 5)]))
    expectClose(try #require(found["dissimilarity"]?.estimate), 0.575, relative: 1e-14)
    expectClose(try #require(found["isolation"]?.estimate), 0.125 + 0.03125 + 0.625 * 25 / 30, relative: 1e-14)
    expectClose(try #require(found["exposure"]?.estimate), 1 - 0.125 - 0.03125 - 0.625 * 25 / 30, relative: 1e-14)
    expectClose(try #require(found["gini"]?.estimate), 0.725, relative: 1e-14)
  }

  @Test func completeSeparationIsOneHoweverSmallTheUnits() throws {
    let found = try indices(schools([(4, 0), (0, 3), (5, 0), (0, 8)]))
    for (term, row) in found where term != "exposure" {
      expectClose(try #require(row.estimate), 1, relative: 1e-12, term)
    }
  }

  /// Chance by summing over all outcomes of the binomial distributions.
  @Test func chanceIsWhatSummingOverAllOutcomesGives() {
    let (sizes, weights, p) = ([1, 3, 3, 7, 12], [2.0, 1, 5, 4, 3], 0.3)
    let total = weights.reduce(0, +)
    func probability(_ k: Int, _ n: Int) -> Double {
      var value = 1.0
      for i in 0..<k { value *= Double(n - i) / Double(i + 1) * p }
      for _ in 0..<(n - k) { value *= 1 - p }
      return value
    }
    var (dissimilarity, gini) = (0.0, 0.0)
    for i in sizes.indices {
      for k in 0...sizes[i] {
        let (own, share) = (probability(k, sizes[i]), Double(k) / Double(sizes[i]))
        dissimilarity += weights[i] * own * (share - p).magnitude / (2 * p * (1 - p) * total)
        for j in sizes.indices where j != i {
          for l in 0...sizes[j] {
            let difference = (share - Double(l) / Double(sizes[j])).magnitude
            gini += weights[i] * weights[j] * own * probability(l, sizes[j]) * difference
          }
        }
      }
    }
    gini /= 2 * p * (1 - p) * total * total
    let chance = RandomAllotment(zip(weights, sizes).map { ($0, $1) }, share: p)
    expectClose(chance.dissimilarity.value, dissimilarity, relative: 1e-12)
    expectClose(chance.gini.value, gini, relative: 1e-12)
  }

  private func apiRows() throws -> (rows: [Row], districts: Int) {
    let source = try Samples.open("apiclus1")
    let dataset = try Dataset(
      source, columns: [.category("comp.imp"), .category("dnum"), .number("pw"), .number("meals")], engine: Engine())
    let collected = try dataset.fit(CollectedRows(), with: Engine(threads: 1))
    return (
      collected.map { Row(unit: $0.unit, isMember: $0.isMember, weight: $0.weight) }, Set(collected.map(\.unit)).count
    )
  }

  /// The standard error from derivatives by the weights of one unit at a time, taken as differences of the slow indices.
  @Test func linearisationAgreesWithDifferences() throws {
    let (rows, count) = try apiRows()
    let found = try indices(rows)
    for index in SegregationIndex.allCases {
      func value(scaling unit: Int, by factor: Double) throws -> Double {
        var scaled = rows
        for row in scaled.indices where scaled[row].unit == unit { scaled[row].weight *= factor }
        return try #require(try indices(scaled)[index.rawValue]?.estimate)
      }
      let step = 1e-5
      let z = try Set(rows.map(\.unit)).sorted().map { unit in
        (try value(scaling: unit, by: 1 + step) - value(scaling: unit, by: 1 - step)) / (2 * step)
      }
      let n = Double(count)
      let mean = z.reduce(0, +) / n
      let variance = n / (n - 1) * z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let error = try #require(found[index.rawValue]?.standardError)
      expectClose(error, variance.squareRoot(), relative: 1e-6, index.rawValue)
    }
  }

  /// Deleting one district at a time, which needs no derivative, gives errors of the same size.
  @Test func theJackknifeIsNear() throws {
    let (rows, count) = try apiRows()
    let found = try indices(rows)
    for index in [SegregationIndex.dissimilarity, .isolation, .gini] {
      let n = Double(count)
      let left = try Set(rows.map(\.unit)).sorted().map { unit in
        try #require(try indices(rows.filter { $0.unit != unit })[index.rawValue]?.estimate)
      }
      let mean = left.reduce(0, +) / n
      let variance = (n - 1) / n * left.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let ratio = try #require(found[index.rawValue]?.standardError) / variance.squareRoot()
      #expect((0.9...1.1).contains(ratio), "\(index) \(ratio)")
    }
  }

  /// Members allotted at random to small units: the plain indices are far from 0, the corrected ones are 0 on average.
  @Test func chanceIsTakenOut() throws {
    let streams = RandomStreams(seed: 7, purpose: "segregation")
    let draws = 400
    var sums: [SegregationIndex: (sum: Double, squares: Double)] = [:]
    for draw in 0..<draws {
      var stream = streams[draw]
      let units = (0..<80).map { unit -> UnitComposition in
        let size = 4 + unit % 9
        let members = (0..<size).count { _ in stream.uniform() < 0.25 }
        return UnitComposition(group: Double(members), others: Double(size - members), squares: Double(size))
      }
      let share = units.reduce(0) { $0 + $1.group } / units.reduce(0) { $0 + $1.total }
      for (index, linear) in try #require(SegregationTable(units).indices) {
        let value = index == .correctedIsolation ? linear.value - share : linear.value
        sums[index, default: (0, 0)].sum += value
        sums[index, default: (0, 0)].squares += value * value
      }
    }
    for index in [SegregationIndex.correctedDissimilarity, .correctedGini, .correctedIsolation] {
      let (sum, squares) = try #require(sums[index])
      let mean = sum / Double(draws)
      let error = ((squares / Double(draws) - mean * mean) / Double(draws)).squareRoot()
      #expect(mean.magnitude < 4 * error + 0.002, "\(index) \(mean) ± \(error)")
    }
    let plain = try #require(sums[.dissimilarity]).sum / Double(draws)
    #expect(plain > 0.25)
  }

  @Test func domainsAndDifferences() throws {
    let request = EstimateRequest(
      .segregation, of: ["comp.imp:dnum"], design: Samples.cluster, by: ["stype"], contrast: true)
    let rows = try Estimation.run(request, on: try Samples.open("apiclus1")).rows
    #expect(rows.count == 6 * SegregationIndex.allCases.count)
    let own = rows.filter { $0.term == "gini" }
    let alone = try Estimation.run(
      EstimateRequest(.segregation, of: ["comp.imp:dnum"], design: Samples.cluster, where: "stype == \"H\""),
      on: try Samples.open("apiclus1")
    ).rows.first { $0.term == "gini" }
    expectClose(try #require(own[1].estimate), try #require(alone?.estimate), relative: 1e-12)
    expectClose(try #require(own[1].standardError), try #require(alone?.standardError), relative: 1e-12)
    expectClose(try #require(own[3].estimate), try #require(own[1].estimate) - (try #require(own[0].estimate)))
    #expect(own[3].by[0].level == "H - E" && own[3].standardError != nil)
  }

  @Test func hostileInput() throws {
    let rows = schools([(3, 4), (2, 6)])
    let none = try indices(rows.map { Row(unit: $0.unit, isMember: false, weight: $0.weight) })
    #expect(none.values.allSatisfy { $0.estimate == nil && $0.standardError == nil })
    func refusal(_ request: EstimateRequest) throws -> String {
      let source = try Samples.open("apiclus1")
      let error = #expect(throws: ImmerseError.self) { try Estimation.run(request, on: source) }
      return error.map { "\($0)" } ?? ""
    }
    let design = Samples.cluster
    #expect(try refusal(EstimateRequest(.segregation, of: ["meals:dnum"], design: design)).contains("neither 0 nor 1"))
    #expect(try refusal(EstimateRequest(.segregation, of: ["stype:dnum"], design: design)).contains("3 levels"))
    #expect(try refusal(EstimateRequest(.segregation, of: ["comp.imp"], design: design)).contains("row:column"))
  }
}

/// The rows of the school sample in their order.
private struct CollectedRows: Fit {
  typealias Row = (unit: Int, isMember: Bool, weight: Double)

  var columns: [ColumnRequest] { [.category("comp.imp"), .category("dnum"), .number("pw"), .number("meals")] }
  var signature: String { "rows" }

  func makePartial() -> Partial { Partial() }
  func finish(_ partial: Partial) throws(ImmerseError) -> [Row] { partial.rows }

  struct Partial: Streaming.Partial {
    var rows: [Row] = []

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let (members, units) = (try batch.categories("comp.imp"), try batch.categories("dnum"))
      let (weights, meals) = (try batch.numbers("pw"), try batch.numbers("meals"))
      for row in 0..<batch.rowCount {
        // Weights that differ within a district.
        rows.append(
          (
            Int(units.codes[row]), members.levels[Int(members.codes[row])] == "Yes",
            weights[row] * (1 + meals[row] / 100)
          ))
      }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) { rows += other.rows }
    func write(to blob: inout BlobWriter) {}
    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {}
  }
}
