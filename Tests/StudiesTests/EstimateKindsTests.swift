import DataFormats
import Foundation
import ImmerseStats
import Streaming
import Studies
import TestSupport
import Testing

/// Models, tests, functions and segregation as steps of a study and as requests in JSON.
struct EstimateKindsTests {
  private static let steps = """
    - {name: model, kind: glm, variables: ["sch.wide ~ ell + meals"], family: binomial, terms: [ell, meals]}
    - {name: order, kind: glm, variables: ["stype ~ meals"], family: ordinal}
    - {name: few, kind: glm, variables: ["api00 ~ meals"], se: cr2}
    - {name: ranks, kind: ranktest, variables: ["ell ~ stype"], test: KruskalWallis}
    - {name: table, kind: chisq, variables: ["sch.wide:stype"], statistic: lincom}
    - {name: odds, kind: function, variables: ["log(mean(api00) / mean(api99))"], by: [comp.imp], contrast: true}
    - {name: apart, kind: segregation, variables: ["comp.imp:dnum"]}
    """

  private func study(_ root: URL) throws -> String {
    let file = root.appending(path: "study.yaml")
    try """
    title: Kinds
    data: [\(TestFiles.dataset("api/apiclus1.csv").path)]
    design: {weights: pw, psu: [dnum], fpc: [fpc]}
    estimates:
    \(EstimateKindsTests.steps)
    """.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  @Test func aStudyHasAllKinds() throws {
    try TestFiles.withTemporaryFolder { root in
      let file = try study(root)
      let run = try StudyRun(file, engine: Engine(threads: 1))
      #expect(run.estimates.count == 7)
      #expect(run.estimates[0].result.sections.map(\.key) == ["design", "tests", "vcov"])
      #expect(run.estimates[6].result.rows.count == 7)
      let folder = root.appending(path: "out")
      _ = try StudyFolder.write(
        file, to: folder.path, engine: Engine(threads: 1), force: false, command: ["immerse-stats"])
      let page = try String(contentsOf: folder.appending(path: "report.html"), encoding: .utf8)
      for text in ["Statistic", "Residual df", "Tests of terms", "dissimilarity_corrected"] {
        let isThere = page.contains(text)
        #expect(isThere, "\(text)")
      }
    }
  }

  /// What is withheld is not to be had from the tests and the covariances beside it.
  @Test func smallModelsAreWithheldWhole() throws {
    try TestFiles.withTemporaryFolder { root in
      let file = root.appending(path: "study.yaml")
      try """
      title: Small
      data: [\(TestFiles.dataset("api/apiclus1.csv").path)]
      design: {weights: pw, psu: [dnum], fpc: [fpc]}
      estimates:
        - {name: model, kind: glm, variables: ["api00 ~ ell"], terms: [ell], where: "dnum in (61, 135)"}
      """.write(to: file, atomically: true, encoding: .utf8)
      let result = try StudyRun(file.path, engine: Engine(threads: 1)).estimates[0].result
      #expect(result.rows.allSatisfy { $0["estimate"] == .null })
      #expect(result.sections.map(\.key) == ["design"])
    }
  }

  @Test(arguments: [
    #"{"kind": "glm", "variables": ["api00 ~ ell"], "terms": ["ell"]}"#,
    #"{"kind": "glm", "variables": ["api00 ~ ell"], "se": "cr2"}"#,
    #"{"kind": "glm", "variables": ["stype ~ ell"], "family": "ordinal"}"#,
    #"{"kind": "ranktest", "variables": ["ell ~ comp.imp"], "test": "vanderWaerden"}"#,
    #"{"kind": "function", "variables": ["total(api00) / total(api99)", "mean(ell)"]}"#,
    #"{"kind": "segregation", "variables": ["comp.imp:dnum"]}"#,
  ])
  func requestsInJSON(text: String) throws {
    let design = #""design": {"weights": "pw", "psu": ["dnum"], "fpc": ["fpc"]}"#
    let request = try AnalysisRequest(json: Array(#"{"estimate": \#(text.dropLast()), \#(design)}}"#.utf8))
    let source = try DataFile.open(TestFiles.dataset("api/apiclus1.csv").path)
    let result = try request.run(on: source).result
    #expect(!result.rows.isEmpty)
    #expect(result.rows.allSatisfy { $0["statistic"] != .null || $0["estimate"] != nil })
  }
}
