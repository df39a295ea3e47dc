import Columnar
import Foundation
import Streaming
import TestSupport
import Testing

@testable import DataFormats

@Suite("SPSS, Stata and SAS files")
struct StatisticalFileTests {
  static let files = [
    "plain.sav", "rows.sav", "blocks.zsav", "long.sav", "letters.dta", "portable.por", "transport.xpt",
    "haven.sas7bdat",
  ]

  func path(_ name: String) -> String { TestFiles.golden("statistical/\(name)").path }

  func open(_ name: String, ownReader: Bool = true) throws -> StatSource {
    let format = try #require(FileFormat.ofInput(name)?.statistical)
    return try StatSource(try FileBytes(path: path(name)), name: name, format: format, ownReader: ownReader)
  }

  /// Cells as pyreadstat gives them: codes as they stand, lettered missing values by their letter.
  func cells(_ column: Column) -> [AnyHashable?] {
    if case .float64(let numbers) = column.values {
      return numbers.array.map { number in
        if let tag = number.missingTag { return AnyHashable(String(decoding: [tag], as: UTF8.self)) }
        return number.isNaN ? nil : AnyHashable(number)
      }
    }
    return ArrowTests.cells(column)
  }

  func near(_ cell: AnyHashable?, _ other: AnyHashable?) -> Bool {
    guard let number = cell as? Double, let other = other as? Double else { return cell == other }
    return abs(number - other) <= 1e-14 * abs(other)
  }

  @Test("values and dictionaries are what pyreadstat reads", arguments: files, [true, false])
  func golden(name: String, ownReader: Bool) throws {
    let expected = try GoldenJSON(TestFiles.golden("statistical/\(name).json"))
    let source = try open(name, ownReader: ownReader)
    #expect(source.rowCount == Int(try expected["rows"].number))
    #expect(Set(source.columnNames) == Set(expected["columns"].keys))
    for column in source.columnNames {
      let golden = ArrowTests.cells(expected["columns"][column])
      let own = try #require(try source.rows(0..<source.rowCount, [.native(column)])[column])
      if name.hasSuffix("por") {
        // Numbers stand there in base 30, and versions of ReadStat differ in the last bit.
        for (cell, other) in zip(cells(own), golden) { #expect(near(cell, other), "\(column)") }
        continue
      }
      #expect(cells(own) == golden, "\(column)")
      let part = try #require(try source.rows(3..<17, [.native(column)])[column])
      #expect(cells(part) == Array(golden[3..<17]), "\(column), rows 3 to 16")
      let metadata = try #require(source.metadata(of: column))
      #expect(metadata.label == (expected["labels"][column].value as? String))
      let labels = expected["values"][column]
      #expect(metadata.valueLabels.count == labels.keys.count)
      for label in metadata.valueLabels {
        var key = "\(label.code)"
        if case .number(let number) = label.code, labels["\(number)"].value is String { key = "\(number)" }
        if case .tag = label.code { key.removeFirst() }
        #expect(try labels[key].string == label.label)
      }
      if !expected["missing"].keys.isEmpty {
        let ranges = expected["missing"][column].list.map { ($0["lo"].value as? Double, $0["hi"].value as? Double) }
        #expect(metadata.missing.count == (name.hasSuffix("dta") ? 0 : ranges.count))
      }
    }
  }

  @Test("codes are missing for a reason, and groups by their labels where asked")
  func described() throws {
    for name in ["rows.sav", "letters.dta"] {
      let codes = name == "rows.sav" ? ["97", "98", "99"] : [".a", ".b", ".c"]
      let source = try DataFile.open(path(name))
      #expect(source.hiddenColumnNames.contains("bel1.na"))
      #expect(!source.columnNames.contains("bel1.na"))
      let batch = try source.rows(0..<8, [.number("bel1"), .category("bel1.na")])
      #expect(try batch.numbers("bel1").array.map { $0.isNaN ? nil : $0 } == [1, 2, 3, 4, nil, nil, nil, nil])
      let reasons = try batch.categories("bel1.na")
      #expect((0..<8).map { reasons[$0] } == [nil, nil, nil, nil] + codes.map(\.self) + [nil])
      let plain = try source.rows(0..<8, [.category("bel1")]).categories("bel1")
      #expect((0..<8).map { plain[$0] } == ["1", "2", "3", "4", nil, nil, nil, nil])

      let labelled = try DataFile.open(path(name), options: DataFile.Options(labels: true))
      #expect(try labelled.types(of: ["bel1", "escs"]) == ["bel1": .category, "escs": .float64])
      let groups = try labelled.rows(0..<8, [.category("bel1"), .category("bel1.na")])
      let levels = try groups.categories("bel1")
      #expect(levels.levels.names == ["strongly agree", "agree", "disagree", "strongly disagree"])
      #expect(levels.levels.isDeclared)
      #expect(levels[1] == "agree" && levels[4] == nil)
      #expect(try groups.categories("bel1.na")[4] == "not applicable")
    }
  }

  @Test(
    "there and back: values, labels, missing codes",
    arguments: [
      ("rows.sav", ["arrow", "sav"]), ("rows.sav", ["zsav", "sav"]), ("plain.sav", ["sav", "arrow", "zsav"]),
      ("letters.dta", ["arrow", "dta"]), ("long.sav", ["sav"]),
    ])
  func roundTrip(name: String, formats: [String]) throws {
    try TestFiles.withTemporaryFolder { folder in
      var last = path(name)
      for (step, format) in formats.enumerated() {
        let next = folder.appending(path: "\(step).\(format)").path
        let notes = try DataFile.write(try DataFile.open(last), to: next, engine: Engine(threads: 2))
        #expect(notes.isEmpty, "\(notes)")
        last = next
      }
      let (before, after) = (try DataFile.open(path(name)), try DataFile.open(last))
      #expect(after.columnNames == before.columnNames)
      for column in before.columnNames + before.hiddenColumnNames {
        var (old, new) = (before.metadata(of: column), after.metadata(of: column))
        // Print formats of text hold its width.
        old?.format = nil
        new?.format = nil
        #expect(new == old, "\(column)")
        guard after.hiddenColumnNames.contains(column) || after.columnNames.contains(column) else { continue }
        let rows = 0..<before.rowCount
        let cells = try #require(try before.rows(rows, [.native(column)])[column])
        let written = try #require(try after.rows(rows, [.native(column)])[column])
        #expect(ArrowTests.cells(written) == ArrowTests.cells(cells), "\(column)")
      }
    }
  }

  @Test("what a format cannot hold is said")
  func losses() throws {
    try TestFiles.withTemporaryFolder { folder in
      let table = Table([
        ("good", Column([1, 2, .nan])), ("2nd name", Column(["a", nil, "b"])),
        ("large", Column(.int64(Buffer([1 << 60, 1, 2])))),
      ])
      let notes = try DataFile.write(table, to: folder.appending(path: "t.dta").path, engine: Engine(threads: 1))
      #expect(notes.contains { $0.message.contains("renamed: 2nd name (to v2nd_name)") })
      #expect(notes.contains { $0.message.contains("rounded: large") })
      let stata = folder.appending(path: "u.dta").path
      let codes = try DataFile.write(try DataFile.open(path("rows.sav")), to: stata, engine: Engine(threads: 1))
      #expect(codes.contains { $0.message.contains("bel1 (97 as .a 98 as .b 99 as .c)") })
      let long = Table([("text", Column([String(repeating: "x", count: 3000)]))])
      let refused = #expect(throws: ImmerseError.self) {
        try DataFile.write(long, to: folder.appending(path: "v.dta").path, engine: Engine(threads: 1))
      }
      #expect(refused?.variable == "text")
      #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "v.dta").path))
    }
  }

