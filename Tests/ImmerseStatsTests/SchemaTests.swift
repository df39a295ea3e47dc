import Foundation
import ImmerseStats
import TestSupport
import Testing

@Suite struct SchemaTests {
  static let file = TestFiles.root.appending(path: "Documentation/schema/immerse-stats-1-request.json")

  /// `UPDATE_GOLDEN=1 swift test --filter SchemaTests` writes the file anew.
  @Test func theSchemaInTheRepositoryIsThatOfTheTypes() throws {
    let schema = AnalysisRequest.schema.text
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
      try Data(schema.utf8).write(to: Self.file)
    }
    let isCurrent = try String(contentsOf: Self.file, encoding: .utf8) == schema
    #expect(isCurrent, "UPDATE_GOLDEN=1 swift test --filter SchemaTests writes \(Self.file.lastPathComponent) anew")
  }

  struct Step: Codable {
    enum Kind: String, Codable, CaseIterable { case plain, power }

    enum CodingKeys: String, CodingKey { case kind, exponent, by, weight }

    let kind: Kind
    let exponent: Double?
    let by: [String]
    let weight: Double

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      kind = try container.decode(Kind.self, forKey: .kind)
      exponent = kind == .power ? try container.decode(Double.self, forKey: .exponent) : nil
      by = try container.decodeIfPresent([String].self, forKey: .by) ?? []
      weight = try container.decodeIfPresent(Double.self, forKey: .weight) ?? 2
    }
  }

  /// What a type requires may depend on a word, and what it lacks has a default.
  @Test func settingsDependOnWords() {
    let schema = JSONValue.schema(of: Step.self, title: "Steps")
    let text = schema["$defs"]?.compactText ?? ""
    let name = #"{"SchemaTests.Step": {"anyOf": ["#
    let by =
      #""by": {"anyOf": [{"type": ["string", "number", "boolean", "null"]}, {"type": "array", "#
      + #""items": {"type": ["string", "number", "boolean"]}}]}"#
    let weight = #""weight": {"type": ["number", "null"], "default": 2.0}"#
    let plain =
      #"{"type": "object", "properties": {"kind": {"enum": ["plain"]}, \#(by), \#(weight)}, "#
      + #""required": ["kind"], "additionalProperties": false}"#
    let power =
      #"{"type": "object", "properties": {"kind": {"enum": ["power"]}, "exponent": {"type": "number"}, \#(by), \#(weight)}, "#
      + #""required": ["kind", "exponent"], "additionalProperties": false}"#
    #expect(text == "\(name)\(plain), \(power)]}}")
  }
}
