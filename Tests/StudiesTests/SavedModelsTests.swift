import Foundation
import ImmerseStats
import Streaming
import Studies
import TestSupport
import Testing

/// Fits that a study writes, and takes in from others.
@Suite struct SavedModelsTests {
  /// Sixty schools of six children, in two files of thirty.
  private static func rows(_ schools: Range<Int>) -> String {
    var text = "school,x,y\n"
    for school in schools {
      for child in 0..<6 {
        let x = Double((school * 7 + child * 5) % 11)
        let y = 2 + 0.5 * x + Double(school * 13 % 17) / 4 + Double((school * 3 + child * 8) % 13) / 5
        text += "\(school),\(x),\(y)\n"
      }
    }
    return text
  }

  private static func run(
    _ model: String, on data: String, in folder: URL, out: String
  ) throws -> (result: AnalysisResult, files: [String]) {
    let study = "title: Fits\ndata: [\(data)]\nmodels:\n  - {name: m, formula: y ~ x + (1 | school)\(model)}\n"
    let path = folder.appending(path: "\(out).yaml")
    try study.write(to: path, atomically: true, encoding: .utf8)
    let written = try StudyFolder.write(
      path.path, to: folder.appending(path: out).path, engine: Engine(threads: 2), force: false, command: ["test"])
    return (try #require(written.run.models.first).result, written.files)
  }

  @Test func partsOfTwoStudiesAreTheFitToAllRows() throws {
    try TestFiles.withTemporaryFolder { folder in
      for (name, text) in [("a", Self.rows(0..<30)), ("b", Self.rows(30..<60)), ("all", Self.rows(0..<60))] {
        try text.write(to: folder.appending(path: "\(name).csv"), atomically: true, encoding: .utf8)
      }
      let first = try Self.run(", save: true", on: "a.csv", in: folder, out: "first")
      #expect(first.files.contains("m.immerse"))
      let merged = try Self.run(", merge: [first/m.immerse]", on: "b.csv", in: folder, out: "second")
      #expect(!merged.files.contains("m.immerse"))
      let whole = try Self.run("", on: "all.csv", in: folder, out: "whole")
      for (row, expected) in zip(merged.result.rows, whole.result.rows) {
        for key in ["estimate", "std_error"] {
          guard case .number(let value)? = row[key], case .number(let other)? = expected[key] else {
            Issue.record("no \(key)")
            return
          }
          expectClose([value], [other], relative: 1e-8)
        }
      }
    }
  }

  @Test func whatCannotBeSavedIsNamed() throws {
    try TestFiles.withTemporaryFolder { folder in
      try Self.rows(0..<30).write(to: folder.appending(path: "a.csv"), atomically: true, encoding: .utf8)
      let compared = #expect(throws: ImmerseError.self) {
        try Self.run(", save: true, compare: ['y ~ 1 + (1 | school)']", on: "a.csv", in: folder, out: "one")
      }
      #expect(compared?.kind == .usage && compared?.variable == "m")
      let broken = #expect(throws: ImmerseError.self) {
        try Self.run(", merge: [a.csv]", on: "a.csv", in: folder, out: "two")
      }
      #expect(broken?.kind == .badData && broken?.place?.file.hasSuffix("a.csv") == true)
    }
  }
}
