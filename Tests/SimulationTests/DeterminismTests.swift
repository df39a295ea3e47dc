import Columnar
import Streaming
import Synchronization
import TestSupport
import Testing

@testable import Simulation

/// The bit patterns of a column, so that NaN equals NaN.
private func bits(_ column: Column?) -> [UInt64] {
  guard let column else { return [] }
  switch column.values {
  case .float64(let values): return values.array.map(\.bitPattern)
  case .category(let codes, let levels): return codes.array.map { fnv1a(levels[Int($0)].utf8) }
  default: return []
  }
}

@Suite struct DeterminismTests {
  @Test(arguments: SimulationPreset.allCases)
  func anyCutOfTheRowsGivesTheSameBytes(_ preset: SimulationPreset) throws {
    let study = try SimulatedStudy(preset, seed: 5, latent: true)
    let start = 10_000
    let columns = study.columnNames.filter { !$0.hasPrefix("W_FSTURWT") }.map { ColumnRequest.native($0) }
    let whole = try study.batch(start..<start + 300, columns)
    // Later parts first, and each column by itself.
    for part in [start + 170..<start + 300, start + 1..<start + 170, start..<start + 1] {
      for request in columns.reversed() {
        let own = try study.batch(part, [request])
        let expected = whole[request.name]?.slice(part.lowerBound - start..<part.upperBound - start)
        let isSame = bits(own[request.name]) == bits(expected)
        #expect(isSame, "\(request.name) in rows \(part)")
      }
    }
  }

  @Test func chunksByThreadsAreThoseInOrder() throws {
    let study = try SimulatedStudy(.register, children: 5 * chunkRows / 2, seed: 8)
    let columns: [ColumnRequest] = [.native("site"), .native("migrant"), .native("weight")]
    #expect(study.chunkCount == 3)
    let gathered = Mutex([Int: [[UInt64]]]())
    try parallelForEach(3, threads: 3) { (index: Int) throws(ImmerseError) in
      let batch = try study.chunk(index, columns)
      gathered.withLock { $0[index] = columns.map { bits(batch[$0.name]) } }
    }
    let threaded = gathered.withLock { $0 }
    for index in [2, 0, 1] {
      let batch = try study.chunk(index, columns)
      #expect(batch.firstRow == index * chunkRows)
      let isSame = threaded[index] == columns.map { bits(batch[$0.name]) }
      #expect(isSame)
    }
  }

  @Test func aSeedIsAStudy() throws {
    func answers(_ seed: UInt64) throws -> [UInt64] {
      bits(try SimulatedStudy(.immerse, seed: seed).batch(0..<500, [.native("escs")])["escs"])
    }
    #expect(try answers(1) == answers(1))
    let shared = Set(try answers(1)).intersection(try answers(2)).count
    // Only the missing values are alike.
    #expect(shared <= 1)
  }

  @Test func sitesDoNotDependOnOneAnother() throws {
    let sample = try SimulatedStudy(.pisaSix, seed: 4).sample
    let alone = sample.site(1_234)
    for index in stride(from: 2_000, to: 0, by: -7) { _ = sample.site(index) }
    #expect(sample.site(1_234).mathematics == alone.mathematics)
    #expect(sample.site(1_234).weight == alone.weight)
  }

  /// Frozen so that a change to the generator is noticed: datasets are named by preset and seed alone.
  @Test func theFirstChildrenAreThose() throws {
    let batch = try SimulatedStudy(.immerse, seed: 1).batch(
      0..<4, [.number("escs"), .number("weight"), .number("BEL1")])
    let escs = [0.9753640310397969, -0.10334354500452, 0.3227627716418989, 0.37613036713198633]
    let weights = [161.24905232103472, 145.12414708893124, 145.12414708893124, 145.12414708893124]
    expectClose(try batch.numbers("escs").array, escs, relative: 1e-12)
    expectClose(try batch.numbers("weight").array, weights, relative: 1e-12)
    #expect(try batch.numbers("BEL1").array == [3, 5, 3, 1])
  }
}
