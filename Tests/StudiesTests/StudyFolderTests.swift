import Columnar
import Foundation
import ImmerseStats
import Streaming
import Studies
import TestSupport
import Testing

struct StudyFolderTests {
  private let study = TestFiles.dataset("api/study.yaml").path

  private func write(_ folder: URL, study: String? = nil, force: Bool = false) throws {
    _ = try StudyFolder.write(
      study ?? self.study, to: folder.path, engine: Engine(threads: 1), force: force, command: ["test"])
  }

  @Test func holdsEveryAnalysisTheWeightsTheReportAndTheProvenance() throws {
    try TestFiles.withTemporaryFolder { root in
      let folder = root.appending(path: "out")
      try write(folder)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(names.contains("performance.csv") && names.contains("performance.json"))
      #expect(names.contains("report.html") && names.contains("provenance.json"))
      let weights = try String(contentsOf: folder.appending(path: "weights.csv"), encoding: .utf8)
      let lines = weights.split(separator: "\n")
      #expect(lines.count == 184)
      #expect(lines[0] == "cds,pw,raked")
      let total = lines.dropFirst().reduce(0.0) { $0 + (Double($1.split(separator: ",").last ?? "") ?? .nan) }
      expectClose(total, 6194, relative: 1e-10)
    }
  }

  @Test func anExistingFolderIsReplacedOnlyOnDemand() throws {
    try TestFiles.withTemporaryFolder { root in
      let folder = root.appending(path: "out")
      try write(folder)
      let error = #expect(throws: ImmerseError.self) { try write(folder) }
      #expect(error?.kind == .usage)
      try write(folder, force: true)
    }
  }

  @Test func aStudyThatFailsLeavesEarlierResultsUntouched() throws {
    try TestFiles.withTemporaryFolder { root in
      let folder = root.appending(path: "out")
      try write(folder)
      let before = try Data(contentsOf: folder.appending(path: "performance.json"))
      let broken = root.appending(path: "broken.yaml")
      let text = try String(contentsOfFile: study, encoding: .utf8)
        .replacingOccurrences(of: "apiclus1.csv", with: TestFiles.dataset("api/apiclus1.csv").path)
        .replacingOccurrences(of: "margins.csv", with: TestFiles.dataset("api/margins.csv").path)
        .replacingOccurrences(of: "variables: [enroll]", with: "variables: [enrol]")
      try text.write(to: broken, atomically: true, encoding: .utf8)
      let error = #expect(throws: ImmerseError.self) { try write(folder, study: broken.path, force: true) }
      #expect(error?.variable == "enrol")
      #expect(try Data(contentsOf: folder.appending(path: "performance.json")) == before)
      let left = try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
      #expect(left == ["broken.yaml", "out"])
    }
  }