  @Test("many chunks of bytecode, with any values between", arguments: 0..<4)
  func chunks(seed: Int) throws {
    var random = SplitMix(UInt64(seed))
    let rows = 150_000
    let values = (0..<3).map { _ in
      (0..<rows).map { _ -> Double in
        switch Int.random(in: 0..<5, using: &random) {
        case 0: .nan
        case 1: Double.random(in: -9...9, using: &random)
        default: Double(Int.random(in: -120...200, using: &random))
        }
      }
    }
    let texts = (0..<rows).map { _ -> String? in
      let count = Int.random(in: 0..<20, using: &random)
      return count == 0 ? nil : String(repeating: "é", count: count)
    }
    let table = Table([
      ("a", Column(values[0])), ("t", Column(texts)), ("b", Column(values[1])), ("c", Column(values[2])),
    ])
    try TestFiles.withTemporaryFolder { folder in
      let file = folder.appending(path: seed % 2 == 0 ? "t.sav" : "t.zsav").path
      try DataFile.write(table, to: file, engine: Engine(threads: 2))
      let source = try DataFile.open(file)
      #expect(source.rowCount == rows)
      for range in [0..<10, 65_530..<65_600, 131_000..<150_000, 149_999..<150_000, 70_000..<70_000] {
        for names in [["a", "t", "b", "c"], ["c"], ["t", "a"]] {
          let own = try source.rows(range, names.map { .native($0) })
          let expected = try table.rows(range, names.map { .native($0) })
          for name in names {
            let (new, old) = (try #require(own[name]), try #require(expected[name]))
            #expect(ArrowTests.cells(new) == ArrowTests.cells(old))
          }
        }
      }
    }
  }

  @Test("cut off and damaged files are refused or read as something else", arguments: files)
  func damage(name: String) throws {
    let bytes = Array(try Data(contentsOf: URL(filePath: path(name))))
    let format = try #require(FileFormat.ofInput(name)?.statistical)
    var random = SplitMix(UInt64(name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }))
    for _ in 0..<200 {
      let damaged = DamageTests().damage(bytes, &random)
      guard let source = try? StatSource(try FileBytes(damaged), name: "damaged", format: format),
        let described = try? DescribedSource(source, labels: true, lettered: format.hasLetters)
      else { continue }
      try DamageTests().readAll(described)
    }
  }

  @Test("formats are told by content, and texts that are not UTF-8 are decoded")
  func content() throws {
    for name in Self.files {
      let bytes = try FileBytes(path: path(name))
      let expected = FileFormat.ofInput(name)
      #expect(FileFormat.ofContent(bytes.buffer)?.statistical == expected?.statistical)
    }
    var builder = TextBuilder(rows: 2)
    var decoder = try TextDecoder(.named("WINDOWS-1252"))
    [UInt8](arrayLiteral: 0x4b, 0xf6, 0x6c, 0x6e, 0x20).withUnsafeBufferPointer { decoder.append($0, to: &builder) }
    [UInt8](arrayLiteral: 0x80, 0x81).withUnsafeBufferPointer { decoder.append($0, to: &builder) }
    let texts = try builder.finish()
    #expect(texts[0] == "Köln" && texts[1].hasPrefix("€"))
    #expect(throws: ImmerseError.self) { _ = try TextDecoder(.named("KLINGON-8")) }
  }
}
