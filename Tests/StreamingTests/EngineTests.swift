import Columnar
import Streaming
import Synchronization
import TestSupport
import Testing

@Suite struct ParallelTests {
  private final class Counts: Sendable {
    let runs = Mutex<[Int: Int]>([:])
  }

  @Test(arguments: [1, 2, 5, 64]) func everyIndexIsDoneOnce(threads: Int) throws {
    let counts = Counts()
    try parallelForEach(200, threads: threads) { index in
      counts.runs.withLock { $0[index, default: 0] += 1 }
    }
    #expect(counts.runs.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, 1) }))
    try parallelForEach(0, threads: threads) { _ in Issue.record("there is no index") }
  }

  /// Whatever the timing, the lowest index that fails is reported, also where a higher one fails first.
  @Test(arguments: [1, 2, 8]) func theErrorOfTheLowestIndexIsReported(threads: Int) {
    for round in 0..<2000 {
      let work = Counts()
      let error = #expect(throws: ImmerseError.self) {
        try parallelForEach(12, threads: threads) { (index: Int) throws(ImmerseError) in
          if index == 3 {
            for _ in 0..<(round % 50) { work.runs.withLock { $0[0] = 1 } }
          }
          if index >= 3 { throw ImmerseError(.badData, "index \(index)") }
        }
      }
      #expect(error?.problem == "index 3")
    }
  }

  @Test func higherIndicesAreNotBegunAfterAFailure() {
    let counts = Counts()
    _ = #expect(throws: ImmerseError.self) {
      try parallelForEach(10_000, threads: 2) { (index: Int) throws(ImmerseError) in
        counts.runs.withLock { $0[index, default: 0] += 1 }
        if index == 3 { throw ImmerseError(.badData, "stop") }
      }
    }
    let begun = counts.runs.withLock { $0.count }
    #expect(begun < 10_000)
  }
}

@Suite struct CancellationTests {
  private let table = Table([("x", Column((0..<(4 * chunkRows)).map { Double($0) }))])

  @Test(arguments: [1, 2]) func workStopsAtTheNextChunk(threads: Int) throws {
    let cancellation = Cancellation()
    let engine = Engine(
      threads: threads, memoryLimit: 0, cancellation: cancellation, progress: { _, _ in cancellation.request() })
    let pass0 = #expect(throws: ImmerseError.self) { _ = try Dataset(table, columns: [.number("x")], engine: engine) }
    #expect(pass0?.kind == .cancelled)
    let dataset = try Dataset(table, columns: [.number("x")], engine: Engine(threads: threads))
    let fit = #expect(throws: ImmerseError.self) { _ = try dataset.fit(Sum("x"), with: engine) }
    #expect(fit?.kind == .cancelled)
    var writer = Collector()
    let export = #expect(throws: ImmerseError.self) { try table.export([.number("x")], to: &writer, with: engine) }
    #expect(export?.kind == .cancelled)
  }

  @Test func progressCountsChunks() throws {
    let seen = Mutex<[Int]>([])
    let engine = Engine(
      threads: 2,
      progress: { done, total in
        #expect(total == 4)
        seen.withLock { $0.append(done) }
      })
    _ = try Dataset(table, columns: [.number("x")], engine: engine)
    #expect(seen.withLock { $0.sorted() } == [1, 2, 3, 4])
  }
}

/// Keeps the first row and the numbers of each batch in the order in which they are appended.
struct Collector: BatchWriter {
  struct Encoder: BatchEncoder {
    func encode(_ batch: Batch) throws(ImmerseError) -> [Double] { try batch.numbers("x").array }
  }

  var values: [Double] = []
  var appended = 0
  var limit = Int.max
  var encoder: Encoder { Encoder() }

  mutating func append(_ encoded: [Double]) throws(ImmerseError) {
    if appended == limit { throw ImmerseError(.inputOutput, "the disk is full") }
    values += encoded
    appended += 1
  }
}

@Suite struct ExportTests {
  private let rowCount = 9 * chunkRows + 17
  private var table: Table { Table([("x", Column((0..<rowCount).map { Double($0) }))]) }

  @Test(arguments: [1, 2, 5]) func batchesAreAppendedInOrder(threads: Int) throws {
    var writer = Collector()
    try table.export([.number("x")], to: &writer, with: Engine(threads: threads))
    #expect(writer.appended == 10)
    let inOrder = writer.values == (0..<rowCount).map { Double($0) }
    #expect(inOrder)
  }

  @Test func aFailingWriterEndsTheExport() {
    var writer = Collector(limit: 3)
    let error = #expect(throws: ImmerseError.self) {
      try table.export([.number("x")], to: &writer, with: Engine(threads: 2))
    }
    #expect(error?.kind == .inputOutput)
    #expect(writer.values.count == 3 * chunkRows)
  }
}
