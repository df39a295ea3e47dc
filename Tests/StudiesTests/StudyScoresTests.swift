import Foundation
import ImmerseStats
import Streaming
import Studies
import TestSupport
import Testing

/// Scores of a study in several years, by a model of an earlier study, and beside each other.
@Suite struct StudyScoresTests {
  /// Two years of three countries of four sites of five children.
  private static let data: String = {
    var lines = ["country,year,site,children,a,b"]
    for (place, country) in ["X", "Y", "Z"].enumerated() {
      for year in [2018, 2022] {
        for row in 0..<20 {
          let a = Double(place * 3) + Double(row % 7) + (year == 2022 ? 0.5 : 0)
          let unit = "\(country),\(year),\(country)\(row / 5),\([1, 2, 5][place])"
          lines.append("\(unit),\(a),\(10 - Double(place) - Double(row % 3))")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }()

  private static let framework = """
    indicators: [{code: a, parent: index}, {code: b, parent: index}]
    aggregates: [{code: index}]
    """

  private static func run(_ scores: String, _ check: (StudyFolder, URL) throws -> Void) throws {
    try TestFiles.withTemporaryFolder { folder in
      try run(scores, in: folder, out: "out", check)
    }
  }

  private static func run(
    _ scores: String, in folder: URL, out: String, _ check: (StudyFolder, URL) throws -> Void
  ) throws {
    let study = "title: Scores\ndata: [data.csv]\ndesign: {psu: [site]}\nscores:\n\(scores)\n"
    for (name, text) in [("study.yaml", study), ("data.csv", data), ("framework.yaml", framework)] {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    let output = folder.appending(path: out)
    let written = try StudyFolder.write(
      folder.appending(path: "study.yaml").path, to: output.path, engine: Engine(threads: 2), force: false,
      command: ["test"])
    try check(written, output)
  }

  private static func analysis(_ folder: StudyFolder, _ name: String) throws -> AnalysisResult {
    try #require(folder.run.analyses.first { $0.step.name == name }).result
  }

  @Test func panels() throws {
    try Self.run("  - {name: s, framework: framework.yaml, unit: country, period: year, reference: '2018'}") {
      study, _ in
      let result = try Self.analysis(study, "s")
      let rows = result.rows.filter { $0["term"] == "a" }
      #expect(rows.map { $0["unit"] } == ["X", "X", "Y", "Y", "Z", "Z"])
      #expect(rows.map { $0["period"] } == ["2018", "2022", "2018", "2022", "2018", "2022"])
      let estimates = rows.compactMap { if case .number(let value)? = $0["estimate"] { value } else { nil } }
      // From X in 2018 to Z in 2018 is 6 on the scale of `a`; 2022 is half a point on.
      expectClose(estimates, [0, 50.0 / 6, 50, 350.0 / 6, 100, 650.0 / 6], absolute: 1e-10)
      #expect(result.sections.contains { $0.key == "trends" })
    }
  }

  /// `a` rises from X to Z by as much as `b` falls, so that X is best in the one, Z in the other, and Y, halfway in both,
  /// lies on the line between them.
  @Test func benefitOfTheDoubt() throws {
    try Self.run("  - {name: s, framework: framework.yaml, unit: country, weights: {method: bod}}") { study, _ in
      let rows = try Self.analysis(study, "s").rows.filter { $0["term"] == "index" }
      let estimates = rows.compactMap { if case .number(let value)? = $0["estimate"] { value } else { nil } }
      expectClose(estimates, [1, 1, 1], absolute: 1e-10)
    }
  }

  /// Of a column that is the same in all rows of a unit.
  @Test func analysesWithWeightsOfUnits() throws {
    try Self.run("  - {name: s, framework: framework.yaml, unit: country, analyse: true, unit_weights: children}") {
      study, _ in
      let sections = try Self.analysis(study, "s").sections
      guard case .array(let rows)? = sections.first(where: { $0.key == "statistics" })?.value else {
        Issue.record("no statistics")
        return
      }
      // `a` scores 0, 50 and 100 in countries of 1, 2 and 5 children: (2 · 50 + 5 · 100) / 8.
      guard case .number(let mean)? = rows.first(where: { $0["term"] == "a" })?["mean"] else {
        Issue.record("no mean")
        return
      }
      expectClose([mean], [75], absolute: 1e-10)
    }
    let error = #expect(throws: ImmerseError.self) {
      try Self.run("  - {name: s, framework: framework.yaml, unit: country, unit_weights: children}") { _, _ in }
    }
    #expect(error?.kind == .usage)
  }

  @Test func savedModels() throws {
    try TestFiles.withTemporaryFolder { folder in
      var first: [JSONValue] = []
      try Self.run(
        "  - {name: s, framework: framework.yaml, unit: country, save: true, weights: entropy}", in: folder, out: "one"
      ) { study, output in
        first = try Self.analysis(study, "s").rows
        #expect(study.files.contains("s_model.json"))
      }
      try Self.run(
        "  - {name: t, framework: framework.yaml, unit: country, apply: one/s_model.json}", in: folder, out: "two"
      ) { study, _ in
        let rows = try Self.analysis(study, "t").rows
        #expect(rows == first)
      }
    }
    let error = #expect(throws: ImmerseError.self) {
      try Self.run("  - {name: s, framework: framework.yaml, unit: country, save: true, impute: {method: multiple}}") {
        _, _ in
      }
    }
    #expect(error?.kind == .usage)
  }

  @Test func comparisons() throws {
    try Self.run(
      """
        - {name: s, framework: framework.yaml, unit: country, normalise: minmax}
        - {name: t, framework: framework.yaml, unit: country, normalise: rank, compare: [s]}
      """
    ) { study, _ in
      let sections = try Self.analysis(study, "t").sections
      guard case .array(let rows)? = sections.first(where: { $0.key == "comparison" })?.value,
        case .array(let shifts)? = sections.first(where: { $0.key == "rank_shifts" })?.value
      else {
        Issue.record("no comparison")
        return
      }
      #expect(rows.map { $0["with"] } == ["s"])
      #expect(shifts.map { $0["unit"] } == ["X", "Y", "Z"])
    }
    let error = #expect(throws: ImmerseError.self) {
      try Self.run("  - {name: t, framework: framework.yaml, unit: country, compare: [s]}") { _, _ in }
    }
    #expect(error?.variable == "t")
  }
}
