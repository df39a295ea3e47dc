import Columnar
import Streaming

@testable import DataFormats

/// Text tables: any bytes are read in every form, and what the plain reader makes of them has to be what the fast one
/// makes of them, in small blocks by several threads and in one.
enum CSVTarget {
  static let run: Target = { bytes in
    let small = CSVSource.Pace(blockBytes: 64, cells: 8)
    let source = try CSVSource(
      try FileBytes(bytes), name: "input", dialect: CSVDialect(), threads: 1, pace: small)
    try Tables.readAll(source)
    let separator = UInt8(ascii: ";")
    let dialect = CSVDialect(separator: separator)
    guard
      let fast = try? CSVSource(try FileBytes(bytes), name: "input", dialect: dialect, threads: 1, pace: small),
      let whole = try? CSVSource(
        try FileBytes(bytes), name: "input", dialect: dialect, threads: 1, pace: CSVSource.Pace())
    else { return }
    expect(whole.rowCount == fast.rowCount, "rows of small and large blocks")
    let requests = fast.columnNames.map { ColumnRequest.category($0) }
    let (batch, other) = (
      try? fast.rows(0..<fast.rowCount, requests), try? whole.rows(0..<whole.rowCount, requests)
    )
    // What is refused, such as a line with a field too many, the plain reader does not judge.
    expect((batch == nil) == (other == nil), "refusal in small and large blocks")
    guard let batch, let other else { return }
    let plain = CSVReference(bytes, separator: separator)
    expect(fast.columnNames == plain.header, "header")
    expect(fast.rowCount == plain.rows.count, "rows")
    for (index, name) in fast.columnNames.enumerated() {
      let expected = plain.rows.map { index < $0.count && !$0[index].isEmpty ? $0[index] : nil }
      expect(batch[name]?.cells == expected && other[name]?.cells == expected, "cells of \(name)")
      expect((try? fast.types(of: [name])) == (try? whole.types(of: [name])), "type of \(name)")
    }
  }

  private static func expect(_ holds: Bool, _ what: String) {
    guard holds else { fatalError("the fast and the plain reader differ: \(what)") }
  }
}
