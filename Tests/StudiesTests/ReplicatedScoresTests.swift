import Foundation
import ImmerseStats
import Streaming
import Studies
import TestSupport
import Testing

/// Scores of a study under replicates, held against estimates of the same study: where a score is a mean of children's
/// values, its standard error is that of the mean.
@Suite struct ReplicatedScoresTests {
  /// Three countries of six sites of five children; three imputations of `m`.
  private static let data: String = {
    var state: UInt64 = 11
    func random() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / Double(1 << 24)
    }
    var lines = ["country,site,w,a,b,m1,m2,m3"]
    for (country, offset) in [("X", 0.0), ("Y", 2.0), ("Z", 6.0)] {
      for site in 1...6 {
        for _ in 0..<5 {
          let level = offset + Double(site) / 3 + random()
          let values = (0..<5).map { _ in "\(level + 2 * random())" }
          lines.append("\(country),\(country)\(site),\(1 + random()),\(values.joined(separator: ","))")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }()

  private static let framework = """
    indicators:
      - {code: a, parent: ab, kind: composite_of_items}
      - {code: b, parent: ab, kind: composite_of_items}
      - {code: m, parent: abm, kind: composite_of_items}
    aggregates: [{code: ab, parent: abm}, {code: abm}]
    method: {normalise: none}
    """

  private static func study(_ scores: String, design: String) -> String {
    """
    title: Scores
    data: [data.csv]
    derive:
      - {name: ab, compute: (a + b) / 2}
      - {name: n1, compute: ((a + b) / 2 + m1) / 2}
      - {name: n2, compute: ((a + b) / 2 + m2) / 2}
      - {name: n3, compute: ((a + b) / 2 + m3) / 2}
    design: {weights: w, strata: [country], psu: [site]\(design)}
    estimates:
      - {name: means, kind: mean, variables: [ab], by: [country]}
      - {name: imputed, kind: mean, variables: [n], by: [country], plausible: ["n=n1-n3"]}
    scores:
      - {name: s, framework: framework.yaml, unit: country, plausible: ["m=m1-m3"]\(scores)}
    sensitivity:
      - {name: t, score: s, weights: 0.25, draws: 20, sampling_draws: 20}
    """
  }

  private static func run(_ scores: String = "", design: String = "") throws -> StudyRun {
    try TestFiles.withTemporaryFolder { folder in
      for (name, text) in [
        ("study.yaml", study(scores, design: design)), ("data.csv", data), ("framework.yaml", framework),
      ] {
        try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
      }
      return try StudyRun(folder.appending(path: "study.yaml").path, engine: Engine(threads: 2))
    }
  }

  private static func errors(_ run: StudyRun, _ name: String, term: String) throws -> [Double] {
    let analysis = try #require(run.analyses.first { $0.step.name == name })
    return analysis.result.rows.filter { $0["term"] == .string(term) }.compactMap {
      if case .number(let error)? = $0["std_error"] { error } else { nil }
    }
  }

  @Test(arguments: [
    ", replicates: {method: jkn}", ", replicates: {method: bootstrap, count: 50, seed: 3}",
    ", replicates: {method: jkn, mse: true}",
  ])
  func meansOfMeans(_ replicates: String) throws {
    let run = try Self.run(design: replicates)
    let (ab, index) = (try Self.errors(run, "s", term: "ab"), try Self.errors(run, "s", term: "abm"))
    #expect(ab.count == 3)
    expectClose(ab, try Self.errors(run, "means", term: "ab"), relative: 1e-12)
    // Rubin's rules for the mean of a quantity with imputations and one without.
    expectClose(index, try Self.errors(run, "imputed", term: "n"), relative: 1e-12)
    let parts = try #require(run.analyses.first { $0.step.name == "t" }).result.sections.first { $0.key == "units" }
    guard case .array(let units)? = parts?.value else {
      Issue.record("no units")
      return
    }
    let hasParts = units.allSatisfy { if case .number? = $0["score_variance_sampling"] { true } else { false } }
    #expect(hasParts)
  }

  /// The best country has 100 and the worst 0 in every replicate in which the order is the same: scales are fitted anew.
  @Test func scalesAreFittedAnew() throws {
    let run = try Self.run(", normalise: minmax, replicates: {method: jkn}")
    let fixed = try Self.run(", normalise: minmax")
    let (anew, held) = (try Self.errors(run, "s", term: "a"), try Self.errors(fixed, "s", term: "a"))
    // X, Y and Z.
    #expect(held.allSatisfy { $0 > 1 })
    #expect(anew[0] < 1e-9 && anew[1] > 1 && anew[2] < 1e-9)
    let codes = try #require(run.analyses.first { $0.step.name == "s" }).result.notes.map(\.code)
    #expect(codes.contains("replicate_standard_errors") && codes.contains("rank_intervals"))
    let rows = try #require(run.analyses.first { $0.step.name == "s" }).result.rows
    let hasRanks = rows.filter { $0["term"] == "abm" }.allSatisfy {
      if case .integer? = $0["rank_low"] { true } else { false }
    }
    #expect(hasRanks)
  }

  @Test func refusals() {
    let error = #expect(throws: ImmerseError.self) {
      try Self.run(", replicates: {method: jk2, independent: country, scales: {X: 1, Y: 2, Z: 2}}")
    }
    #expect(error?.kind == .usage)
    #expect(error?.variable == "s")
  }
}
