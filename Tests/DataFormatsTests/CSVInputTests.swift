import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import DataFormats

@Suite("CSV input, good and bad")
struct CSVInputTests {
  func error(_ body: () throws -> Void) -> ImmerseError? {
    do {
      try body()
      return nil
    } catch {
      return error as? ImmerseError
    }
  }

  func error(opening text: [UInt8]) -> ImmerseError? {
    error { _ = try CSVSource(try FileBytes(text), name: "t.csv", dialect: CSVDialect(), threads: 2) }
  }

  func error(reading text: String, _ request: ColumnRequest) -> ImmerseError? {
    error { _ = try csv(text).rows(0..<(try csv(text).rowCount), [request]) }
  }

  // MARK: What is refused

  @Test("an empty file")
  func empty() {
    #expect(error(opening: [])?.description == "t.csv:1: the file is empty (a header and rows are needed)")
  }

  @Test("two columns of one name")
  func duplicateName() {
    let found = error(opening: Array("a,b,a\n1,2,3\n".utf8))
    #expect(found?.kind == .badData && found?.variable == "a")
    #expect(found?.place == ImmerseError.Place(file: "t.csv", line: 1, column: 3))
  }

  @Test("rows with too few and too many cells", arguments: [("1,2", 2), ("1,2,3,4", 4), ("", 1), ("1,\"2,3\"", 2)])
  func ragged(row: String, cells: Int) {
    let found = error(reading: "a,b,c\n1,2,3\n\(row)\n7,8,9\n", .number("b"))
    #expect(found?.problem == "the row has \(cells) cells where the header has 3")
    #expect(found?.place == ImmerseError.Place(file: "t.csv", line: 3))
  }

  @Test("a last row cut short")
  func raggedAtTheEnd() {
    #expect(error(reading: "a,b\n1,2\n3", .number("a"))?.place?.line == 3)
    #expect(error(reading: "a,b\n1,2\n3,", .number("b")) == nil)
  }

  @Test("one row too short and the next too long")
  func raggedInPairs() {
    #expect(error(reading: "a,b,c\n1,2\n3,4,5,6\n", .number("a"))?.place?.line == 2)
  }

  @Test("text in a numeric column is named by line, column and variable, never shown")
  func textAmongNumbers() {
    let found = error(reading: "a,age\n1,9\n2,\"\nsecret\"\n3,secret\n", .number("age"))
    #expect(found?.place == ImmerseError.Place(file: "t.csv", line: 3, column: 2))
    #expect(found?.variable == "age")
    #expect(found?.description.contains("secret") == false)
    // Lines are the file's, whatever quotes hold them together.
    #expect(error(reading: "a,b\n\"x\n\ny\",1\nz,w\n", .number("b"))?.place?.line == 5)
  }

  @Test("a column that is not there, with the nearest name")
  func missingColumn() {
    let found = error(reading: "age,sex\n1,2\n", .number("agee"))
    #expect(found?.description == "t.csv:1: variable \"agee\": there is no such column (did you mean \"age\"?)")
  }

  @Test("a quote left open is reported where it opens")
  func unterminatedQuote() {
    let found = error(opening: Array("a,b\n1,2\n3,\"4\n5,6\n".utf8))
    #expect(found?.problem == "a quote is opened and never closed" && found?.place?.line == 3)
    #expect(error(opening: Array("a,\"b\n1,2\n".utf8))?.place?.line == 1)
  }

  @Test("a quote inside a cell", arguments: ["5\" pipe", "\"a\"b", "\"a\" ", "x\"", "\"a\"\rb"])
  func strayQuote(cell: String) {
    // Once with a second one, so that the file as a whole looks balanced.
    for text in ["a,b\n1,2\n\(cell),4\n", "a,b\n1,2\n\(cell),4\n\(cell),6\n"] {
      let found =
        error(opening: Array(text.utf8)) ?? error(reading: text, .category("a"))
      #expect(found?.problem == "a quote stands inside a cell", "\(text)")
      #expect(found?.place?.line == 3)
    }
  }

  @Test("bytes that are not UTF-8, anywhere", arguments: [0, 50, 100, 500])
  func notUTF8(padding: Int) {
    let start = "name,x\n" + String(repeating: "é,1\n", count: padding)
    let found = error(opening: Array(start.utf8) + [0x4d, 0xfc, 0x6c] + Array(",2\n".utf8))
    #expect(found?.problem == "the text is not UTF-8" && found?.place?.line == padding + 2)
    #expect(error(opening: [0xe9] + Array(",b\n1,2\n".utf8))?.place?.line == 1)
    #expect(error(opening: Array("a,b\n1,\u{fc}".utf8).dropLast() + [])?.place?.line == 2)
  }

