import Foundation
import ImmerseStats
import Studies
import TestSupport
import Testing

/// Whole studies, to which the command and the adapters are held.
@Suite struct StudyCaseTests {
  static let all = RequestCase.files(in: TestFiles.root.appending(path: "Tests/Cases/studies"))

  @Test(arguments: all)
  func theStudyGivesWhatIsExpected(file: URL) throws {
    var item = try RequestCase(file)
    let path = TestFiles.root.appending(path: item.text("study") ?? "").path
    let engine = Engine(threads: 2)
    let outcome = try StudyRun(path, engine: engine).outcome(engine: engine)
    guard case .object(let members) = outcome.result.json else { throw RequestCase.Failure(text: "no result") }
    let result = JSONValue.object(members.filter { $0.key != "provenance" })
    let added = JSONValue.object(
      try outcome.addedFields.filter { $0.type == .float64 }.map { field in
        let values = try outcome.addedRows.flatMap { try $0.numbers(field.name).array }
        return .init(
          field.name, ["first": JSONValue(values.first), "sum": JSONValue(values.filter(\.isFinite).reduce(0, +))])
      })
    if RequestCaseTests.isUpdating { return try item.rewrite(result, added) }
    let isExpected = item["result"]?.isClose(to: result) == true
    #expect(isExpected, "\(item)\nyields\n\(result.text)")
    let areExpected = item["added"]?.isClose(to: added) == true
    #expect(areExpected, "\(item) adds\n\(added.text)")
  }
}
