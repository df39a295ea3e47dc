import CImmerse
import Columnar
import DataFormats
import Foundation
import ImmerseStats
import Streaming
import Studies
import TestSupport
import Testing
import Yams

/// Studies as other languages ask for them: JSON, with tables and documents in memory.
@Suite struct StudyRequestTests {
  /// What a program does that reads YAML for itself: texts as they stand in the file.
  private static func json(_ node: Node) -> JSONValue {
    switch node {
    case .mapping(let mapping): .object(mapping.map { .init($0.key.string ?? "", json($0.value)) })
    case .sequence(let sequence): .array(sequence.map(json))
    default: node.null != nil ? .null : .string(node.string ?? "")
    }
  }

  private static func json(_ file: URL) throws -> JSONValue {
    json(try #require(try compose(yaml: try String(contentsOf: file, encoding: .utf8))))
  }

  /// The bundled study as a request, and the tables beside it, through record batches of another producer.
  private static func request(_ study: URL) throws -> (request: StudyRequest, tables: [String: any RandomAccessSource])
  {
    let document = try json(study)
    let plan = try StudyRequest(json: Array(JSONValue.object([.init("study", document)]).text.utf8)).study
    var documents: [JSONValue.Member] = []
    var tables: [String: any RandomAccessSource] = [:]
    for name in plan.inputs {
      let file = study.deletingLastPathComponent().appending(path: name)
      if file.pathExtension == "yaml" {
        documents.append(.init(name, try json(file)))
      } else {
        tables[name] = try recordBatches(of: try DataFile.open(file.path), name)
      }
    }
    let text = JSONValue.object([.init("study", document), .init("documents", .object(documents))]).text
    return (try StudyRequest(json: Array(text.utf8)), tables)
  }

  private static func recordBatches(of source: any RandomAccessSource, _ name: String) throws -> RecordBatches {
    let types = try source.types(of: source.columnNames)
    let batches = try (0..<source.chunkCount).map { try source.chunk($0, source.columnNames.map { .native($0) }) }
    var stream = ArrowArrayStream()
    ArrowExport.write(batches, fields: source.columnNames.map { Field($0, types[$0] ?? .text) }, to: &stream)
    return try RecordBatches(&stream, name: name)
  }

  @Test(arguments: ["api", "immerse"])
  func aStudyInMemoryGivesWhatItsFileGives(folder: String) throws {
    let file = TestFiles.dataset("\(folder)/study.yaml")
    let engine = Engine(threads: 2)
    let run = try StudyRun(file.path, engine: engine)
    let whole = try run.outcome(engine: engine)
    let (request, tables) = try Self.request(file)
    let ours = try request.run(on: tables, engine: engine)
    let isSame = ours.result.json.text == whole.result.json.text
    #expect(isSame)
    #expect(ours.result.rows.count == run.analyses.count && ours.result.rows.count > 4)
    // The analyses are those of the study's folder.
    for analysis in run.analyses {
      let own = ours.result.json["results"]?[analysis.step.name]?["rows"]
      let isOwn = own == .array(analysis.result.rows)
      #expect(isOwn, "\(analysis.step.name)")
    }
    #expect(ours.addedFields.map(\.name) == run.weightColumns && !run.weightColumns.isEmpty)
    let name = try #require(run.weightColumns.last)
    let sums = try [ours, whole].map { outcome in
      try outcome.addedRows.reduce(0.0) { $0 + (try $1.numbers(name)).array.reduce(0, +) }
    }
    #expect(sums[0] == sums[1] && sums[0] > 0)
  }

  private static func error(_ json: String, _ tables: [String: any RandomAccessSource] = [:]) throws -> ImmerseError {
    try #require(
      #expect(throws: ImmerseError.self) { _ = try StudyRequest(json: Array(json.utf8)).run(on: tables) })
  }

  @Test func whatIsMissingIsNamed() throws {
    let study = #"{"study": {"title": "t", "data": ["a.csv"], "join": [{"file": "b.csv", "key": "k"}]}}"#
    let none = try Self.error(study)
    #expect(none.kind == .noInput && "\(none)".contains("a.csv") && "\(none)".contains("hand it over"))
    let rows = Table([("k", Column(["x", "y"]))], name: "a.csv")
    #expect("\(try Self.error(study, ["a.csv": rows]))".contains("b.csv"))
    let scored =
      #"{"study": {"title": "t", "data": ["a.csv"], "scores": [{"name": "s", "framework": "f.yaml", "unit": "k"}]}}"#
    #expect("\(try Self.error(scored, ["a.csv": rows]))".contains("f.yaml"))
  }

  @Test(arguments: [
    ("{}", "\"study\" is missing"), (#"{"study": {"title": "t"}}"#, "\"data\" is missing"),
    (#"{"study": {}, "tables": {}}"#, "no setting \"tables\""),
    (#"{"study": {"title": "t", "data": ["a"], "estimate": []}}"#, "did you mean \"estimates\""),
    ("[", "not valid JSON"),
  ])
  func whatIsNoStudyIsRefused(json: String, message: String) throws {
    let error = try Self.error(json)
    #expect(error.kind == .badData && "\(error)".contains(message), "\(error)")
  }
}
