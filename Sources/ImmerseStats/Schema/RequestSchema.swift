extension AnalysisRequest {
  /// What requests are, as a JSON Schema (draft 2020-12) that is found out from the types that decode them.
  public static var schema: JSONValue { JSONValue.schema(of: AnalysisRequest.self, title: "Requests of immerse-stats") }
}

extension JSONValue {
  /// What documents of a type are, as a JSON Schema (draft 2020-12): settings, their forms, words and defaults.
  public static func schema<T: Decodable>(of type: T.Type, title: String) -> JSONValue {
    let describer = SettingsDescriber()
    let root = describer.describe(type).forms
    let definitions = describer.definitions.sorted { $0.name < $1.name }
    let head: [JSONValue.Member] = [
      .init("$schema", "https://json-schema.org/draft/2020-12/schema"), .init("title", .string(title)),
    ]
    return .object(
      head + root.members + [
        .init(
          "$defs",
          .object(
            definitions.map { name, schemas in
              .init(name, schemas.count == 1 ? schemas[0].json : ["anyOf": .array(schemas.map(\.json))])
            }))
      ])
  }
}