  @Test("NUL bytes and UTF-16")
  func notText() {
    let found = error(opening: Array("a,b\n1,2\n3,\0\n".utf8))
    #expect(found?.problem == "a NUL byte stands in the text" && found?.place?.line == 3)
    #expect(error(opening: [0xff, 0xfe, 0x61, 0])?.problem == "the file is UTF-16")
    #expect(error(opening: Array("a\0,b\n".utf8))?.place?.line == 1)
  }

  @Test("carriage returns alone as line ends")
  func oldMac() {
    #expect(error(opening: Array("a,b\r1,2\r".utf8))?.problem == "a carriage return stands in the header")
  }

  @Test("a dialect that contradicts itself", arguments: ["\"", "\n", "1", "-", ".", "x"])
  func badDialect(separator: String) {
    let dialect = CSVDialect(separator: separator.utf8.first)
    #expect(error { _ = try csv("a,b\n", dialect: dialect) }?.kind == .usage)
  }

  @Test("a quote that contradicts itself", arguments: [",", "\n", "1", "-", ".", "x", " ", ";", "\t"])
  func badQuote(quote: String) {
    let dialect = CSVDialect(separator: UInt8(ascii: "|"), quote: quote.utf8.first ?? 0)
    #expect(error { _ = try csv("a|b\n", dialect: dialect) }?.kind == .usage)
  }

  // MARK: What is understood

  @Test("other quotes, and none")
  func quotes() throws {
    let single = try csv("a,'b,c'\n'it''s \"x\"',1\n", dialect: CSVDialect(quote: UInt8(ascii: "'")))
    #expect(single.columnNames == ["a", "b,c"])
    #expect(try single.rows(0..<1, [.category("a")])["a"]?.cells == ["it's \"x\""])
    #expect(try single.rows(0..<1, [.number("b,c")]).numbers("b,c").array == [1])
    let none = try csv("a,b\n\"x,2\nit's 5\",3\n", dialect: CSVDialect(quote: 0))
    #expect(try none.rows(0..<2, [.category("a")])["a"]?.cells == ["\"x", "it's 5\""])
    #expect(try none.rows(0..<2, [.number("b")]).numbers("b").array == [2, 3])
  }

  @Test("a header and no rows", arguments: ["a,b", "a,b\n", "a,b\r\n", "a,b\n\n"])
  func headerOnly(text: String) throws {
    let source = try csv(text)
    #expect(source.rowCount == 0 && source.columnNames == ["a", "b"])
    #expect(try source.types(of: ["a"]) == ["a": .float64])
    #expect(try source.rows(0..<0, [.number("a"), .category("b")]).rowCount == 0)
  }

  @Test(
    "line ends, marks and blank lines at the end make no difference",
    arguments: [
      "a,b\n1,x\n2,y\n", "a,b\n1,x\n2,y", "a,b\r\n1,x\r\n2,y\r\n", "a,b\r\n1,x\r\n2,y", "\u{feff}a,b\n1,x\n2,y\n",
      "a,b\n1,x\n2,y\n\n\n", "a,b\r\n1,x\r\n2,y\r\n\r\n", "a;b\n1;x\n2;y\n", "a\tb\n1\tx\n2\ty\n",
      "\"a\",\"b\"\n\"1\",\"x\"\n\"2\",\"y\"\n", "a,b\n1,x\r\n2,y\n", "a,b\n 1,x\n2 ,y",
    ])
  func sameTable(text: String) throws {
    let source = try csv(text)
    #expect(source.columnNames == ["a", "b"])
    #expect(try source.types(of: ["a", "b"]) == ["a": .int64, "b": .text])
    let batch = try source.rows(0..<source.rowCount, [.number("a"), .category("b")])
    #expect(try batch.numbers("a").array == [1, 2])
    #expect(batch["b"]?.cells == ["x", "y"])
  }

  @Test("an empty line is a missing value where there is one column")
  func singleColumn() throws {
    let source = try csv("x\n1\n\n3\n\n")
    #expect(try source.rows(0..<4, [.native("x")])["x"]?.cells == ["1", nil, "3", nil])
  }

  @Test("a column without a name, as row names are written")
  func rowNames() throws {
    let source = try csv("\"\",\"y\"\n\"1\",2\n")
    #expect(source.columnNames == ["", "y"])
    #expect(error(opening: Array(",,a\n1,2,3\n".utf8))?.problem.hasPrefix("two columns") == true)
  }

  @Test("categories keep the text, numbers the value")
  func leadingZeros() throws {
    let source = try csv("id,x\n01,1.50\n1,1.5\n")
    #expect(try source.rows(0..<2, [.category("id")])["id"]?.cells == ["01", "1"])
    #expect(try source.rows(0..<2, [.number("id")]).numbers("id").array == [1, 1])
    #expect(try source.rows(0..<2, [.verbatim("x")])["x"]?.cells == ["1.50", "1.5"])
  }

