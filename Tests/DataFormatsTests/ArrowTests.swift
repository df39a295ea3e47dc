import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import DataFormats

@Suite("Arrow IPC")
struct ArrowTests {
  /// Cells as JSON would hold them, truth values as 0 and 1, for comparison with what pyarrow printed.
  static func cells(_ column: Column) -> [AnyHashable?] {
    if column.type.isNumeric, let numbers = column.numbers {
      return numbers.array.map { $0.isNaN ? nil : AnyHashable($0) }
    }
    if case .text(let texts) = column.values {
      return (0..<column.count).map { column.validity?[$0] == false ? nil : AnyHashable(texts[$0]) }
    }
    return column.cells.map { $0.map { AnyHashable($0) } }
  }

  static func cells(_ golden: GoldenJSON) -> [AnyHashable?] {
    golden.list.map { cell -> AnyHashable? in
      if let text = cell.value as? String { return AnyHashable(text) }
      return (cell.value as? NSNumber).map { AnyHashable($0.doubleValue) }
    }
  }

  @Test(
    "what pyarrow wrote",
    arguments: [
      "types", "batches", "sliced", "empty", "replaced", "delta", "types_zstd", "types_lz4", "times",
    ])
  func golden(name: String) throws {
    let expected = try GoldenJSON(TestFiles.golden("arrow/\(name).arrow.json"))["columns"]
    let source = try ArrowSource(path: TestFiles.golden("arrow/\(name).arrow").path)
    #expect(Set(source.columnNames) == Set(expected.keys))
    let whole = try source.rows(0..<source.rowCount, source.columnNames.map { .native($0) })
    for column in source.columnNames {
      let cells = Self.cells(expected[column])
      let own = try #require(whole[column])
      #expect(Self.cells(own) == cells, "\(column)")
      #expect(try source.types(of: [column])[column] == own.type)
      if own.type == .text {
        let coded = try source.rows(0..<source.rowCount, [.category(column)])[column]
        #expect(coded?.type == .category && coded.map(Self.cells) == cells)
      }
      // Any rows, across whatever batches.
      for start in 0..<cells.count {
        for end in [start, start + 1, (start + cells.count) / 2, cells.count] where end <= cells.count && end >= start {
          let part = try #require(try source.rows(start..<end, [.native(column)])[column])
          #expect(Self.cells(part) == Array(cells[start..<end]), "\(column) \(start)..<\(end)")
        }
      }
    }
  }

  @Test("columns of other types are refused by name, and only when asked for")
  func otherTypes() throws {
    let source = try ArrowSource(path: TestFiles.golden("arrow/other_types.arrow").path)
    let batch = try source.rows(0..<2, [.number("x"), .category("y")])
    #expect(try batch.numbers("x").array == [1.5, 2.5])
    #expect(batch["y"]?.cells == ["p", "q"])
    for (name, type) in [("raw", "binary"), ("coded", "int64")] {
      let error = #expect(throws: ImmerseError.self) { try source.rows(0..<2, [.native(name)]) }
      #expect(error?.variable == name && error?.problem.contains(type) == true)
      #expect(error?.place?.file.hasSuffix("other_types.arrow") == true)
    }
    #expect(throws: ImmerseError.self) { try source.rows(0..<2, [.number("y")]) }
    let times = try source.rows(0..<2, [.native("day"), .native("at")])
    #expect(times["day"]?.cells == ["1970-01-02", "1970-01-03"])
    #expect(times["at"]?.cells == ["1970-01-01T00:00:00.001", "1970-01-01T00:00:00.002"])
  }