  /// A study's steps: replicates made of the design are raked each, and a list of steps is carried out in turn.
  @Test func weightsInSteps() throws {
    try TestFiles.withTemporaryFolder { root in
      let file = root.appending(path: "study.yaml")
      func study(_ weighting: String, replicates: String) throws -> StudyRun {
        try """
        title: Steps
        data: [\(TestFiles.dataset("api/apiclus1.csv").path)]
        derive: [{name: answered, compute: "if(api99 > 450, 1, 0)"}]
        design: {weights: final, psu: [dnum], fpc: [fpc]\(replicates)}
        weighting: \(weighting)
        estimates: [{name: single, kind: mean, variables: [api00]}]
        """.write(to: file, atomically: true, encoding: .utf8)
        return try StudyRun(file.path, engine: Engine(threads: 1))
      }
      func error(_ run: StudyRun) -> Double {
        guard case .number(let error)? = run.estimates[0].result.rows[0]["std_error"] else { return .nan }
        return error
      }
      let margins = TestFiles.dataset("api/margins.csv").path
      let rake = "{weights: pw, margins: \(margins), output: final}"
      let golden = try GoldenJSON(TestFiles.golden("survey/rake.json"))["values"]
      let made = try study(rake, replicates: ", replicates: {method: jk1}")
      expectClose(error(made), try golden["two_margins_jk1", "mean.api00", "se"].number)
      #expect(made.notes.contains { $0.code == "steps_repeated" })
      expectClose(error(try study(rake, replicates: "")), try golden["two_margins", "mean.api00", "se"].number)

      let chain = """
        [{step: nonresponse, weights: pw, respondents: answered, classes: [stype], output: responding},
         {step: rake, margins: \(margins), output: raked}, {step: trim, upper: 60, output: final}]
        """
      let linear = try study(chain, replicates: "")
      #expect(linear.weighting.map(\.analysis) == ["weight.nonresponse", "weight.rake", "weight.trim"])
      #expect(linear.notes.contains { $0.code == "weights_taken_as_fixed" })
      let repeated = try study(chain, replicates: ", replicates: {method: jk1}")
      #expect(error(repeated) > 0 && error(linear) > 0)
      let folder = root.appending(path: "out")
      _ = try StudyFolder.write(
        file.path, to: folder.path, engine: Engine(threads: 1), force: false, command: ["immerse-stats"])
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names.contains("weighting_2_rake.csv") && names.contains("weights.csv"))
      #expect(throws: ImmerseError.self) { try study("{step: nonresponse, output: final}", replicates: "") }
    }
  }

  /// Replicates and plausible values in a study give what the library gives.
  @Test func replicatesAndPlausibleValues() throws {
    try TestFiles.withTemporaryFolder { root in
      let file = root.appending(path: "study.yaml")
      try """
      title: Replicates
      data: [\(TestFiles.dataset("api/apiclus1.csv").path)]
      design: {weights: pw, psu: [dnum], fpc: [fpc], replicates: {method: jk1}}
      estimates:
        - {name: single, kind: mean, variables: [api00]}
        - {name: score, kind: mean, variables: [score], plausible: ["score=api99,api00"]}
      """.write(to: file, atomically: true, encoding: .utf8)
      let run = try StudyRun(file.path, engine: Engine(threads: 1))
      let golden = try GoldenJSON(TestFiles.golden("survey/jackknife.json"))["values", "clus1.JK1.mean.api00"]
      guard case .number(let error)? = run.estimates[0].result.rows[0]["std_error"] else {
        Issue.record("no standard error")
        return
      }
      expectClose(error, try golden["se"].number)
      #expect(run.estimates[1].result.rows[0]["imputations"] == .integer(2))
    }
  }

  @Test func modelsAreComparedAndTheirGroupsListedAndDrawn() throws {
    try TestFiles.withTemporaryFolder { root in
      let text = """
        title: Sleep
        data: [\(TestFiles.golden("multilevel/sleepstudy.csv").path)]
        models:
          - name: slopes
            title: Slopes
            formula: Reaction ~ Days + (Days | Subject)
            method: ml
            df: satterthwaite
            tests: true
            r2: true
            intervals: profile
            compare: ["Reaction ~ Days + (1 | Subject)"]
            random_effects: true
        """
      let file = root.appending(path: "study.yaml")
      try text.write(to: file, atomically: true, encoding: .utf8)
      let folder = root.appending(path: "out")
      try write(folder, study: file.path)
      let result = try GoldenJSON(folder.appending(path: "slopes.json"))
      #expect(result["comparison"].list.count == 2)
      expectClose(try result["comparison"][1]["statistic"].number, 42.1393, relative: 1e-5)
      #expect(result["tests"].list.count == 1)
      // ICC, VPC, marginal and conditional R2, and those between and within subjects.
      #expect(result["r2"].list.count == 6)
      #expect(result["intervals"].list.count == 6)
      let effects = try String(contentsOf: folder.appending(path: "slopes_random_effects.csv"), encoding: .utf8)
      #expect(effects.split(separator: "\n").count == 37)
      let report = try String(contentsOf: folder.appending(path: "report.html"), encoding: .utf8)
      #expect(report.components(separatedBy: "<svg").count == 3)
    }
  }
}