  @Test("one text spelled in two ways by Unicode is one category")
  func unicodeForms() throws {
    let source = try csv("x\ncaf\u{e9}\ncafe\u{301}\ncafe\n")
    let column = try #require(try source.rows(0..<3, [.category("x")])["x"])
    let frozen = column.categories.recoded(to: Levels(sorting: column.categories.levels.names))
    #expect(frozen.codes[0] == frozen.codes[1] && frozen.codes[0] != frozen.codes[2])
  }

  @Test("missing codes, quoted or not, in every form")
  func missingCodes() throws {
    let source = try csv("x,y\n-99,NA\n1,a\n\"NA\",\"NA\"\n-9,-99\n", dialect: CSVDialect(missingCodes: ["NA", "-99"]))
    #expect(try source.types(of: ["x", "y"]) == ["x": .int64, "y": .text])
    let batch = try source.rows(0..<4, [.native("x"), .category("y")])
    #expect(batch["x"]?.cells == [nil, "1", nil, "-9"])
    #expect(batch["y"]?.cells == [nil, "a", nil, nil])
    #expect(batch["y"]?.categories.levels.names == ["a"])
    #expect(try source.rows(0..<4, [.number("x")]).numbers("x").array.map { $0.isNaN } == [true, false, true, false])
    #expect(try source.rows(0..<4, [.verbatim("x")])["x"]?.cells == [nil, "1", nil, "-9"])
  }

  @Test("decimal commas")
  func decimalComma() throws {
    let source = try csv("x;y\n1,5;a\n-0,25;b\n1e2;c\n", dialect: CSVDialect(decimal: UInt8(ascii: ",")))
    #expect(try source.types(of: ["x"]) == ["x": .float64])
    #expect(try source.rows(0..<3, [.number("x")]).numbers("x").array == [1.5, -0.25, 100])
    #expect(try csv("x\n1,5\n", dialect: CSVDialect(decimal: UInt8(ascii: ","))).types(of: ["x"]) == ["x": .float64])
    // Copied, the numbers take the point that every reader expects.
    #expect(try source.rows(0..<3, [.verbatim("x")])["x"]?.type == .float64)
  }

  @Test("Latin-1 on request")
  func latin1() throws {
    let bytes = Array("name,x\nM".utf8) + [0xfc] + Array("ller,1\n".utf8) + [0x80] + Array(",2\n".utf8)
    let source = try CSVSource(
      try FileBytes(bytes), name: "t.csv", dialect: CSVDialect(encoding: .latin1), threads: 1)
    #expect(try source.rows(0..<2, [.category("name")])["name"]?.cells == ["Müller", "€"])
  }

  @Test("whole numbers beyond 2^53 keep all digits")
  func largeIntegers() throws {
    let source = try csv("id\n9007199254740993\n-9223372036854775807\n")
    guard case .int64(let ids)? = try source.rows(0..<2, [.native("id")])["id"]?.values else {
      Issue.record("not int64")
      return
    }
    #expect(ids.array == [9_007_199_254_740_993, -9_223_372_036_854_775_807])
    #expect(try csv("id\n9223372036854775808\n").types(of: ["id"]) == ["id": .float64])
  }

  @Test("a type is decided by the whole file")
  func lateText() throws {
    let rows = chunkRows + 10
    let text =
      "x,y,z\n"
      + (0..<rows).map { "\($0),\($0 == rows - 1 ? "x" : "1"),\($0 == rows - 1 ? "1.5" : "")" }
      .joined(separator: "\n")
    let source = try csv(text, pace: CSVSource.Pace())
    #expect(source.chunkCount == 2 && source.rowCount == rows)
    #expect(try source.types(of: ["x", "y", "z"]) == ["x": .int64, "y": .text, "z": .float64])
    #expect(try source.chunk(1, [.number("x")]).numbers("x").array == (chunkRows..<rows).map { Double($0) })
    #expect(try source.chunk(1, [.number("x")]).firstRow == chunkRows)
  }

  @Test("a table of very many columns")
  func wide() throws {
    let names = (0..<3000).map { "v\($0)" }
    let rows = (0..<5).map { row in (0..<3000).map { "\(row * 3000 + $0)" }.joined(separator: ",") }
    let source = try csv(([names.joined(separator: ",")] + rows).joined(separator: "\n"))
    let batch = try source.rows(0..<5, [.number("v2999"), .number("v0"), .number("v1500")])
    #expect(try batch.numbers("v2999").array == [2999, 5999, 8999, 11999, 14999])
    #expect(try batch.numbers("v0").array == [0, 3000, 6000, 9000, 12000])
    #expect(batch.names == ["v2999", "v0", "v1500"])
  }
}
