import Foundation
import ImmerseStats
import TestSupport
import Testing

/// The cases that the command shares with the adapters.
@Suite(.serialized) struct RequestCaseTests {
  static let schema = TestFiles.root.appending(path: "Documentation/schema/immerse-stats-1-result.json")
  static let isUpdating = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil

  @Test(arguments: RequestCase.all)
  func theRequestGivesWhatTheCommandGives(file: URL) throws {
    var item = try RequestCase(file)
    let (result, added) = try item.outcome()
    if let command = try item.resultOfCommand() {
      let isSame = command.isClose(to: result)
      #expect(isSame, "\(item): the command printed\n\(command.text)\nthe request yields\n\(result.text)")
    }
    if Self.isUpdating { return try item.rewrite(result, added) }
    let isExpected = item["result"]?.isClose(to: result) == true
    #expect(isExpected, "\(item)\nyields\n\(result.text)\nexpected\n\(item["result"]?.text ?? "")")
    let areExpected = (item["added"] ?? .null).isClose(to: added ?? .null)
    #expect(areExpected, "\(item) adds\n\((added ?? .null).text)")
  }

  /// Every analysis that can be asked for has a case, and the schema of results knows what it yields.
  @Test func casesAndSchemaAreComplete() throws {
    let cases = try RequestCase.all.map { try RequestCase($0) }
    let asked = try cases.map { item -> (analysis: String, kind: JSONValue?) in
      guard case .object(let request)? = item["request"] else { throw RequestCase.Failure(text: "\(item): no request") }
      return (request[0].key, request[0].value["kind"])
    }
    let definitions = AnalysisRequest.schema["$defs"]
    let analyses = (definitions?["AnalysisRequest"]?["anyOf"]?.elements ?? []).compactMap {
      $0["required"]?.elements?[0]
    }
    #expect(analyses.count >= 13)
    // A prediction takes what a fit has saved.
    let lacking = analyses.filter { name in name != "predict" && !asked.contains { .string($0.analysis) == name } }
    #expect(lacking.isEmpty, "no case asks for \(lacking.map(\.compactText))")
    let kinds = definitions?["EstimateRequest"]?["properties"]?["kind"]?["enum"]?.elements ?? []
    #expect(kinds.count >= 13)
    let missing = kinds.filter { kind in !asked.contains { $0.kind == kind } }
    #expect(missing.isEmpty, "no case asks for an estimate of \(missing.map(\.compactText))")

    var schema = ResultSchema()
    for item in cases { if let result = item["result"] { schema.add(result) } }
    if Self.isUpdating { try Data(schema.json.text.utf8).write(to: Self.schema) }
    let isCurrent = try String(contentsOf: Self.schema, encoding: .utf8) == schema.json.text
    #expect(
      isCurrent, "UPDATE_GOLDEN=1 swift test --filter RequestCaseTests writes \(Self.schema.lastPathComponent) anew")
  }
}
