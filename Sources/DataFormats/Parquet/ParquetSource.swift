import Columnar
import Streaming
import Synchronization

/// A Parquet file, mapped into memory; of the rows that are asked for, the pages of the columns that are asked for are
/// expanded.
///
/// Flat columns of numbers, truth values and UTF-8 are read, days and times as text in ISO 8601, decimals as Float64;
/// a column that was a dictionary when pyarrow or polars wrote it is a category. A column of another type, or a nested
/// one, is refused only when it is asked for.
struct ParquetSource: RandomAccessSource {
  let name: String
  let columnNames: [String]
  let hiddenColumnNames: [String]
  let rowCount: Int

  private let file: ParquetFile
  private let positions: [String: Int]
  private let details: [String: ParquetDetail]
  private let parked = ParkedCursors()

  /// Opens a file. O(groups of rows · columns).
  ///
  /// - Throws: `badData` where it is damaged or encrypted.
  init(_ bytes: FileBytes, name: String) throws(ImmerseError) {
    do {
      file = try ParquetFile(bytes.buffer)
    } catch {
      throw error.at(ImmerseError.Place(file: name))
    }
    self.name = name
    let columns = file.footer.schema.columns
    var positions: [String: Int] = [:]
    for (index, column) in columns.enumerated() where positions.updateValue(index, forKey: column.name) != nil {
      throw ImmerseError(
        .badData, "two columns have this name", place: ImmerseError.Place(file: name), variable: column.name,
        remedy: "rename one of them")
    }
    self.positions = positions
    let details = ParquetDetail.all(in: file.footer.properties)
    self.details = details
    let hidden = Set(columns.map(\.name).filter { details[$0]?.reasonOf.map { positions[$0] != nil } == true })
    columnNames = columns.map(\.name).filter { !hidden.contains($0) }
    hiddenColumnNames = columns.map(\.name).filter(hidden.contains)
    rowCount = file.starts[file.starts.count - 1]
  }

  func metadata(of column: String) -> VariableMetadata? { details[column]?.metadata }

  func bounds(of column: String, in rows: Range<Int>) -> ValueBounds? {
    guard let position = positions[column], !rows.isEmpty else { return nil }
    let column = file.footer.schema.columns[position]
    var whole = ValueBounds(.none, mayBeMissing: false)
    for (group, start) in zip(file.footer.groups, file.starts) where start < rows.upperBound {
      if start + group.rowCount <= rows.lowerBound { continue }
      let known = group.chunks[column.leaf].statistics.bounds(of: column, rows: group.rowCount)
      guard let known, let joined = whole.union(known) else { return nil }
      whole = joined
    }
    return whole
  }

  func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    var types: [String: DataType] = [:]
    for name in columns {
      let column = try find(name)
      let type = try located(name) { () throws(ImmerseError) in try column.dataType() }
      types[name] = type == .text && isFactor(column) ? .category : type
    }
    return types
  }

  func rows(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    var delivered: [(name: String, column: Column)] = []
    for request in columns {
      let column = try find(request.name)
      let values = try located(request.name) { () throws(ImmerseError) in try read(column, request, rows) }
      delivered.append((request.name, values))
    }
    return Batch(delivered, rowCount: rows.count, firstRow: rows.lowerBound)
  }

  private func read(
    _ column: ParquetColumn, _ request: ColumnRequest, _ rows: Range<Int>
  ) throws(ImmerseError) -> Column {
    _ = try column.dataType()
    let cursor = parked.take(column, reaching: rows.lowerBound) ?? ParquetCursor(file, column)
    var reader = try ParquetColumnReader(cursor, rows)
    let isFactor = isFactor(column)
    let values =
      column.type == .text && (request.kind == .category || isFactor)
      ? try reader.categories(isDeclared: isFactor ? details[column.name]?.isOrdered : nil) : try reader.values()
    parked.park(reader.cursor)
    return try values.delivered(as: request)
  }

  private func isFactor(_ column: ParquetColumn) -> Bool {
    column.type == .text && details[column.name]?.isOrdered != nil
  }

  private func find(_ name: String) throws(ImmerseError) -> ParquetColumn {
    guard let position = positions[name] else {
      throw .missingColumn(name, among: columnNames).at(ImmerseError.Place(file: self.name))
    }
    return file.footer.schema.columns[position]
  }

  private func located<Result>(
    _ column: String, _ body: () throws(ImmerseError) -> Result
  ) throws(ImmerseError) -> Result {
    do {
      return try body()
    } catch {
      var located = error.at(ImmerseError.Place(file: name))
      located.variable = located.variable ?? column
      throw located
    }
  }
}

/// Cursors where earlier reading left them, so that the next rows go on from there rather than from the beginning of
/// their page.
private final class ParkedCursors: Sendable {
  private struct Places {
    /// Oldest first.
    var cursors: [ParquetCursor] = []
    var bytes = 0
  }

  private let places = Mutex(Places())
  /// Expanded bytes that are kept.
  private static let limit = 256 << 20

  /// The cursor nearest before a row in the same page, if there is one.
  func take(_ column: ParquetColumn, reaching row: Int) -> ParquetCursor? {
    places.withLock { places in
      let near = places.cursors.indices.filter {
        places.cursors[$0].column.leaf == column.leaf && places.cursors[$0].canReach(row)
      }.max { places.cursors[$0].row < places.cursors[$1].row }
      guard let near else { return nil }
      places.bytes -= places.cursors[near].expandedBytes
      return places.cursors.remove(at: near)
    }
  }

  func park(_ cursor: ParquetCursor) {
    places.withLock { places in
      places.cursors.append(cursor)
      places.bytes += cursor.expandedBytes
      while places.bytes > Self.limit, places.cursors.count > 1 {
        places.bytes -= places.cursors.removeFirst().expandedBytes
      }
    }
  }
}
