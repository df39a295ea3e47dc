import Columnar
import Foundation

@testable import DataFormats

/// A plain reader of text tables, one byte after the other, to compare with.
struct CSVReference {
  var header: [String] = []
  var rows: [[String]] = []

  init(_ text: [UInt8], separator: UInt8 = UInt8(ascii: ",")) {
    var records: [[[UInt8]]] = []
    var record: [[UInt8]] = []
    var cell: [UInt8] = []
    var isQuoted = false
    var position = text.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    func isLineEnd(_ at: Int) -> Bool { at == text.count || text[at] == 10 }
    while position < text.count {
      let byte = text[position]
      if isQuoted {
        if byte == 34, position + 1 < text.count, text[position + 1] == 34 {
          cell.append(34)
          position += 1
        } else if byte == 34 {
          isQuoted = false
        } else {
          cell.append(byte)
        }
      } else if byte == 34 {
        isQuoted = true
      } else if byte == separator {
        record.append(cell)
        cell = []
      } else if byte == 10 {
        records.append(record + [cell])
        record = []
        cell = []
      } else if byte != 13 || !isLineEnd(position + 1) {
        cell.append(byte)
      }
      position += 1
    }
    if text.last != 10 { records.append(record + [cell]) }
    let texts = records.map { $0.map { String(decoding: $0, as: UTF8.self) } }
    header = texts.first ?? []
    rows = Array(texts.dropFirst())
    if header.count > 1 {
      while rows.last == [""] { rows.removeLast() }
    }
  }
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}

extension Column {
  /// The cells of a column as text, nil where missing.
  var cells: [String?] {
    let categories = categories
    return categories.codes.array.map { $0 < 0 ? nil : categories.levels[Int($0)] }
  }
}

/// A source of some text, surveyed and split in very small pieces unless told otherwise.
func csv(
  _ text: String, dialect: CSVDialect = CSVDialect(), threads: Int = 2,
  pace: CSVSource.Pace = CSVSource.Pace(blockBytes: 64, cells: 8)
) throws -> CSVSource {
  try CSVSource(
    try FileBytes(Array(text.utf8)), name: "t.csv", dialect: dialect, threads: threads, pace: pace)
}
