import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import DataFormats

@Suite("Opening and writing files")
struct DataFileTests {
  func write(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }
  func read(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
  }

  func inFolder(_ body: (String) throws -> Void) throws {
    try TestFiles.withTemporaryFolder { try body($0.path) }
  }

  /// The names in a folder, hidden ones too.
  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  let engine = Engine(threads: 2)

  // MARK: Reading

  @Test("missing files, folders and unknown extensions")
  func unopenable() throws {
    try inFolder { folder in
      let missing = #expect(throws: ImmerseError.self) { try DataFile.open("\(folder)/none.csv") }
      #expect(missing?.kind == .noInput && missing?.problem == "there is no such file")
      #expect(#expect(throws: ImmerseError.self) { try DataFile.open("\(folder)/none.xyz") }?.kind == .noInput)
      try FileManager.default.createDirectory(atPath: "\(folder)/d.csv", withIntermediateDirectories: false)
      #expect(#expect(throws: ImmerseError.self) { try DataFile.open("\(folder)/d.csv") }?.kind == .noInput)
      try write("a\n1\n", "\(folder)/t.xyz")
      let unknown = #expect(throws: ImmerseError.self) { try DataFile.open("\(folder)/t.xyz") }
      #expect(unknown?.kind == .usage && unknown?.remedy?.contains(".csv .csv.gz") == true)
      try write("a\n1\n", "\(folder)/t.gz")
      #expect(#expect(throws: ImmerseError.self) { try DataFile.open("\(folder)/t.gz") }?.kind == .usage)
    }
  }

  @Test("each extension", arguments: ["t.csv", "t.CSV", "t.txt", "t.tsv"])
  func extensions(name: String) throws {
    try inFolder { folder in
      try write("a\tb,c\n1\t2\n", "\(folder)/\(name)")
      let source = try DataFile.open("\(folder)/\(name)")
      // Only .tsv settles the separator; in the header of the others tab and comma are equally frequent.
      #expect(source.columnNames == (name == "t.tsv" ? ["a", "b,c"] : ["a\tb", "c"]))
    }
  }

  @Test("gzip, one member or several, whole or not")
  func gzip() throws {
    // "a,b\n1,x\n", as gzip -n wrote it.
    let first: [UInt8] = [
      0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0xd4, 0x49, 0xe2, 0x32, 0xd4, 0xa9, 0xe0, 2, 0, 0xf4, 0xa0, 1, 0, 8, 0,
      0, 0,
    ]
    try inFolder { folder in
      let path = "\(folder)/t.csv.gz"
      try Data(first).write(to: URL(filePath: path))
      let source = try DataFile.open(path)
      #expect(try source.rows(0..<1, [.category("b")])["b"]?.cells == ["x"])
      #expect(source.rowCount == 1)
      for damaged in [Array(first.dropLast(3)), Array(first.prefix(12)), first + [1, 2, 3], Array(first.prefix(4))] {
        try Data(damaged).write(to: URL(filePath: path))
        let error = #expect(throws: ImmerseError.self) { try DataFile.open(path) }
        #expect(error?.kind == .badData && error?.problem.contains("gzip") == true)
      }
      try Data(first + first).write(to: URL(filePath: path))
      #expect(
        #expect(throws: ImmerseError.self) { try DataFile.open(path).rows(0..<3, [.number("a")]) }?.place?.line == 3)
    }
  }

  @Test("a pipe, which cannot be mapped")
  func pipe() throws {
    try inFolder { folder in
      let path = "\(folder)/t.csv"
      #expect(mkfifo(path, 0o600) == 0)
      let text = "a,b\n" + String(repeating: "1,2\n", count: 100_000)
      let writer = Thread { try? Data(text.utf8).write(to: URL(filePath: path), options: []) }
      writer.start()
      let source = try DataFile.open(path)
      #expect(source.rowCount == 100_000)
      #expect(try source.chunk(1, [.number("b")]).numbers("b").array.allSatisfy { $0 == 2 })
    }
  }

  // MARK: Appending

