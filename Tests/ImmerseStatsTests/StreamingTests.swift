import ImmerseStats
import Synchronization
import TestSupport
import Testing

/// Analyses of rows that do not stay in memory.
@Suite struct RowsLargerThanMemoryTests {
  private static let design = SurveyDesign(weights: "weight", strata: ["stratum"], psu: ["school"])
  private static let estimate = EstimateRequest(.mean, of: ["math"], design: design, by: ["country"])
  private static let model = FitRequest("math ~ escs + (1 + escs | school)")

  /// Beyond the memory limit no column outlives the work on its chunk, whatever the number of chunks.
  @Test(arguments: [1, 2]) func columnsAreReleasedChunkByChunk(threads: Int) throws {
    let held = HeldColumns()
    let source = CountedRows(rowCount: 8 * chunkRows, held: held)
    let engine = Engine(threads: threads, memoryLimit: 0)
    let estimates = try Estimation.run(Self.estimate, on: source, engine: engine)
    #expect(estimates.rows.count == 2)
    let afterEstimate = held.peak
    let fit = try MixedModel.fit(Self.model, to: source, engine: engine).result
    #expect(fit.groups["school"] == CountedRows.schools)
    // Six columns are read, and a thread may hold those of the chunk that it has not let go yet.
    #expect(afterEstimate <= 2 * 6 * threads)
    #expect(held.peak <= 2 * 6 * threads)
    #expect(held.now == 0)
  }

  @Test func theAnswerIsThatFromMemory() throws {
    let source = CountedRows(rowCount: chunkRows + 77, held: HeldColumns())
    let kept = try Estimation.run(Self.estimate, on: source, engine: Engine(threads: 2)).analysis
    let streamed = try Estimation.run(Self.estimate, on: source, engine: Engine(threads: 2, memoryLimit: 0)).analysis
    #expect(kept.rows == streamed.rows)
  }
}

/// How many columns that a source delivered are still in use.
private final class HeldColumns: Sendable {
  private let counts = Mutex((now: 0, peak: 0))

  var now: Int { counts.withLock { $0.now } }
  var peak: Int { counts.withLock { $0.peak } }

  func take() { counts.withLock { $0 = ($0.now + 1, max($0.peak, $0.now + 1)) } }
  func release() { counts.withLock { $0.now -= 1 } }
}

/// Numbers whose release is counted.
private final class CountedMemory {
  let elements: UnsafeMutableBufferPointer<Double>
  private let held: HeldColumns

  init(_ values: some Collection<Double>, _ held: HeldColumns) {
    elements = .allocate(capacity: values.count)
    _ = elements.initialize(from: values)
    self.held = held
    held.take()
  }

  deinit {
    elements.deallocate()
    held.release()
  }
}

/// Rows made of their number. Schools lie scattered over the file.
private struct CountedRows: Source {
  static let schools = 400

  let rowCount: Int
  let held: HeldColumns

  var name: String { "counted rows" }
  var columnNames: [String] { ["math", "escs", "weight", "stratum", "school", "country"] }

  func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    try require(columns)
    return columns.reduce(into: [:]) { $0[$1] = .float64 }
  }

  func chunk(_ index: Int, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    let rows = rows(ofChunk: index)
    var batch = Batch([], rowCount: rows.count, firstRow: rows.lowerBound)
    for request in columns {
      let memory = CountedMemory(rows.map { Self.value(request.name, row: $0) }, held)
      let numbers = Column(
        .float64(Buffer(owner: memory, base: UnsafePointer(memory.elements.baseAddress), count: rows.count)))
      batch.set(request.name, try numbers.delivered(as: request))
    }
    return batch
  }

  private static func value(_ column: String, row: Int) -> Double {
    let school = row &* 7_919 % schools
    return switch column {
    case "school": Double(school)
    case "stratum": Double(school % 40)
    case "country": Double(school % 2)
    case "weight": Double(1 + school % 3)
    case "escs": Double(row &* 104_729 % 1_009) / 1_009 - 0.5
    default:
      500 + Double(school &* 31 % 97)
        + Double(school &* 17 % 11 + 5) * value("escs", row: row) + Double(row &* 15_485_863 % 499) / 10
    }
  }
}
