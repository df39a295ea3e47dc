/// The forms in which a document may hold a value.
struct SettingForms: Hashable {
  enum Form: Hashable {
    /// A text; names and levels that are numbers may be written as such.
    case text
    /// A text of a form of its own, such as `fay=0.5`.
    case spelling(example: String)
    case number, integer, truth, null
    /// One word of a vocabulary.
    case word(JSONValue)
    /// A list of values, each in one of the forms.
    case list(SettingForms)
    /// Values under names of the data.
    case map(SettingForms)
    /// Settings that are defined under a name.
    case settings(String)
  }

  private(set) var forms: [Form] = []

  init(_ forms: Form...) { self.forms = forms }

  mutating func add(_ other: SettingForms) {
    for form in other.forms where !forms.contains(form) { forms.append(form) }
  }

  /// The schema of a value in any of the forms.
  var members: [JSONValue.Member] {
    let alternatives = [simple, vocabulary].compactMap { $0 } + forms.compactMap(SettingForms.compound)
    return alternatives.count == 1
      ? alternatives[0] : [.init("anyOf", .array(alternatives.map { .object($0) }))]
  }

  /// The forms that a word of JSON Schema names.
  private var simple: [JSONValue.Member]? {
    var types: [JSONValue] = []
    var examples: [JSONValue] = []
    for form in forms {
      switch form {
      case .text: types += ["string", "number", "boolean"]
      case .spelling(let example):
        types.append("string")
        examples.append(.string(example))
      case .number: types.append("number")
      case .integer: types.append("integer")
      case .truth: types.append("boolean")
      case .null where !forms.contains(where: \.isWord): types.append("null")
      default: break
      }
    }
    guard let type = types.first else { return nil }
    let head = JSONValue.Member("type", types.count == 1 ? type : .array(types))
    return examples.isEmpty ? [head] : [head, .init("examples", .array(examples))]
  }

  private var vocabulary: [JSONValue.Member]? {
    var words = forms.compactMap { if case .word(let word) = $0 { word } else { nil } }
    if words.isEmpty { return nil }
    if forms.contains(.null) { words.append(.null) }
    return [.init("enum", .array(words))]
  }

  private static func compound(_ form: Form) -> [JSONValue.Member]? {
    switch form {
    case .list(let element): [.init("type", "array"), .init("items", .object(element.members))]
    case .map(let value): [.init("type", "object"), .init("additionalProperties", .object(value.members))]
    case .settings(let name): [.init("$ref", .string("#/$defs/\(name)"))]
    default: nil
    }
  }
}

extension SettingForms.Form {
  fileprivate var isWord: Bool { if case .word = self { true } else { false } }
}

/// An object of settings: what may stand in it and what has to.
struct SettingsSchema {
  var settings: [(key: String, forms: SettingForms)] = []
  var required: [String] = []
  var defaults: [String: JSONValue] = [:]

  subscript(key: String) -> SettingForms {
    get { settings.first { $0.key == key }?.forms ?? SettingForms() }
    set {
      if let place = settings.firstIndex(where: { $0.key == key }) {
        settings[place].forms = newValue
      } else {
        settings.append((key, newValue))
      }
    }
  }

  /// Takes in what other settings may hold; what only one of them requires is not required.
  mutating func merge(_ other: SettingsSchema) {
    for (key, forms) in other.settings { self[key].add(forms) }
    required.removeAll { !other.required.contains($0) }
    defaults = defaults.filter { other.defaults[$0.key] == $0.value }
  }

  var json: JSONValue {
    let properties = settings.map { key, forms in
      let standard = required.contains(key) ? nil : defaults[key]
      return JSONValue.Member(key, .object(forms.members + (standard.map { [.init("default", $0)] } ?? [])))
    }
    var members: [JSONValue.Member] = [.init("type", "object"), .init("properties", .object(properties))]
    if !required.isEmpty { members.append(.init("required", .array(required.map { .string($0) }))) }
    members.append(.init("additionalProperties", .bool(false)))
    return .object(members)
  }
}
