import Columnar
import Streaming

@testable import DataFormats

/// Files that hold rows: every column is read in every form, the first chunks of it and the last.
enum Tables {
  static let arrow: Target = { try readAll(try ArrowSource(try FileBytes($0), name: "input")) }
  static let parquet: Target = { try readAll(try ParquetSource(try FileBytes($0), name: "input")) }
  static let sav: Target = { try readAll(described(try statistical($0, .sav))) }
  static let savByReadStat: Target = { try readAll(described(try statistical($0, .sav, ownReader: false))) }
  static let por: Target = { try readAll(described(try statistical($0, .por))) }
  static let dta: Target = { try readAll(described(try statistical($0, .dta))) }
  static let sas7bdat: Target = { try readAll(described(try statistical($0, .sas7bdat))) }
  static let xpt: Target = { try readAll(described(try statistical($0, .xpt))) }

  private static func statistical(
    _ bytes: [UInt8], _ format: StatFormat, ownReader: Bool = true
  ) throws -> StatSource {
    try StatSource(try FileBytes(bytes), name: "input", format: format, ownReader: ownReader)
  }

  private static func described(_ source: StatSource) throws -> any RandomAccessSource {
    try DescribedSource(source, metadata: [:], labels: false, lettered: true)
  }

  /// An input may truthfully describe any number of columns, so only some are read.
  static func readAll(_ source: any RandomAccessSource) throws {
    let chunks = Set([0, 1, source.chunkCount - 1].filter { (0..<source.chunkCount).contains($0) })
    for name in source.columnNames.prefix(12) {
      for request in [ColumnRequest.native(name), .number(name), .category(name), .verbatim(name)] {
        for chunk in chunks.sorted() {
          do throws(ImmerseError) {
            let rows = source.rows(ofChunk: chunk)
            let batch = try source.rows(rows.lowerBound..<min(rows.upperBound, rows.lowerBound + 3000), [request])
            _ = try CSVEncoder(separator: 44).encode(batch)
          } catch {
            guard error.kind == .badData else { fatalError("\(error)") }
          }
        }
      }
      _ = source.metadata(of: name)
    }
  }
}
