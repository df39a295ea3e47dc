import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import DataFormats

@Suite("CSV against a plain reader")
struct CSVDifferentialTests {
  /// A well-formed table of one kind of column each: text with everything in it, numbers, integers.
  static func table(_ random: inout SplitMix) -> (text: [UInt8], separator: UInt8) {
    let separator = [UInt8](",;\t".utf8).randomElement(using: &random) ?? 44
    let columns = Int.random(in: 1...7, using: &random)
    let rows = Int.random(in: 0...60, using: &random)
    let lineEnd: [UInt8] = random.chance(0.4) ? [13, 10] : [10]
    var text: [UInt8] = random.chance(0.2) ? [0xef, 0xbb, 0xbf] : []
    let between = [separator]
    text += Array((0..<columns).map { "v\($0)" }.joined(separator: String(decoding: between, as: UTF8.self)).utf8)
    for _ in 0..<rows {
      text += lineEnd
      for column in 0..<columns {
        if column > 0 { text.append(separator) }
        text += cell(column, separator, &random)
      }
    }
    if random.chance(0.8) || rows == 0 { text += lineEnd }
    if columns > 1, random.chance(0.1) { text += lineEnd + lineEnd }
    return (text, separator)
  }

  static func cell(_ column: Int, _ separator: UInt8, _ random: inout SplitMix) -> [UInt8] {
    if random.chance(0.15) { return random.chance(0.3) ? Array("\"\"".utf8) : [] }
    let plain: String
    switch column % 3 {
    case 1: plain = "\(Int.random(in: -20_000...20_000, using: &random))"
    case 2: plain = "\(Double.random(in: -9...9, using: &random))"
    default:
      let pieces = [
        "a", "bc", "Zürich", "κέντρο", "\"", "\n", "\r", "\r\n", " ", "x\"y", String(repeating: "long ", count: 30),
        String(decoding: [separator], as: UTF8.self), "0", "🙂",
      ]
      plain = (0..<Int.random(in: 1...4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
    }
    let needsQuotes = plain.utf8.contains { $0 == separator || $0 == 34 || $0 == 10 || $0 == 13 }
    guard needsQuotes || random.chance(0.2) else { return Array(plain.utf8) }
    return [34] + plain.utf8.flatMap { $0 == 34 ? [34, 34] : [$0] } + [34]
  }

  @Test("random tables, random rows, small blocks", arguments: 0..<8)
  func randomTables(batch: Int) throws {
    var random = SplitMix(UInt64(batch))
    for _ in 0..<250 {
      var (text, separator) = Self.table(&random)
      var reference = CSVReference(text, separator: separator)
      var quote = UInt8(ascii: "\"")
      if random.chance(0.3) {
        // The same table with double and single quotes exchanged.
        quote = UInt8(ascii: "'")
        text = text.map { $0 == 34 ? 39 : $0 == 39 ? 34 : $0 }
        func exchanged(_ cell: String) -> String { String(cell.map { $0 == "\"" ? "'" : $0 == "'" ? "\"" : $0 }) }
        reference.header = reference.header.map(exchanged)
        reference.rows = reference.rows.map { $0.map(exchanged) }
      }
      let pace = CSVSource.Pace(
        blockBytes: [64, 128, 1 << 18].randomElement(using: &random) ?? 64,
        cells: [1, 16, 1 << 14].randomElement(using: &random) ?? 1)
      let source = try CSVSource(
        try FileBytes(text), name: "t.csv",
        dialect: CSVDialect(separator: reference.header.count == 1 ? separator : nil, quote: quote), threads: 2,
        pace: pace)
      #expect(source.columnNames == reference.header)
      try #require(source.rowCount == reference.rows.count)
      let first = Int.random(in: 0...source.rowCount, using: &random)
      let last = Int.random(in: first...source.rowCount, using: &random)
      for range in [0..<source.rowCount, first..<last] { try compare(source, reference, range) }
    }
  }

  func compare(_ source: CSVSource, _ reference: CSVReference, _ range: Range<Int>) throws {
    let types = try source.types(of: source.columnNames)
    for (index, name) in source.columnNames.enumerated() {
      let all = reference.rows.map { $0[index] }
      let cells = all[range].map { $0.isEmpty ? nil : $0 }
      let categories = try source.rows(range, [.category(name)])[name]
      #expect(categories?.cells == cells)
      let verbatim = try source.rows(range, [.verbatim(name)])[name]
      #expect(verbatim?.cells == cells)
      // Spaces around a number are part of the cell, not of the number.
      let filled = all.filter { !$0.isEmpty }.map { $0.trimmingCharacters(in: [" "]) }
      let integers = filled.compactMap { Int64($0) }
      let numbers = filled.compactMap { Double($0) }
      let type: DataType =
        filled.isEmpty
        ? .float64
        : integers.count == filled.count ? .int64 : numbers.count == filled.count ? .float64 : .text
      #expect(types[name] == type, "\(filled)")
      guard type != .text else { continue }
      let expected = cells.map { $0.flatMap { Double($0.trimmingCharacters(in: [" "])) } }
      let parsed = try source.rows(range, [.number(name)])[name]?.numbers?.array
      #expect(parsed?.map { $0.isNaN ? nil : $0 } == expected)
      let native = try source.rows(range, [.native(name)])[name]
      #expect(native?.type == type)
      #expect(native?.numbers?.array.map { $0.isNaN ? nil : $0 } == expected)
    }
  }

  @Test("numbers read as the system reads them")
  func numbers() throws {
    var random = SplitMix(99)
    var texts: [String] = [
      "0", "-0", "+5", ".5", "5.", "-.5", "1e5", "1E-5", "1e+22", "1e22", "1e23", "9007199254740993", "0.1", "1e308",
      "2.2250738585072014e-308", "4.9e-324", "1e-400", "123456789012345678901234567890", "0.000000000000000000001",
      "9223372036854775807", "-9223372036854775808", "18446744073709551616", "99999999", "9999999.9", "-99999999",
      "100000000", "1.7976931348623157e308", "8.5899345920000009e9", "0.30000000000000004",
    ]
    for _ in 0..<30_000 {
      let digits = Int.random(in: 1...21, using: &random)
      var text = (0..<digits).map { _ in "\(Int.random(in: 0...9, using: &random))" }.joined()
      if random.chance(0.7) {
        text.insert(".", at: text.index(text.startIndex, offsetBy: Int.random(in: 0...digits, using: &random)))
      }
      if random.chance(0.3) { text = "-" + text }
      if random.chance(0.2) { text += "e\(Int.random(in: -30...30, using: &random))" }
      texts.append(text)
    }
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      if value.isFinite { texts.append("\(value)") }
    }
    let source = try csv("x\n" + texts.joined(separator: "\n"), pace: CSVSource.Pace())
    let read = try source.rows(0..<texts.count, [.number("x")]).numbers("x").array
    let wrong = zip(texts, read).filter { Double($0)?.bitPattern != $1.bitPattern }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
  }

  @Test(
    "what is no number",
    arguments: [
      "x", "1x", "--1", "+-1", "1.2.3", ".", "-", "+", "e5", "1e", "1e+", "inf", "Inf", "nan", "NaN", "NA", "0x10",
      "1_0",
      "1,5", "1 2", " ", "1e400", "\u{0661}", "12345678x", "1234567-", "/", ":", "1/", "\"1\"\"\"",
    ])
  func notNumbers(_ text: String) throws {
    let source = try csv("x\ty\n\(text)\t1\n", dialect: CSVDialect(separator: 9))
    #expect(try source.types(of: ["x"]) == ["x": .text])
    #expect(throws: ImmerseError.self) { try source.rows(0..<1, [.number("x")]) }
  }
}
