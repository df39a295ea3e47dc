import Columnar
import Foundation
import ImmerseStats
import Streaming
import Studies
import TestSupport
import Testing

/// The bundled study of 24,420 simulated children, against other programs.
struct BundledStudyTests {
  static let run = Result { () throws -> StudyRun in
    try StudyRun(TestFiles.dataset("immerse/study.yaml").path, engine: Engine(threads: 2))
  }

  private func rows(_ name: String) throws -> [JSONValue] {
    let analyses = try BundledStudyTests.run.get().analyses
    return try #require(analyses.first { $0.step.name == name }).result.rows
  }

  /// Raked means, differences and averages with their standard errors, from R's survey package.
  @Test(arguments: ["european", "european_by_migrant", "national", "regional"])
  func estimatesAgreeWithSurvey(name: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("demo/immerse_survey.json"))["values", name]
    let own = try rows(name)
    var compared = 0
    for expected in golden.list {
      let term = try expected["term"].string
      let by = expected["by"]
      let row = try #require(
        own.first { row in
          row["term"] == .string(term)
            && by.keys.allSatisfy { key in row["by"]?[key] == (by[key].value as? String).map { .string($0) } }
            && (by.keys.count == groupCount(row))
        })
      guard case .number(let estimate)? = row["estimate"], case .number(let error)? = row["std_error"] else {
        // Withheld for the small number of its sites.
        #expect(name == "regional")
        continue
      }
      expectClose(estimate, try expected["estimate"].number, relative: 1e-10, "\(name) \(term)")
      expectClose(error, try expected["std_error"].number, relative: 1e-10, "\(name) \(term) std_error")
      compared += 1
    }
    let least = ["european": 4, "european_by_migrant": 12, "national": 28, "regional": 25][name] ?? 0
    #expect(compared >= least)
  }

  private func groupCount(_ row: JSONValue) -> Int {
    if case .object(let members)? = row["by"] { members.count } else { 0 }
  }

  /// Fixed effects, sandwich errors, variances and criterion, from a direct maximisation in R.
  @Test(arguments: ["belonging_two_level", "belonging_three_level"])
  func modelsAgreeWithDirectMaximisation(name: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("demo/immerse_models.json"))[name]
    let analysis = try #require(try BundledStudyTests.run.get().analyses.first { $0.step.name == name })
    let terms = try golden["terms"].list.map { try $0.string }
    #expect(analysis.result.rows.map { $0["term"] } == terms.map { .string($0) })
    for (index, row) in analysis.result.rows.enumerated() {
      guard case .number(let estimate)? = row["estimate"], case .number(let error)? = row["std_error"] else {
        Issue.record("a fixed effect without its estimate")
        continue
      }
      expectClose(estimate, try golden["estimate"][index].number, absolute: 1e-7, terms[index])
      expectClose(error, try golden["std_error"][index].number, relative: 1e-6, "std_error of \(terms[index])")
    }
    let sections = Dictionary(uniqueKeysWithValues: analysis.result.sections.map { ($0.key, $0.value) })
    guard case .number(let criterion)? = sections["criterion"]?["value"],
      case .array(let components)? = sections["variance_components"]
    else {
      Issue.record("no criterion or variance components")
      return
    }
    let reference = try golden["criterion"].number
    #expect(criterion <= reference + 1e-5)
    let variances = components.compactMap { component -> Double? in
      if case .number(let value)? = component["covariance"] { value } else { nil }
    }
    expectClose(variances, try golden["variances"].numbers, relative: 1e-4, "variances")
  }

  @Test func smallCellsAreWithheld() throws {
    let regional = try rows("regional")
    let small = try #require(regional.first { $0["by"]?["region"] == .string("DE3") })
    #expect(small["estimate"] == .null)
    #expect(small["std_error"] == .null)
    #expect(small["n"] == .null)
    let scores = try rows("region_scores")
    let scored = scores.filter { $0["unit"] == .string("DE3") && $0["term"] == .string("R06_belonging") }
    #expect(scored.map { $0["estimate"] } == [.null])
  }

  @Test func officialFiguresHaveNoSamplingError() throws {
    let scores = try rows("country_scores")
    func errors(_ term: String) -> [JSONValue?] {
      scores.filter { $0["term"] == .string(term) }.map { $0["std_error"] }
    }
    #expect(errors("R01_compulsory_education").allSatisfy { $0 == .null })
    #expect(errors("D18_policy_citizenship").allSatisfy { $0 == .null })
    #expect(!errors("R06_belonging").contains(.null))
    #expect(errors("R01_compulsory_education").count == 6)
  }

  @Test func threadsDoNotChangeAByte() throws {
    let path = TestFiles.dataset("immerse/study.yaml").path
    let texts = try [1, 5].map { threads in
      try StudyRun(path, engine: Engine(threads: threads)).analyses.map(\.result.json.text)
    }
    let two = try BundledStudyTests.run.get().analyses.map(\.result.json.text)
    #expect(texts[0] == two)
    #expect(texts[1] == two)
  }
}
