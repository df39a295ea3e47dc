public import Columnar
public import Streaming

/// Writes batches as a text table: a header, cells quoted only where they must be, rows ending in LF, missing values
/// empty.
public struct CSVWriter: BatchWriter {
  public let encoder: CSVEncoder
  private let file: OutputFile

  /// Writes the header.
  ///
  /// - Throws: `inputOutput` where the file cannot be written.
  public init(to file: OutputFile, columns: [String], separator: UInt8 = UInt8(ascii: ",")) throws(ImmerseError) {
    encoder = CSVEncoder(separator: separator)
    self.file = file
    let names = columns.map { (name: $0, column: Column([$0])) }
    try file.write(try encoder.encode(Batch(names, rowCount: 1)))
  }

  public mutating func append(_ encoded: Buffer<UInt8>) throws(ImmerseError) {
    try file.write(encoded)
  }
}

/// Turns batches into the bytes of their rows.
public struct CSVEncoder: BatchEncoder {
  let separator: UInt8

  /// O(cells). Rows without columns are nothing to write.
  ///
  /// - Throws: `badData` where a column holds more than 2 GB of text.
  public func encode(_ batch: Batch) throws(ImmerseError) -> Buffer<UInt8> {
    if batch.columns.isEmpty { return Buffer([]) }
    let columns = try batch.columns.map { column throws(ImmerseError) in try CellTexts(column, separator: separator) }
    // A row of one empty cell would be a blank line; it is written as a pair of quotes.
    let marksEmptyRows = columns.count == 1
    let separators = batch.rowCount * (columns.count + (marksEmptyRows ? 2 : 0))
    let memory = ColumnMemory<UInt8>(count: columns.reduce(separators + 16) { $0 + $1.byteCount })
    let used = withExtendedLifetime(columns) {
      columns.compactMap(CellTexts.Pointers.init).withUnsafeBufferPointer { cells in
        var target = memory.base
        for row in 0..<batch.rowCount {
          let start = target
          for cell in cells {
            target += cell.copy(row, to: target)
            target[0] = separator
            target += 1
          }
          if marksEmptyRows, target == start + 1 {
            start[0] = CSVByte.quote
            start[1] = CSVByte.quote
            target += 2
          }
          target[-1] = CSVByte.newline
        }
        return target - memory.base
      }
    }
    return memory.buffer.slice(0..<used)
  }
}
