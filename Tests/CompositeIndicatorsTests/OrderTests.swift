import Columnar
import TestSupport
import Testing

@testable import CompositeIndicators

/// Rows in order, and ranks, against sorting by comparison.
@Suite struct OrderTests {
  static func awkward(_ count: Int, _ kind: Int) -> [Double] {
    (0..<count).map { row in
      let bits = UInt64(row) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(kind)
      let mixed = (bits ^ bits >> 29) &* 0xBF58_476D_1CE4_E5B9
      let uniform = Double(mixed >> 11) * 0x1p-53
      switch kind {
      case 0: return uniform
      case 1: return Double(mixed >> 62)
      // One value far out squeezes all others into one bucket.
      case 2: return row == 7 ? 1e300 : uniform - 0.5
      case 3: return mixed % 7 == 0 ? .nan : -uniform * 0x1p-1060
      case 4: return 1 + Double(mixed % 1000) * 0x1p-52
      case 5: return row % 2 == 0 ? .greatestFiniteMagnitude : -.greatestFiniteMagnitude * uniform
      case 6: return mixed % 9 == 0 ? .nan : row % 2 == 0 ? 0 : -Double(mixed % 12)
      // Many rows of one guess: values that differ in the last bits only, beside far greater ones, twice over.
      case 7: return row % 3 == 0 ? 1e9 * uniform : 1 + Double(mixed % 3000) * 0x1p-52
      case 8: return row % 3 == 0 ? uniform : row % 3 == 1 ? 1e-12 * uniform : 1e-30 * Double(mixed % 5000)
      default: return .nan
      }
    }
  }

  @Test(arguments: 0..<10, [0, 1, 2, 9, 255, 256, 5000, 100_000])
  func agreesWithSorting(kind: Int, count: Int) {
    let values = Self.awkward(count, kind)
    let present = values.indices.filter { !values[$0].isNaN }
    let expected = present.sorted { (values[$0], $0) < (values[$1], $1) }
    let rows = values.withUnsafeBufferPointer { values in
      let order = RowOrder(values)
      return (0..<order.count).map { order.row(at: $0) }
    }
    #expect(rows == expected)
    let ranks = descendingRanks(Buffer(values)).array
    var last = (value: Double.nan, rank: Int32(0))
    for (place, row) in expected.reversed().enumerated() {
      if values[row] != last.value { last = (values[row], Int32(place + 1)) }
      if ranks[row] != last.rank {
        Issue.record("rank of row \(row)")
        return
      }
    }
    let missing = values.indices.filter { values[$0].isNaN }
    #expect(missing.allSatisfy { ranks[$0] == 0 })
  }

  @Test func ranksWithinPeriods() {
    let ranks = descendingRanks(Buffer<Double>([1, 5, 2, .nan, 9, 3]), within: [[0, 2, 4], [1, 3, 5]])
    #expect(ranks.array == [3, 1, 2, 0, 1, 2])
  }

  @Test func aMillionUnitsAreWinsorisedUntilTheShapePasses() throws {
    let values = (0..<1_000_000).map { (row: Int) -> Double in
      let usual = Double((row &* 7919) % 1000)
      return row % 1000 == 0 ? 1e6 + Double(row) : usual
    }
    let frozen = try Treatment(.winsorise, winmax: nil, then: .none).fit(
      UnitMatrix(units: UnitNames([Column(values)]), codes: ["x"], columns: [Buffer(values)]))
    let column = frozen.columns[0]
    #expect(column.passes)
    #expect(column.points > 900)
    // The shape found from sums is that of the values as they are after the cut.
    let after = Shape(column.rules[0].apply(to: Buffer(values)))
    expectClose(column.after.skewness ?? .nan, after.skewness ?? 0, relative: 1e-9, absolute: 1e-9)
    expectClose(column.after.kurtosis ?? .nan, after.kurtosis ?? 0, relative: 1e-9, absolute: 1e-9)
  }
}
