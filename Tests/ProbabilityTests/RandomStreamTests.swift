import Probability
import TestSupport
import Testing

/// The p-value of Pearson's test that counts follow what is expected.
private func goodnessOfFit(_ counts: [Double], _ expected: [Double]) -> Double {
  var statistic = 0.0
  for (count, mean) in zip(counts, expected) { statistic += (count - mean) * (count - mean) / mean }
  return ChiSquared(df: Double(counts.count - 1)).survival(statistic)
}

@Suite struct RandomStreamTests {
  /// The known-answer vectors published with Random123 (Salmon et al. 2011), `philox4x32 10`.
  @Test func philoxKnownAnswers() {
    let zero = Philox.block(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
    #expect(zero == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = Philox.block(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
    #expect(ones == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let pi = Philox.block(
      counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
    #expect(pi == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func streamsAreAddressedBySeedPurposeAndEntity() {
    func firstFour(_ seed: UInt64, _ purpose: String, _ entity: Int) -> [UInt64] {
      var stream = RandomStreams(seed: seed, purpose: purpose)[entity]
      return (0..<4).map { _ in stream.bits() }
    }
    #expect(firstFour(1, "a", 5) == firstFour(1, "a", 5))
    let different = [
      firstFour(1, "a", 5), firstFour(2, "a", 5), firstFour(1 << 40, "a", 5), firstFour(1, "b", 5),
      firstFour(1, "a", 6),
      firstFour(1, "a", 5 + 1 << 33),
    ]
    let distinct = Set(different.joined()).count
    #expect(distinct == 24)
  }

  @Test func uniformAndNormalMoments() {
    let streams = RandomStreams(seed: 7, purpose: "moments")
    let count = 200_000
    var (sum, squares, normals, normalSquares, fourth, lag) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for entity in 0..<count {
      var stream = streams[entity]
      let u = stream.uniform()
      let z = stream.normal()
      let isInside = u > 0 && u < 1
      #expect(isInside)
      sum += u
      squares += u * u
      normals += z
      normalSquares += z * z
      fourth += z * z * z * z
      lag += (u - 0.5) * z
    }
    let n = Double(count)
    // Five standard errors each.
    expectClose(sum / n, 0.5, absolute: 5 * 0.2887 / n.squareRoot())
    expectClose(squares / n, 1.0 / 3, absolute: 5 * 0.2981 / n.squareRoot())
    expectClose(normals / n, 0, absolute: 5 / n.squareRoot())
    expectClose(normalSquares / n, 1, absolute: 5 * 1.4142 / n.squareRoot())
    expectClose(fourth / n, 3, absolute: 5 * 9.8 / n.squareRoot())
    expectClose(lag / n, 0, absolute: 5 * 0.2887 / n.squareRoot())
  }

  @Test func wholeNumbersAreEquallyLikely() {
    var stream = RandomStreams(seed: 3, purpose: "below")[0]
    var counts = [Double](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[stream.below(7)] += 1 }
    let pValue = goodnessOfFit(counts, Array(repeating: 10_000, count: 7))
    #expect(pValue > 1e-4)
    #expect(stream.below(1) == 0)
  }

  @Test func positionsFollowTheWeights() {
    var stream = RandomStreams(seed: 3, purpose: "position")[0]
    var counts = [0.0, 0, 0, 0]
    // Weights 1, 0, 3, 6: the second position is never drawn.
    for _ in 0..<20_000 { counts[stream.position(in: [1, 1, 4, 10])] += 1 }
    #expect(counts[1] == 0)
    let pValue = goodnessOfFit([counts[0], counts[2], counts[3]], [2_000, 6_000, 12_000])
    #expect(pValue > 1e-4)
  }

  @Test func shufflesAreEquallyLikely() {
    var stream = RandomStreams(seed: 11, purpose: "shuffle")[0]
    var counts: [[Int]: Double] = [:]
    for _ in 0..<24_000 {
      var order = [0, 1, 2, 3]
      stream.shuffle(&order)
      counts[order, default: 0] += 1
    }
    #expect(counts.count == 24)
    let pValue = goodnessOfFit(Array(counts.values), Array(repeating: 1_000, count: 24))
    #expect(pValue > 1e-4)
  }
}
