import Columnar
import DataFormats
import ImmerseStats
import Streaming

extension ResultTable {
  /// Writes the table as an Arrow file, on standard output as a stream: whole numbers as Int64, numbers as Float64,
  /// everything else as text.
  func writeArrow(to path: String, force: Bool) throws(ImmerseError) {
    let table = Table(columns.indices.map { (columns[$0], column($0)) }, name: "result")
    try DataFile.write(
      table, to: path, as: try FileFormat.named("arrow", on: path), engine: Engine(threads: 1), force: force)
  }

  private func column(_ index: Int) -> Column {
    let cells = rows.map { $0[index] }
    let present = cells.filter { $0 != .null }
    if present.allSatisfy({ if case .integer = $0 { true } else { false } }), !present.isEmpty {
      return Column(
        .int64(Buffer(cells.map { if case .integer(let value) = $0 { Int64(value) } else { 0 } })),
        validity: Bitmap(count: cells.count) { cells[$0] != .null })
    }
    if present.allSatisfy(\.isNumber) {
      return Column(
        cells.map { cell in
          switch cell {
          case .number(let value): value
          case .integer(let value): Double(value)
          default: .nan
          }
        })
    }
    return Column(
      cells.map { cell -> String? in
        switch cell {
        case .null: nil
        case .string(let text): text
        default: cell.compactText
        }
      })
  }
}
