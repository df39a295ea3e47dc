public import CImmerse
public import Columnar

/// Rows in memory that another library handed over as record batches, as a source: nothing is copied but chunks that
/// span two batches.
public struct RecordBatches: RandomAccessSource {
  public let name: String
  public let columnNames: [String]
  public let rowCount: Int
  private let fields: [ArrowFieldDescription]
  private let positions: [String: Int]
  private let batches: [ArrowRecords]
  /// The row at which each batch begins.
  private let starts: [Int]

  /// Reads a stream of record batches to its end; it is released, also where this throws.
  ///
  /// - Throws: `badData` where schema or batches are broken, `inputOutput` where their producer fails.
  public init(_ stream: UnsafeMutablePointer<ArrowArrayStream>, name: String = "data") throws(ImmerseError) {
    self.name = name
    (fields, batches) = try ArrowRecords.reading(stream)
    columnNames = fields.map(\.name)
    positions = Dictionary(uniqueKeysWithValues: zip(columnNames, columnNames.indices))
    var (starts, rows) = ([Int](), 0)
    for batch in batches {
      starts.append(rows)
      rows += batch.rowCount
    }
    self.starts = starts
    rowCount = rows
  }

  public func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    try require(columns)
    var types: [String: DataType] = [:]
    for name in columns {
      if let index = positions[name] { types[name] = try fields[index].type() }
    }
    return types
  }

  public func rows(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    let overlapping = batches.indices.filter {
      starts[$0] < rows.upperBound && rows.lowerBound < starts[$0] + batches[$0].rowCount
    }
    var delivered = Batch([], rowCount: rows.count, firstRow: rows.lowerBound)
    for request in columns {
      guard let index = positions[request.name] else { throw .missingColumn(request.name, among: columnNames) }
      var pieces: [Column] = []
      for number in overlapping {
        let own = rows.clamped(to: starts[number]..<starts[number] + batches[number].rowCount)
        let range = own.lowerBound - starts[number]..<own.upperBound - starts[number]
        pieces.append(try batches[number].column(at: index, rows: range))
      }
      let column = try Column.joined(pieces, type: try fields[index].type())
      delivered.set(request.name, try column.delivered(as: request))
    }
    return delivered
  }
}
