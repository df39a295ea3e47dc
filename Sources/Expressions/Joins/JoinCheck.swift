public import Columnar
public import Streaming

/// How the rows and a joined table met.
public struct JoinReport: Sendable, Equatable, Codable {
  /// Rows whose key is not in the table.
  public var unmatchedRows = 0
  /// The first of these rows, counted from 1, at most five.
  public var firstUnmatchedRows: [Int] = []
  /// Different keys that are not in the table.
  public var unmatchedKeys = 0
  /// Those of them that are a number the table has too, written otherwise: 01 and 1.
  public var keysWrittenOtherwise = 0
  /// Rows without a key.
  public var rowsWithoutKey = 0
  /// Rows of the table whose key no row has.
  public var unusedTableRows = 0

  public init() {}

  private enum CodingKeys: String, CodingKey {
    case unmatchedRows = "unmatched_rows"
    case firstUnmatchedRows = "first_unmatched_rows"
    case unmatchedKeys = "unmatched_keys"
    case keysWrittenOtherwise = "keys_written_otherwise"
    case rowsWithoutKey = "rows_without_key"
    case unusedTableRows = "unused_table_rows"
  }
}

/// Counts the rows that a join leaves without a match.
public struct JoinCheck: Fit {
  let join: JoinTransform

  public init(_ join: JoinTransform) { self.join = join }

  public var columns: [ColumnRequest] { join.inputs }

  public var signature: String {
    "join by \(join.key) with the keys \(join.tableRows.keys.sorted().map(\.debugDescription))"
  }

  public func makePartial() -> Partial { Partial(join) }

  public func finish(_ partial: Partial) throws(ImmerseError) -> JoinReport {
    var report = JoinReport()
    report.unmatchedRows = partial.unmatchedRows
    report.firstUnmatchedRows = partial.firstUnmatchedRows
    report.unmatchedKeys = partial.unmatchedKeys.count
    let numbers = Set(join.tableRows.keys.compactMap { NumberText.number($0) })
    report.keysWrittenOtherwise = partial.unmatchedKeys.count { key in
      NumberText.number(key).map { numbers.contains($0) } ?? false
    }
    report.rowsWithoutKey = partial.rowsWithoutKey
    report.unusedTableRows = join.tableRows.count - partial.usedKeys.count
    return report
  }

  public struct Partial: Streaming.Partial {
    private static let shownRows = 5

    private let join: JoinTransform
    fileprivate var unmatchedRows = 0
    fileprivate var firstUnmatchedRows: [Int] = []
    fileprivate var rowsWithoutKey = 0
    fileprivate var unmatchedKeys: Set<String> = []
    fileprivate var usedKeys: Set<String> = []

    fileprivate init(_ join: JoinTransform) { self.join = join }

    public mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      let keys = try batch.categories(join.key)
      let isMatched = keys.levels.names.map { join.tableRows[$0] != nil }
      var isSeen = [Bool](repeating: false, count: keys.levels.count)
      for (row, code) in keys.codes.array.enumerated() {
        guard code >= 0 else {
          rowsWithoutKey += 1
          continue
        }
        isSeen[Int(code)] = true
        if isMatched[Int(code)] { continue }
        unmatchedRows += 1
        if firstUnmatchedRows.count < Partial.shownRows { firstUnmatchedRows.append(batch.firstRow + row + 1) }
      }
      for (code, name) in keys.levels.names.enumerated() where isSeen[code] {
        if isMatched[code] { usedKeys.insert(name) } else { unmatchedKeys.insert(name) }
      }
    }

    public mutating func merge(_ other: Partial) throws(ImmerseError) {
      unmatchedRows += other.unmatchedRows
      rowsWithoutKey += other.rowsWithoutKey
      firstUnmatchedRows = Array((firstUnmatchedRows + other.firstUnmatchedRows).prefix(Partial.shownRows))
      unmatchedKeys.formUnion(other.unmatchedKeys)
      usedKeys.formUnion(other.usedKeys)
    }

    public func write(to blob: inout BlobWriter) {
      blob.write([unmatchedRows, rowsWithoutKey])
      blob.write(firstUnmatchedRows)
      blob.write(unmatchedKeys.sorted())
      blob.write(usedKeys.sorted())
    }

    public mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      let counts = try blob.integers()
      guard counts.count == 2 else {
        throw ImmerseError(.badData, "the saved partial is not that of a join", remedy: "compute it again")
      }
      (unmatchedRows, rowsWithoutKey) = (counts[0], counts[1])
      firstUnmatchedRows = try blob.integers()
      unmatchedKeys = Set(try blob.strings())
      usedKeys = Set(try blob.strings())
    }
  }
}
