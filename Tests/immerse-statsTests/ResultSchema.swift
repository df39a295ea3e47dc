import ImmerseStats

/// What results look like, as a JSON Schema found out from results: of each analysis the keys of its rows and sections,
/// and what has stood in them.
struct ResultSchema {
  private var analyses: [String: Shape] = [:]

  mutating func add(_ result: JSONValue) {
    guard case .string(let analysis)? = result["analysis"] else { return }
    analyses[analysis, default: Shape()].add(result)
  }

  var json: JSONValue {
    [
      "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Results of immerse-stats",
      "anyOf": .array(
        analyses.sorted { $0.key < $1.key }.map { name, shape in
          ["title": .string(name), "$ref": .string("#/$defs/\(name)")]
        }),
      "$defs": .object(
        analyses.sorted { $0.key < $1.key }.map { name, shape in
          .init(name, shape.result(of: name))
        }),
    ]
  }

  /// What has stood in a place.
  private struct Shape {
    private var types: Set<String> = []
    private var members: [(key: String, shape: Shape, count: Int)] = []
    private var objects = 0
    private var elements: [Shape] = []
    /// Whether keys are names of the data.
    private var isMap = false

    /// Sections whose keys are names of the data: levels of groups, terms, factors.
    private static let maps: Set<String> = ["by", "groups", "changes", "vcov"]

    mutating func add(_ value: JSONValue) {
      switch value {
      case .null: types.insert("null")
      case .bool: types.insert("boolean")
      case .integer: types.insert("integer")
      case .number: types.insert("number")
      case .string: types.insert("string")
      case .array(let values):
        types.insert("array")
        if elements.isEmpty { elements = [Shape()] }
        elements[0].isMap = isMap
        for value in values { elements[0].add(value) }
      case .object(let new):
        types.insert("object")
        objects += 1
        for member in new { add(member) }
      }
    }

    private mutating func add(_ member: JSONValue.Member) {
      let place = members.firstIndex { $0.key == member.key } ?? members.count
      if place == members.count { members.append((member.key, Shape(), 0)) }
      members[place].shape.isMap = Shape.maps.contains(member.key)
      members[place].shape.add(member.value)
      members[place].count += 1
    }

    func result(of analysis: String) -> JSONValue {
      var schema = self
      if let place = members.firstIndex(where: { $0.key == "notes" }) {
        schema.members[place].shape.elements = [Shape.note]
      }
      guard case .object(var parts) = schema.json, let place = parts.firstIndex(where: { $0.key == "properties" }),
        case .object(var properties) = parts[place].value
      else { return schema.json }
      for (key, constant) in [("schema", AnalysisResult.schema), ("analysis", analysis)] {
        properties.removeAll { $0.key == key }
        properties.append(.init(key, ["const": .string(constant)]))
      }
      properties.append(.init("provenance", ["type": "object"]))
      parts[place].value = .object(properties)
      return .object(parts)
    }

    private static var note: Shape {
      var shape = Shape()
      shape.add(["code": "a", "message": "a"])
      return shape
    }

    var json: JSONValue {
      var parts: [JSONValue.Member] = []
      var types = types
      if types.contains("number") { types.remove("integer") }
      // Any number may be missing: results hold no NaN.
      if types.contains("number") { types.insert("null") }
      if types.count == 1, let type = types.first {
        parts.append(.init("type", .string(type)))
      } else if !types.isEmpty {
        parts.append(.init("type", .array(types.sorted().map { .string($0) })))
      }
      if let element = elements.first, !element.types.isEmpty { parts.append(.init("items", element.json)) }
      guard types.contains("object") else { return .object(parts) }
      if isMap {
        var any = Shape()
        for member in members { any.types.formUnion(member.shape.types) }
        return .object(parts + [.init("additionalProperties", any.json)])
      }
      parts.append(.init("properties", .object(members.map { .init($0.key, $0.shape.json) })))
      let required = members.filter { $0.count == objects }.map { JSONValue.string($0.key) }
      if !required.isEmpty { parts.append(.init("required", .array(required))) }
      return .object(parts + [.init("additionalProperties", .bool(false))])
    }
  }
}
