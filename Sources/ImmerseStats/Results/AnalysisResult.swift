public import Columnar

/// The result of any analysis, in the one format that the command, study folders and adapters share.
///
/// Rows are tidy: one estimate each, under the names that R's broom gives them, in snake case.
public struct AnalysisResult: Sendable, Hashable {
  public static let schema = "immerse-stats/1"

  /// What was done, such as `estimate.mean`.
  public var analysis: String
  /// Objects with the same keys.
  public var rows: [JSONValue]
  /// What belongs to the analysis as a whole, in order: design, variance components, convergence ...
  public var sections: [JSONValue.Member]
  public var notes: [Note]
  public var provenance: JSONValue
  /// False where an iteration stopped before its goal: a result that must not be taken for a finished one.
  public var hasConverged: Bool

  public init(
    _ analysis: String, rows: [JSONValue], sections: [JSONValue.Member] = [], notes: [Note] = [],
    provenance: JSONValue = [:], hasConverged: Bool = true
  ) {
    self.analysis = analysis
    self.rows = rows
    self.sections = sections
    self.notes = notes
    self.provenance = provenance
    self.hasConverged = hasConverged
  }

  public var json: JSONValue {
    let head: [JSONValue.Member] = [
      .init("schema", .string(AnalysisResult.schema)), .init("analysis", .string(analysis)),
      .init("rows", .array(rows)),
    ]
    let tail: [JSONValue.Member] = [
      .init("notes", .array(notes.map { ["code": .string($0.code), "message": .string($0.message)] })),
      .init("provenance", provenance),
    ]
    return .object(head + sections + tail)
  }
}
