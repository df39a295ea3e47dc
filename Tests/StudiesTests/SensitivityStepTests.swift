import Columnar
import Foundation
import ImmerseStats
import Streaming
import Studies
import TestSupport
import Testing

struct SensitivityStepTests {
  private func study(_ sensitivity: String) -> String {
    let folder = TestFiles.dataset("immerse").path
    return """
      title: Sensitivity
      data: [\(folder)/children.csv.gz]
      join:
        - {file: \(folder)/sites.csv, key: site}
        - {file: \(folder)/countries.csv, key: country}
      scales: [belonging.yaml]
      design: {weights: weight, strata: [stratum], psu: [site]}
      estimates:
        - {name: scale, kind: mean, variables: [sense_of_belonging], by: [country], missing: drop}
      scores:
        - {name: country_scores, framework: \(folder)/framework.yaml, unit: country}
      sensitivity:
      \(sensitivity)
      """
  }

  private static let scale = """
    name: sense_of_belonging
    minimum: 1
    items:
      - {name: BEL2, slope: 1.2, thresholds: [-2, -1, 0, 1]}
      - {name: BEL3, slope: 1.5, thresholds: [-2, -1, 0, 1]}
      - {name: BEL6, slope: 0.8, thresholds: [-2, -1, 0, 1], reversed: true}
    """

  private func run(_ sensitivity: String) throws -> (StudyRun, String) {
    try TestFiles.withTemporaryFolder { folder in
      let file = folder.appending(path: "study.yaml")
      try study(sensitivity).write(to: file, atomically: true, encoding: .utf8)
      try Self.scale.write(to: folder.appending(path: "belonging.yaml"), atomically: true, encoding: .utf8)
      let output = folder.appending(path: "out")
      let written = try StudyFolder.write(
        file.path, to: output.path, engine: Engine(threads: 2), force: false, command: ["test"])
      return (written.run, try String(contentsOf: output.appending(path: "report.html"), encoding: .utf8))
    }
  }

  @Test func scoresOfAStudyWithTheirSamplingError() throws {
    let (run, report) = try run(
      "  - {name: country_sensitivity, score: country_scores, weights: 0.25, draws: 30, sampling_draws: 20}")
    let analysis = try #require(run.analyses.first { $0.step.name == "country_sensitivity" })
    #expect(analysis.result.rows.map { $0["factor"] } == ["sampling", "weights"])
    let units = analysis.result.sections.first { $0.key == "units" }?.value
    guard case .array(let rows)? = units else {
      Issue.record("no units")
      return
    }
    #expect(rows.count == 6)
    let hasParts = rows.allSatisfy { if case .number? = $0["score_variance_sampling"] { true } else { false } }
    #expect(hasParts)
    #expect(report.contains("Ranks over all runs"))
    let scale = try #require(run.analyses.first { $0.step.name == "scale" })
    #expect(scale.result.rows.count == 6)
  }

  @Test func unknownScoresAreRefused() {
    let error = #expect(throws: ImmerseError.self) { try run("  - {name: s, score: country_score}") }
    #expect(error?.kind == .badData)
    #expect(error?.variable == "s")
  }
}
