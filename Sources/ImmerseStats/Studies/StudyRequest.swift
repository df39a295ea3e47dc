public import Columnar
import DataShaping
public import Streaming

/// A whole study as other languages ask for it: what its file says, and the documents it names. Tables come beside it.
///
/// ```json
/// {"study": {"title": "...", "data": ["children.csv"], ...}, "documents": {"framework.yaml": {...}}}
/// ```
public struct StudyRequest: Sendable {
  public let study: Study
  private let documents: [String: JSONValue]

  /// - Throws: `badData` where the text is not JSON, a setting is unknown or has a value of the wrong kind.
  public init(json: [UInt8]) throws(ImmerseError) {
    let document = try JSONValue(parsing: json, file: "request")
    for key in document.members?.map(\.key) ?? [] where !["study", "documents"].contains(key) {
      throw ImmerseError(
        .badData, "there is no setting \"\(key)\" here", place: .init(file: "request"),
        remedy: "the settings are study and documents")
    }
    guard let study = document["study"] else {
      throw ImmerseError(.badData, "the setting \"study\" is missing", place: .init(file: "request"))
    }
    self.study = try study.decode(Study.self, file: "study")
    let members = document["documents"]?.members ?? []
    documents = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
  }

  /// Carries the study out.
  ///
  /// - Parameter tables: the rows of every table that the study names.
  /// - Throws: `noInput` where the study names something that is not there, and what its analyses throw.
  public func run(
    on tables: [String: any RandomAccessSource], engine: Engine = Engine()
  ) throws(ImmerseError) -> AnalysisOutcome {
    let inputs = GivenInputs(tables: tables, documents: documents)
    return try StudyRun(study, named: "study", inputs: inputs, engine: engine).outcome(engine: engine)
  }
}

/// Tables and documents in memory, under the names by which a study calls them.
private struct GivenInputs: StudyInputs {
  let tables: [String: any RandomAccessSource]
  let documents: [String: JSONValue]

  func rows(
    _ names: [String], dialect: CSVDialect, codebook: [String: VariableMetadata], labels: Bool
  ) throws(ImmerseError) -> any RandomAccessSource {
    var sources: [any RandomAccessSource] = []
    for name in names {
      guard let table = tables[name] else { throw missing(name, "table") }
      let described = codebook.filter { table.columnNames.contains($0.key) }
      sources.append(described.isEmpty ? table : try DescribedSource(table, metadata: described, labels: labels))
    }
    return sources.count == 1 ? sources[0] : try AppendedSource(sources)
  }

  func document<T: Decodable>(_ type: T.Type, _ name: String) throws(ImmerseError) -> T? {
    if let document = documents[name] { return try document.decode(type, file: name) }
    if tables[name] == nil { throw missing(name, "table or document") }
    return nil
  }

  /// As a text in base 64, which a fit with `save` has as its `saved`.
  func bytes(_ name: String) throws(ImmerseError) -> [UInt8] {
    guard let text = try document(String.self, name), let bytes = Base64.bytes(of: text) else {
      throw ImmerseError(.badData, "this is no saved fit", place: .init(file: name))
    }
    return bytes
  }

  private func missing(_ name: String, _ what: String) -> ImmerseError {
    ImmerseError(
      .noInput, "the study names it, and no such \(what) was handed over", place: .init(file: name),
      remedy: "hand it over under this name")
  }
}