  @Test("nested files are refused with the reason")
  func refused() {
    let nested = #expect(throws: ImmerseError.self) {
      try ArrowSource(path: TestFiles.golden("arrow/nested.arrow").path)
    }
    #expect(nested?.variable == "list" && nested?.problem.contains("list") == true)
  }

  @Test("a compressed buffer whose claim of size is a lie", arguments: ["lz4", "zstd"])
  func lyingSize(codec: String) throws {
    let bytes = Array(try Data(contentsOf: TestFiles.golden("arrow/\(codec).arrow")))
    // The claim of 800 bytes stands before the frame.
    let claim = withUnsafeBytes(of: Int64(800).littleEndian) { Array($0) }
    let position = try #require(bytes.indices.dropLast(8).first { Array(bytes[$0..<$0 + 8]) == claim })
    for lie in [0, 799, 801, 1 << 31, 1 << 40, -2, Int64.max] {
      var damaged = bytes
      let replaced = withUnsafeBytes(of: lie.littleEndian) { Array($0) }
      damaged.replaceSubrange(position..<position + 8, with: replaced)
      let source = try ArrowSource(try FileBytes(damaged), name: "damaged")
      #expect(throws: ImmerseError.self) { try source.rows(0..<100, [.native("x")]) }
    }
  }

  @Test("a stream, its dictionaries growing from batch to batch")
  func stream() throws {
    let rows = 150_000
    let table = Table([
      ("x", Column((0..<rows).map { Double($0) })),
      ("c", Column((0..<rows).map { $0 % 11 == 0 ? nil : "level \($0 / 40_000)" })),
    ])
    try TestFiles.withTemporaryFolder { folder in
      let stream = folder.appending(path: "t.arrows").path
      let output = try OutputFile(stream)
      var writer = ArrowWriter(to: output, fields: [Field("x", .float64), Field("c", .category)], isStream: true)
      try table.export([.native("x"), .category("c")], to: &writer, with: Engine(threads: 2))
      try writer.finish()
      try output.commit()
      let source = try DataFile.open(stream)
      #expect(try source.types(of: ["x", "c"]) == ["x": .float64, "c": .category])
      let own = try source.rows(0..<rows, [.native("x"), .category("c")])
      #expect(try own.numbers("x").array == (0..<rows).map { Double($0) })
      #expect(own["c"]?.cells == table.batch["c"]?.cells)
      if let python = Python.withPyArrow {
        let script = "import pyarrow.ipc as i,sys; print(i.open_stream(sys.argv[1]).read_all().num_rows)"
        #expect(String(decoding: try python.run(["-c", script, stream]), as: UTF8.self) == "\(rows)\n")
      }
    }
  }

  @Test("compressed files hold the same values", arguments: [ArrowCodec.zstd, .lz4], [false, true])
  func compressed(codec: ArrowCodec, isStream: Bool) throws {
    let table = Self.everyType(rows: chunkRows + 1_000)
    try TestFiles.withTemporaryFolder { folder in
      func write(_ name: String, _ codec: ArrowCodec?) throws -> String {
        let path = folder.appending(path: name).path
        let format: FileFormat = isStream ? .arrowStream : .arrow
        try DataFile.write(table, to: path, as: format, codec: codec, engine: Engine(threads: 2))
        return path
      }
      let (plain, small) = (try write("plain.arrow", nil), try write("small.arrow", codec))
      let sizes = try [plain, small].map { try Data(contentsOf: URL(filePath: $0)).count }
      #expect(sizes[1] < sizes[0] / 2)
      let (own, expected) = (try DataFile.open(small), try DataFile.open(plain))
      let requests = table.columnNames.map { ColumnRequest.native($0) }
      let read = try own.rows(0..<own.rowCount, requests)
      let kept = try expected.rows(0..<own.rowCount, requests)
      for name in table.columnNames { #expect(read[name]?.cells == kept[name]?.cells, "\(name)") }
      guard let python = Python.withPyArrow else { return }
      let script = """
        import pyarrow.ipc as i, sys
        plain, small = (getattr(i, sys.argv[1])(path).read_all() for path in sys.argv[2:])
        small.validate(full=True)
        print(plain.equals(small), small.num_rows)
        """
      let printed = try python.run(["-c", script, isStream ? "open_stream" : "open_file", plain, small])
      #expect(String(decoding: printed, as: UTF8.self) == "True \(own.rowCount)\n")
    }
  }

  @Test("only Arrow files are compressed")
  func compressedText() throws {
    try TestFiles.withTemporaryFolder { folder in
      let path = folder.appending(path: "t.csv").path
      let error = #expect(throws: ImmerseError.self) {
        try DataFile.write(Table([("x", Column([1.0]))]), to: path, codec: .zstd, engine: Engine(threads: 1))
      }
      #expect(error?.kind == .usage && !FileManager.default.fileExists(atPath: path))
    }
  }

  /// A table with every type this project has, missing values in half of the columns.
  static func everyType(rows: Int) -> Table {
    let valid = Bitmap(count: rows) { $0 % 3 != 1 }
    let levels = Levels(["zero", "one", "two"])
    func integers<T: BinaryInteger & BitwiseCopyable & Sendable>(_: T.Type) -> Buffer<T> {
      Buffer((0..<rows).map { T($0 % 100) })
    }
    return Table([
      ("float64", Column((0..<rows).map { $0 % 4 == 2 ? .nan : Double($0) / 7 })),
      ("whole", Column((0..<rows).map { Double($0) })),
      ("float32", Column(.float32(Buffer((0..<rows).map { Float($0) / 3 })), validity: valid)),
      ("int64", Column(.int64(integers(Int64.self)), validity: valid)),
      ("int32", Column(.int32(integers(Int32.self)))),
      ("int16", Column(.int16(integers(Int16.self)), validity: valid)),
      ("int8", Column(.int8(integers(Int8.self)))),
      ("uint64", Column(.uint64(integers(UInt64.self)), validity: valid)),
      ("uint32", Column(.uint32(integers(UInt32.self)))),
      ("uint16", Column(.uint16(integers(UInt16.self)), validity: valid)),
      ("uint8", Column(.uint8(integers(UInt8.self)))),
      ("bool", Column(.bool(Bitmap(count: rows) { $0 % 5 == 0 }), validity: valid)),
      ("text", Column((0..<rows).map { $0 % 6 == 5 ? nil : "täxt \($0)" })),
      ("category", Column(.category(Buffer((0..<rows).map { Int32($0 % 4) - 1 }), levels))),
      (
        "ordered",
        Column(.category(Buffer((0..<rows).map { Int32($0 % 2) }), Levels(["low", "high"], isDeclared: true)))
      ),
    ])
  }

  static func write(_ source: any Source, _ path: String) throws {
    try DataFile.write(source, to: path, engine: Engine(threads: 2), force: true)
  }

  @Test("every type round trip, in several chunks and sliced", arguments: [0, 1, 9, chunkRows + 77])
  func roundTrip(rows: Int) throws {
    try TestFiles.withTemporaryFolder { folder in
      let path = folder.appending(path: "t.arrow").path
      let table = Self.everyType(rows: rows + 3)
      let source = Table(table.batch.slice(3..<rows + 3))
      try Self.write(source, path)
      let back = try ArrowSource(path: path)
      #expect(back.columnNames == source.columnNames && back.rowCount == rows)
      #expect(try back.types(of: back.columnNames) == source.types(of: source.columnNames))
      for index in 0..<back.chunkCount {
        let (expected, read) = try (
          source.chunk(index, source.columnNames.map { .native($0) }),
          back.chunk(index, source.columnNames.map { .native($0) })
        )
        for name in source.columnNames {
          let (a, b) = try (#require(expected[name]), #require(read[name]))
          let same = Self.cells(a) == Self.cells(b)
          #expect(same, "\(name)")
          if case .category(_, let levels) = b.values {
            #expect(levels.isDeclared == (name == "ordered"))
            #expect(levels.names == (name == "ordered" ? ["low", "high"] : ["zero", "one", "two"]))
          }
        }
      }
    }
  }

  @Test("chunks that code their levels differently become one dictionary")
  func dictionaries() throws {
    let rows = chunkRows + 5
    let text = "g\n" + (0..<rows).map { $0 < chunkRows ? ($0 % 2 == 0 ? "b" : "a") : "c" }.joined(separator: "\n")
    let source = try csv(text, pace: CSVSource.Pace())
    try TestFiles.withTemporaryFolder { folder in
      let path = folder.appending(path: "t.arrow").path
      try Self.write(CategorySource(base: source), path)
      let back = try ArrowSource(path: path)
      #expect(try back.types(of: ["g"]) == ["g": .category])
      let last = try #require(try back.rows(chunkRows - 2..<rows, [.native("g")])["g"])
      #expect(last.cells == ["b", "a", "c", "c", "c", "c", "c"])
      #expect(last.categories.levels.names == ["b", "a", "c"])
    }
  }

  @Test(
    "what polars compressed, with its views of text and its categories",
    arguments: ["lz4.arrow", "lz4.arrows", "zstd.arrow", "zstd.arrows"])
  func polars(file: String) throws {
    let source = try DataFile.open(TestFiles.golden("arrow/polars_\(file)").path)
    let expected = try DataFile.open(TestFiles.golden("parquet/schools.parquet").path)
    #expect(source.rowCount == 40 && source.columnNames == expected.columnNames)
    #expect(try source.types(of: ["stype", "awards", "pw"]) == ["stype": .category, "awards": .text, "pw": .float64])
    for name in source.columnNames {
      let (own, other) = try (source.rows(0..<40, [.native(name)]), expected.rows(0..<40, [.native(name)]))
      #expect(own[name]?.cells == other[name]?.cells, "\(name)")
    }
  }

  @Test("pyarrow reads what was written")
  func pyarrow() throws {
    guard let python = Python.withPyArrow else { return }
    try TestFiles.withTemporaryFolder { folder in
      let path = folder.appending(path: "t.arrow").path
      let source = Self.everyType(rows: 23)
      try Self.write(source, path)
      let printed = try python.json(script: "arrow_print.py", [path])
      #expect(try printed["batches"].numbers == [23])
      #expect(try printed["types", "category"].string.hasPrefix("dictionary<values=string, indices=int32"))
      #expect(try printed["types", "ordered"].string.hasSuffix("ordered=1>"))
      #expect(try printed["types", "uint16"].string == "uint16")
      for (name, column) in zip(source.batch.names, source.batch.columns) {
        let same = Self.cells(printed["columns", name]) == Self.cells(column)
        #expect(same, "\(name)")
      }
    }
  }
}

/// Delivers its columns as categories whatever is asked for.
private struct CategorySource: Source {
  let base: CSVSource
  var name: String { base.name }
  var columnNames: [String] { base.columnNames }
  var rowCount: Int { base.rowCount }

  func types(of columns: [String]) -> [String: DataType] {
    Dictionary(uniqueKeysWithValues: columns.map { ($0, .category) })
  }

  func chunk(_ index: Int, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    try base.chunk(index, columns.map { .category($0.name) })
  }
}
