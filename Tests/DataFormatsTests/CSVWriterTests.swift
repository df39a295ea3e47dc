import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import DataFormats

@Suite("CSV output")
struct CSVWriterTests {
  static func text(_ columns: [(String, Column)], separator: String = ",") throws -> String {
    let batch = Batch(columns.map { (name: $0.0, column: $0.1) }, rowCount: columns[0].1.count)
    let encoder = CSVEncoder(separator: Array(separator.utf8)[0])
    return String(decoding: try encoder.encode(batch).array, as: UTF8.self)
  }

  @Test("numbers, missing values and quotes where they are needed")
  func cells() throws {
    let text = try Self.text([
      ("a", Column([1, .nan, -2.5, 1e21])),
      ("b", Column(["x", nil, "say \"hi\"", "a,b"])),
      ("c", Column(.category(Buffer([1, 0, -1, 1]), Levels(["l\nm", "o"])))),
      ("d", Column(.int64(Buffer([1, 2, .max, .min])), validity: Bitmap(count: 4) { $0 != 1 })),
      ("e", Column(.bool(Bitmap(count: 4) { $0 % 2 == 0 }))),
    ])
    #expect(
      text == "1,x,o,1,true\n" + ",,\"l\nm\",,false\n"
        + "-2.5,\"say \"\"hi\"\"\",,9223372036854775807,true\n"
        + "1e+21,\"a,b\",o,-9223372036854775808,false\n")
    #expect(try Self.text([("a", Column(["a,b", "a\tb"]))], separator: "\t") == "a,b\n\"a\tb\"\n")
  }

  @Test("a missing value alone in its row is not a blank line")
  func singleColumn() throws {
    #expect(try Self.text([("a", Column([1, .nan, 3]))]) == "1\n\"\"\n3\n")
  }

  @Test("rows without columns are nothing to write")
  func noColumns() throws {
    let encoder = CSVEncoder(separator: UInt8(ascii: ","))
    #expect(try encoder.encode(Batch([], rowCount: 3)).array.isEmpty)
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).csv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try DataFile.write(Table(Batch([], rowCount: 3)), to: path, engine: Engine(threads: 1))
    #expect(FileManager.default.contents(atPath: path)?.isEmpty == true)
  }

  @Test("numbers are the shortest text that reads back")
  func shortest() throws {
    var random = SplitMix(5)
    var values: [Double] = [
      0, -0.0, 0.1, 0.3, 1e-4, 9.9999e-5, 1e15, 999_999_999_999_999, 1e16, 0.1 + 0.2, .leastNonzeroMagnitude,
      .greatestFiniteMagnitude,
      123456.789, 1e-4 + 1e-12, 99999999.99999999, .infinity, -.infinity, 4_503_599_627_370_495.5,
    ]
    for _ in 0..<30_000 {
      let decimals = pow(10, Double(Int.random(in: 0...12, using: &random)))
      values.append((Double.random(in: -2000...2000, using: &random) * decimals).rounded() / decimals)
      values.append(Double.random(in: -1...1, using: &random))
      let bits = Double(bitPattern: random.next())
      if !bits.isNaN { values.append(bits) }
    }
    let written = try Self.text([("x", Column(values))]).split(separator: "\n")
    let wrong = zip(values, written).filter { NumberText.shortest($0) != $1 }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
  }

  @Test("a table survives writing and reading", arguments: 0..<4)
  func roundTrip(seed: Int) throws {
    var random = SplitMix(UInt64(100 + seed))
    for _ in 0..<100 {
      let (text, separator) = CSVDifferentialTests.table(&random)
      let source = try CSVSource(
        try FileBytes(text), name: "t", dialect: CSVDialect(separator: separator), threads: 1)
      let requests = source.columnNames.map { ColumnRequest.verbatim($0) }
      let batch = try source.rows(0..<source.rowCount, requests)
      let names = Batch(source.columnNames.map { ($0, Column([$0])) }, rowCount: 1)
      let encoder = CSVEncoder(separator: separator)
      let again = try CSVSource(
        try FileBytes(try encoder.encode(names).array + encoder.encode(batch).array), name: "t",
        dialect: CSVDialect(separator: separator), threads: 1)
      let back = try again.rows(0..<again.rowCount, requests)
      #expect(batch.columns.map(\.cells) == back.columns.map(\.cells))
    }
  }
}
