import Columnar
import DataShaping

/// The first row of a text table: the names of its columns.
struct CSVHeader {
  let names: [String]
  let separator: UInt8
  /// The first byte after the header.
  let end: Int

  /// Reads the header, after a byte order mark if there is one; where no separator is given, takes the most frequent
  /// one that is not the decimal mark. O(header).
  ///
  /// - Throws: `badData` where the file is empty or not text, or two columns have one name.
  init(_ text: FileBytes, name: String, dialect: CSVDialect) throws(ImmerseError) {
    let place = ImmerseError.Place(file: name, line: 1)
    let start = try Self.start(text, place)
    let separator = dialect.separator ?? Self.likelySeparator(text, from: start, dialect)
    let diagnosis = CSVDiagnosis(text: text, name: name, separator: separator, quote: dialect.quote)
    let record: CSVRecord
    do {
      record = try text.buffer.withUnsafeBufferPointer { bytes throws(CSVRecord.Fault) in
        try CSVRecord(bytes, from: start, separator: separator, quote: dialect.quote)
      }
    } catch {
      throw diagnosis.malformed(error)
    }
    if (start..<record.end).contains(where: { text.buffer[$0] == 0 }) { throw diagnosis.nul(in: start..<record.end) }
    if let byte = text.firstInvalidUTF8(in: start..<record.end) { throw diagnosis.notUTF8(at: byte) }
    names = record.cells.map { String(decoding: $0, as: UTF8.self) }
    self.separator = separator
    end = record.end
    try check(place)
  }

  private static func start(_ text: FileBytes, _ place: ImmerseError.Place) throws(ImmerseError) -> Int {
    let bytes = text.buffer
    if bytes.count == 0 {
      throw ImmerseError(.badData, "the file is empty", place: place, remedy: "a header and rows are needed")
    }
    if bytes.count >= 2, bytes[0] == 0xff && bytes[1] == 0xfe || bytes[0] == 0xfe && bytes[1] == 0xff {
      throw ImmerseError(.badData, "the file is UTF-16", place: place, remedy: "save it as CSV in UTF-8")
    }
    let hasMark = bytes.count >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf
    return hasMark ? 3 : 0
  }

  private static func likelySeparator(_ text: FileBytes, from start: Int, _ dialect: CSVDialect) -> UInt8 {
    let candidates = [UInt8](",;\t".utf8).filter { $0 != dialect.decimal }
    var counts = candidates.map { _ in 0 }
    var isInside = false
    for position in start..<text.buffer.count {
      let byte = text.buffer[position]
      if byte == dialect.quote { isInside.toggle() }
      if isInside { continue }
      if byte == CSVByte.newline { break }
      if let index = candidates.firstIndex(of: byte) { counts[index] += 1 }
    }
    let highest = counts.max() ?? 0
    return candidates[counts.firstIndex(of: highest) ?? 0]
  }

  private func check(_ place: ImmerseError.Place) throws(ImmerseError) {
    if names.contains(where: { $0.utf8.contains(CSVByte.carriageReturn) }) {
      throw ImmerseError(
        .badData, "a carriage return stands in the header", place: place, remedy: "save the file with LF line ends")
    }
    var seen: [String: Int] = [:]
    for (column, name) in names.enumerated() {
      let here = ImmerseError.Place(file: place.file, line: 1, column: column + 1)
      if let first = seen.updateValue(column, forKey: name) {
        throw ImmerseError(
          .badData, "two columns have this name, the other is column \(first + 1)", place: here, variable: name,
          remedy: "rename one of them")
      }
    }
  }
}