  @Test("rows appended, columns matched by name, types reconciled")
  func appended() throws {
    try inFolder { folder in
      try write("id,x,g\n01,1.50,a\n2,2,b\n", "\(folder)/a.csv")
      try write("g,id,y\nc,x7,5\nb,8,\n", "\(folder)/b.csv")
      let table = Table([
        ("x", Column([7, .nan])), ("id", Column(.int32(Buffer([1, 2])))), ("g", Column(["a", nil])),
      ])
      try DataFile.write(table, to: "\(folder)/c.arrow", engine: engine)
      let source = try DataFile.open(["a.csv", "b.csv", "c.arrow"].map { "\(folder)/\($0)" })
      #expect(source.columnNames == ["id", "x", "g", "y"])
      #expect(source.rowCount == 6)
      #expect(
        try source.types(of: source.columnNames) == ["id": .text, "x": .float64, "g": .text, "y": .int64])
      let batch = try source.rows(0..<6, source.columnNames.map { .native($0) })
      #expect(batch["id"]?.cells == ["01", "2", "x7", "8", "1", "2"])
      #expect(batch["x"]?.cells == ["1.5", "2", nil, nil, "7", nil])
      #expect(batch["g"]?.cells == ["a", "b", "c", "b", "a", nil])
      #expect(batch["y"]?.cells == [nil, nil, "5", nil, nil, nil])
      let middle = try source.rows(1..<5, [.number("x"), .category("g"), .verbatim("y")])
      #expect(try middle.numbers("x").array.map { $0.isNaN } == [false, true, true, false])
      #expect(middle["g"]?.cells == ["b", "c", "b", "a"] && middle["y"]?.cells == [nil, "5", nil, nil])
      #expect(middle.firstRow == 1)
      // Text among numbers is reported where it stands.
      let error = #expect(throws: ImmerseError.self) { try source.rows(0..<6, [.number("id")]) }
      #expect(error?.place?.file.hasSuffix("b.csv") == true && error?.place?.line == 2)
      #expect(throws: ImmerseError.self) { try source.rows(0..<6, [.number("z")]) }
      #expect(#expect(throws: ImmerseError.self) { try DataFile.open([String]()) }?.kind == .usage)
      let file = "\(folder)/all.csv"
      try DataFile.write(source, to: file, engine: engine)
      #expect(try read(file) == "id,x,g,y\n01,1.50,a,\n2,2,b,\nx7,,c,5\n8,,b,\n1,7,a,\n2,,,\n")
    }
  }

  @Test("chunks are counted over the whole")
  func appendedChunks() throws {
    let rows = chunkRows * 2 / 3
    func part(_ start: Int) throws -> CSVSource {
      let text = "x\n" + (start..<start + rows).map { "\($0)" }.joined(separator: "\n")
      return try csv(text, pace: CSVSource.Pace())
    }
    let source = try AppendedSource([try part(0), try part(rows), try part(2 * rows)])
    #expect(source.chunkCount == 2)
    let values = try (0..<2).flatMap { try source.chunk($0, [.number("x")]).numbers("x").array }
    #expect(values == (0..<3 * rows).map { Double($0) })
  }

  // MARK: Writing

  @Test("copying a text table keeps its cells, a computed column is added")
  func verbatim() throws {
    struct Double2: Transform {
      let inputs = [ColumnRequest.number("x")]
      let outputs = [Field("twice", .float64)]
      func apply(to batch: Batch) throws(ImmerseError) -> Batch {
        var batch = batch
        batch.set("twice", Column(try batch.numbers("x").array.map { 2 * $0 }))
        return batch
      }
    }
    try inFolder { folder in
      try write("id,x,t\n007,1.50,\"a,b\"\n08,,\"\"\n9,2.5e1,c\n", "\(folder)/in.csv")
      let source = try DataFile.open("\(folder)/in.csv").applying(Double2())
      try DataFile.write(source, to: "\(folder)/out.csv", engine: engine)
      #expect(try read("\(folder)/out.csv") == "id,x,t,twice\n007,1.50,\"a,b\",3\n08,,,\n9,2.5e1,c,50\n")
      try DataFile.write(source, to: "\(folder)/out.tsv", engine: engine)
      #expect(try read("\(folder)/out.tsv").hasPrefix("id\tx\tt\ttwice\n007\t1.50\ta,b\t3\n"))
      try DataFile.write(source, to: "\(folder)/out.arrow", engine: engine)
      let arrow = try DataFile.open("\(folder)/out.arrow")
      #expect(
        try arrow.types(of: ["id", "x", "t", "twice"]) == ["id": .int64, "x": .float64, "t": .text, "twice": .float64])
      #expect(try arrow.rows(0..<3, [.native("x")])["x"]?.cells == ["1.5", nil, "25"])
    }
  }

  @Test("a file is not overwritten unless it may be, and then whole")
  func overwriting() throws {
    try inFolder { folder in
      let path = "\(folder)/out.csv"
      let table = Table([("x", Column([1, 2]))])
      try DataFile.write(table, to: path, engine: engine)
      let error = #expect(throws: ImmerseError.self) { try DataFile.write(table, to: path, engine: engine) }
      #expect(error?.kind == .usage)
      chmod(path, 0o600)
      try DataFile.write(Table([("y", Column([3]))]), to: path, engine: engine, force: true)
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
      #expect(try read(path) == "y\n3\n")
      // Through a link the file behind it is replaced.
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/link.csv", withDestinationPath: path)
      try DataFile.write(table, to: "\(folder)/link.csv", engine: engine, force: true)
      #expect(try read(path) == "x\n1\n2\n")
      #expect(try names(folder) == ["link.csv", "out.csv"])
      #expect(
        #expect(throws: ImmerseError.self) { try DataFile.write(table, to: folder, engine: engine) }?.kind == .usage)
      #expect(
        #expect(throws: ImmerseError.self) {
          try DataFile.write(table, to: "\(folder)/no/out.csv", engine: engine)
        }?.kind == .inputOutput)
      // A device is written to, not replaced.
      try OutputFile.write([1], to: "/dev/null")
      #expect(FileManager.default.fileExists(atPath: "/dev/null"))
    }
  }

  @Test("nothing is left of a file that could not be completed", arguments: ["out.csv", "out.arrow"])
  func failure(name: String) throws {
    try inFolder { folder in
      try write("x,y\n1,2\n3\n", "\(folder)/in.csv")
      let source = try DataFile.open("\(folder)/in.csv")
      #expect(throws: ImmerseError.self) { try DataFile.write(source, to: "\(folder)/\(name)", engine: engine) }
      #expect(try names(folder) == ["in.csv"])
      let cancellation = Cancellation()
      cancellation.request()
      let stopped = Engine(threads: 1, cancellation: cancellation)
      let error = #expect(throws: ImmerseError.self) {
        try DataFile.write(Table([("x", Column([1]))]), to: "\(folder)/\(name)", engine: stopped)
      }
      #expect(error?.kind == .cancelled)
      #expect(try names(folder) == ["in.csv"])
    }
  }

  @Test("a full disk is an error, not a short file")
  func fullDisk() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let file = try OutputFile("/dev/full")
    try file.write(Array("x".utf8))
    #expect(#expect(throws: ImmerseError.self) { try file.commit() }?.kind == .inputOutput)
  }

  @Test("a folder of results appears whole")
  func folders() throws {
    try inFolder { folder in
      let path = "\(folder)/results"
      do {
        let abandoned = try OutputFolder(path)
        try OutputFile.write([1], to: abandoned.path(of: "a"))
      }
      #expect(try names(folder) == [])
      let first = try OutputFolder(path + "/")
      try OutputFile.write([1], to: first.path(of: "a"))
      try OutputFile.write([2], to: first.path(of: "b"))
      #expect(FileManager.default.fileExists(atPath: path) == false)
      try first.commit()
      #expect(try names(path) == ["a", "b"])
      #expect(#expect(throws: ImmerseError.self) { try OutputFolder(path) }?.kind == .usage)
      let second = try OutputFolder(path, force: true)
      try OutputFile.write([3], to: second.path(of: "b"))
      try second.commit()
      #expect(try names(path) == ["a", "b"])
      #expect(try Data(contentsOf: URL(filePath: "\(path)/b")) == Data([3]))
      #expect(try names(folder) == ["results"])
    }
  }
}
