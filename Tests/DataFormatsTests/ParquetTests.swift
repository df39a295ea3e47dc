import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import DataFormats

@Suite("Parquet")
struct ParquetTests {
  static func source(_ file: String) throws -> ParquetSource {
    let path = TestFiles.golden("parquet/\(file)").path
    return try ParquetSource(try FileBytes(path: path), name: path)
  }

  @Test("what pyarrow, polars and duckdb wrote", arguments: ["table", "times", "int96", "factors", "polars_factors"])
  func golden(table: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("parquet/\(table).json"))
    for file in try golden["files"].list.map({ try $0.string }) {
      let source = try Self.source(file)
      for column in golden["columns"].keys {
        let cells = ArrowTests.cells(golden["columns", column])
        #expect(source.rowCount == cells.count)
        let own = try #require(try source.rows(0..<source.rowCount, [.native(column)])[column])
        #expect(ArrowTests.cells(own) == cells, "\(file) \(column)")
        #expect(try source.types(of: [column])[column] == own.type)
        let coded = try source.rows(0..<source.rowCount, [.category(column)])[column]
        #expect(coded?.type == .category && coded?.cells == own.cells, "\(file) \(column)")
        // Any rows, in any order, across whatever pages and groups.
        for (start, end) in [(0, 1), (40, 41), (2, 2), (60, 290), (130, 261), (299, 300), (1, 300), (7, 9), (9, 80)]
        where end <= cells.count {
          for request in [ColumnRequest.native(column), .category(column)] {
            let part = try #require(try source.rows(start..<end, [request])[column])
            #expect(part.cells == Array(own.cells[start..<end]), "\(file) \(column) \(start)..<\(end)")
          }
        }
      }
    }
  }

  @Test("integers keep their types, whoever wrote them")
  func types() throws {
    let expected: [String: DataType] = [
      "int8": .int8, "int16": .int16, "int32": .int32, "int64": .int64, "uint8": .uint8, "uint16": .uint16,
      "uint32": .uint32, "uint64": .uint64, "single": .float32, "double": .float64, "bool": .bool, "words": .text,
    ]
    for file in ["pyarrow_default", "pyarrow_uncompressed", "polars_default", "duckdb_default"] {
      #expect(try Self.source("\(file).parquet").types(of: Array(expected.keys)) == expected, "\(file)")
    }
  }

  @Test("dictionaries are categories with their order, and words about a column come along")
  func factors() throws {
    let source = try Self.source("factors.parquet")
    #expect(
      try source.types(of: ["ordered", "named", "x"]) == ["ordered": .category, "named": .category, "x": .int32])
    let batch = try source.rows(3..<10, [.native("ordered"), .native("named")])
    let levels = try (#require(batch["ordered"]).categories.levels, #require(batch["named"]).categories.levels)
    #expect(levels.0.isDeclared && !levels.1.isDeclared)
    #expect(levels.0.names == ["low", "mid", "high", "never"])
    let metadata = try #require(source.metadata(of: "x"))
    #expect(metadata.label == "An item" && metadata.valueLabels.count == 2)
    let described = try DataFile.open(TestFiles.golden("parquet/factors.parquet").path)
    #expect(
      try described.rows(0..<4, [.number("x")]).numbers("x").array.map { $0.isNaN } == [false, true, true, false])
  }

  @Test("columns of other types are refused by name, and only when asked for")
  func refused() throws {
    let source = try Self.source("nested.parquet")
    #expect(source.columnNames == ["x", "list", "struct", "map", "y", "raw", "fixed"])
    let batch = try source.rows(0..<2, [.number("x"), .category("y")])
    #expect(try batch.numbers("x").array == [1.5, 2.5])
    #expect(batch["y"]?.cells == ["p", "q"])
    for (name, word) in [
      ("list", "nested (Parquet list)"), ("struct", "nested (Parquet struct)"), ("map", "nested (Parquet map)"),
      ("raw", "UTF-8"),
      ("fixed", "fixed-size binary"),
    ] {
      let error = #expect(throws: ImmerseError.self) { try source.rows(0..<2, [.native(name)]) }
      #expect(error?.variable == name && error?.problem.contains(word) == true, "\(name)")
      #expect(error?.place?.file.hasSuffix("nested.parquet") == true)
    }
    let brotli = try Self.source("brotli.parquet")
    let error = #expect(throws: ImmerseError.self) { try brotli.rows(0..<10, [.native("x")]) }
    #expect(error?.problem.contains("Brotli") == true)
  }

  @Test("a file of no rows")
  func empty() throws {
    let source = try Self.source("empty.parquet")
    #expect(source.rowCount == 0)
    let batch = try source.rows(0..<0, source.columnNames.map { .native($0) })
    #expect(batch.columns.allSatisfy { $0.count == 0 })
  }

  @Test("the format is told by content, and a file becomes an Arrow file of the same cells")
  func opening() throws {
    try TestFiles.withTemporaryFolder { folder in
      let copy = folder.appending(path: "unnamed").path
      try FileManager.default.copyItem(atPath: TestFiles.golden("parquet/pyarrow_default.parquet").path, toPath: copy)
      let source = try DataFile.open(copy)
      let arrow = folder.appending(path: "t.arrow").path
      try DataFile.write(source, to: arrow, engine: Engine(threads: 2))
      let back = try ArrowSource(path: arrow)
      #expect(back.columnNames == source.columnNames)
      for name in back.columnNames {
        let (a, b) = try (back.rows(0..<300, [.native(name)]), source.rows(0..<300, [.native(name)]))
        #expect(a[name]?.cells == b[name]?.cells && a[name]?.type == b[name]?.type, "\(name)")
      }
    }
  }
}
