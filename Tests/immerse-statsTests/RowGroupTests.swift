import Columnar
import Foundation
import Streaming
import Studies
import TestSupport
import Testing

@testable import DataFormats

/// Conditions on Parquet files: groups of rows that statistics rule out are not read.
///
/// Groups that must not be read are made unreadable, so that whatever reads them fails. The files have four groups,
/// `wave` 1 to 4, of a country each; `score` rises through them, and `gap` is missing in the second.
@Suite("Groups of rows")
struct RowGroupTests {
  static let cases: [(condition: String, groups: Set<Int>)] = [
    ("wave == 3", [2]), ("3 < wave", [3]), ("wave != 2", [0, 2, 3]), ("wave in (1, 4, 9)", [0, 3]),
    ("wave between 2 and 3", [1, 2]), ("not (wave <= 2 or wave > 3)", [2]), ("country == 'GR'", [2]),
    ("country < 'BX'", [0]), ("country in ('IE', 'XX')", [3]), ("country between 'C' and 'H'", [1, 2]),
    ("score >= 3.5", [3]), ("score < 0.25 and country != 'XX'", [0]), ("gap is missing", [1]),
    ("gap is not missing and wave < 4", [0, 2]), ("wave == 7", []), ("wave * 2 == 4", [0, 1, 2, 3]),
  ]

  @Test("only groups in which the condition may be true are read", arguments: ["pyarrow", "polars", "duckdb"])
  func skipping(writer: String) throws {
    let whole = TestFiles.golden("parquet/groups_\(writer).parquet")
    try TestFiles.withTemporaryFolder { folder in
      let damaged = try (0..<4).map { lost in
        let copy = folder.appending(path: "without-\(lost).parquet")
        try Self.copy(whole, to: copy, losing: lost)
        return copy.path
      }
      let text = folder.appending(path: "rows.csv").path
      try DataFile.write(try DataFile.open(whole.path), to: text, engine: Engine())
      for (condition, groups) in Self.cases {
        let expected = try Self.rows(of: text, where: condition)
        #expect(try Self.rows(of: whole.path, where: condition) == expected, "\(condition)")
        for lost in 0..<4 {
          if groups.contains(lost) {
            #expect(throws: ImmerseError.self, "\(condition) does without group \(lost)") {
              try Self.rows(of: damaged[lost], where: condition)
            }
          } else {
            #expect(try Self.rows(of: damaged[lost], where: condition) == expected, "\(condition), group \(lost)")
          }
        }
      }
    }
  }

  /// The rows that meet a condition, as a text table.
  private static func rows(of file: String, where condition: String) throws -> String {
    try TestFiles.withTemporaryFolder { folder in
      let output = folder.appending(path: "rows.csv")
      try DataFile.write(
        try DataFile.open(file).filtered(by: condition), to: output.path, engine: Engine())
      return try String(contentsOf: output, encoding: .utf8)
    }
  }

  @Test("the command: rows left unread are counted, codes may be missing, files are appended")
  func behindOthers() throws {
    try TestFiles.withTemporaryFolder { folder in
      let whole = TestFiles.golden("parquet/groups_pyarrow.parquet")
      let damaged = folder.appending(path: "damaged.parquet")
      try Self.copy(whole, to: damaged, losing: 3)
      let book = "variables: [{name: wave, missing_codes: [4]}]\n"
      try book.write(to: folder.appending(path: "book.yaml"), atomically: true, encoding: .utf8)
      let notes = try [whole.path, damaged.path].map {
        try Command.run("immerse-stats convert '\($0)' - --where 'wave == 2' | wc -l", in: folder)
      }
      #expect(notes[0].standardOutput == notes[1].standardOutput && notes[0].standardError == notes[1].standardError)
      #expect(notes[1].standardError == "note: 196608 of 262144 rows were dropped by the condition\n")
      // Its fourth wave may now be missing, so that it has to be read.
      for (condition, status) in [("wave == 2", 0), ("wave is missing", 65), ("wave > 2", 65)] {
        let output = try Command.run(
          "immerse-stats convert damaged.parquet - --codebook book.yaml --where '\(condition)' --quiet", in: folder)
        #expect(output.status == status, "\(condition)")
      }
      let appended = try Command.run(
        "immerse-stats convert '\(whole.path)' damaged.parquet - --where 'wave == 1' --quiet | wc -l", in: folder)
      #expect(appended.standardOutput == "131073\n", "\(appended.standardError)")
    }
  }

  /// Copies a file whose pages of one group are no pages.
  private static func copy(_ file: URL, to copy: URL, losing group: Int) throws {
    var bytes = Array(try Data(contentsOf: file))
    let parquet = try ParquetFile(try FileBytes(bytes).buffer)
    for chunk in parquet.footer.groups[group].chunks {
      for byte in chunk.start..<chunk.start + chunk.length { bytes[byte] = 0xff }
    }
    try Data(bytes).write(to: copy)
  }
}
