import Columnar

/// Finds out what a document of a type may hold by letting the type decode documents that do not exist.
///
/// A type that decodes itself asks for keys, and what it asks for may depend on what it has been told. So it is asked again
/// and again, each time with another answer to one of its questions: whether a setting is there, which word of a
/// vocabulary stands in it, whether the document is a mapping at all. Every answer that it accepts is part of the schema,
/// and so decoder and schema cannot differ.
final class SettingsDescriber {
  /// A value of the type, for initialisers that go on with it; nil where none could be made.
  struct Description<T> {
    var forms: SettingForms
    var sample: T?
  }

  private var known: [ObjectIdentifier: Any] = [:]
  private var underway: Set<ObjectIdentifier> = []
  private(set) var definitions: [(name: String, schemas: [SettingsSchema])] = []

  func describe<T: Decodable>(_ type: T.Type) -> Description<T> {
    if let simple = SettingsDescriber.simple(type) { return simple }
    if let words = SettingsDescriber.words(type) {
      var forms = SettingForms()
      for word in words { forms.add(SettingForms(.word(word.value))) }
      return Description(forms: forms, sample: words.first?.meaning)
    }
    if let composed = type as? any ComposedOfSettings.Type {
      func compose<C: ComposedOfSettings>(_ type: C.Type) -> Description<T> {
        let (forms, sample) = type.description(by: self)
        return Description(forms: forms, sample: sample as? T)
      }
      return compose(composed)
    }
    if let spelled = type as? any Spelled.Type {
      return Description(
        forms: SettingForms(.spelling(example: spelled.example)),
        sample: try? JSONValue.string(spelled.example).decode(type, file: ""))
    }
    return explore(type)
  }

  private func explore<T: Decodable>(_ type: T.Type) -> Description<T> {
    let identity = ObjectIdentifier(type)
    if let description = known[identity] as? Description<T> { return description }
    let name = SettingsDescriber.name(type)
    guard underway.insert(identity).inserted else {
      return Description(forms: SettingForms(.settings(name)), sample: nil)
    }
    defer { underway.remove(identity) }
    var answered: [(inquiry: Inquiry, value: T)] = []
    var answers = Answers()
    repeat {
      let inquiry = Inquiry(self, answers)
      if let value = try? T(from: inquiry) { answered.append((inquiry, value)) }
      answers = inquiry.answers
    } while answers.advance()

    var forms = SettingForms()
    for (inquiry, _) in answered { forms.add(inquiry.scalars) }
    let mappings = answered.filter { $0.inquiry.isMapping == true }
    if !mappings.isEmpty {
      definitions.append((name, SettingsDescriber.schemas(mappings.map { ($0.inquiry, $0.value as Any) })))
      forms.add(SettingForms(.settings(name)))
    }
    let description = Description(forms: forms, sample: mappings.first?.value ?? answered.first?.value)
    known[identity] = description
    return description
  }

  /// What the accepted answers have in common becomes one schema; answers that lead elsewhere get their own.
  private static func schemas(_ accepted: [(inquiry: Inquiry, value: Any)]) -> [SettingsSchema] {
    var schemas: [SettingsSchema] = []
    var words: [[String: JSONValue]] = []
    for (inquiry, _) in accepted where !words.contains(inquiry.words) { words.append(inquiry.words) }
    for chosen in words {
      var own: [SettingsSchema] = []
      let group = accepted.filter { $0.inquiry.words == chosen }
      let usual = group.first { $0.inquiry.present == nil }
      if let (inquiry, value) = usual {
        var schema = inquiry.schema
        schema.defaults = SettingsDescriber.defaults(of: value)
        own.append(schema)
      }
      for (inquiry, _) in group {
        guard let present = inquiry.present else { continue }
        if let usual, usual.inquiry.schema.required.allSatisfy(inquiry.schema.required.contains) {
          var schema = inquiry.schema
          schema.required = own[0].required
          schema.defaults = own[0].defaults
          own[0].merge(schema)
        } else {
          var schema = inquiry.schema
          schema.required.append(present)
          own.append(schema)
          if usual != nil { own[0].settings.removeAll { $0.key == present } }
        }
      }
      for schema in own {
        if let same = schemas.firstIndex(where: { $0.hasSameKeys(as: schema) }) {
          schemas[same].merge(schema)
        } else {
          schemas.append(schema)
        }
      }
    }
    return schemas
  }

  /// What the settings are that were not there.
  private static func defaults(of value: Any) -> [String: JSONValue] {
    guard let value = value as? any Encodable, case .object(let members)? = try? JSONValue(encoding: value) else {
      return [:]
    }
    return members.reduce(into: [:]) { defaults, member in
      if member.value.isSetting { defaults[member.key] = member.value }
    }
  }

  /// The name of a type without its module.
  private static func name<T>(_ type: T.Type) -> String {
    String(reflecting: type).split(separator: ".").dropFirst().joined(separator: ".")
  }

  private static func simple<T>(_ type: T.Type) -> Description<T>? {
    switch type {
    case is String.Type: Description(forms: SettingForms(.text), sample: "a" as? T)
    case is Double.Type: Description(forms: SettingForms(.number), sample: 1.0 as? T)
    case is Bool.Type: Description(forms: SettingForms(.truth), sample: true as? T)
    case is Int.Type: Description(forms: SettingForms(.integer), sample: 1 as? T)
    case is UInt64.Type: Description(forms: SettingForms(.integer), sample: UInt64(1) as? T)
    default: nil
    }
  }

  /// The words an enumeration knows, and what they mean.
  static func words<T>(_ type: T.Type) -> [(value: JSONValue, meaning: T)]? {
    guard let enumeration = type as? any CaseIterable.Type else { return nil }
    func words<E: CaseIterable>(_ type: E.Type) -> [(value: JSONValue, meaning: T)] {
      type.allCases.compactMap { meaning in
        guard let meaning = meaning as? T, let raw = (meaning as? any RawRepresentable)?.rawValue else { return nil }
        if let text = raw as? String { return (.string(text), meaning) }
        return (raw as? Int).map { (.integer($0), meaning) }
      }
    }
    let known = words(enumeration)
    return known.isEmpty ? nil : known
  }
}

extension JSONValue {
  /// A value, or a list of values.
  fileprivate var isSetting: Bool {
    switch self {
    case .bool, .integer, .number, .string: true
    case .array(let elements): !elements.isEmpty && elements.allSatisfy(\.isSetting)
    case .null, .object: false
    }
  }
}

extension SettingsSchema {
  fileprivate func hasSameKeys(as other: SettingsSchema) -> Bool {
    settings.map(\.key) == other.settings.map(\.key) && required == other.required
  }
}

/// Lists, mappings and absent values, whose forms are those of what they hold.
private protocol ComposedOfSettings {
  static func description(by describer: SettingsDescriber) -> (SettingForms, Self?)
}

extension Array: ComposedOfSettings where Element: Decodable {
  fileprivate static func description(by describer: SettingsDescriber) -> (SettingForms, [Element]?) {
    let element = describer.describe(Element.self)
    // A list of one may be written as its only element.
    var forms = element.forms
    forms.add(SettingForms(.list(element.forms)))
    return (forms, element.sample.map { [$0] })
  }
}

extension Dictionary: ComposedOfSettings where Key == String, Value: Decodable {
  fileprivate static func description(by describer: SettingsDescriber) -> (SettingForms, [String: Value]?) {
    let value = describer.describe(Value.self)
    return (SettingForms(.map(value.forms)), value.sample.map { ["a": $0] })
  }
}

extension Optional: ComposedOfSettings where Wrapped: Decodable {
  fileprivate static func description(by describer: SettingsDescriber) -> (SettingForms, Wrapped??) {
    let value = describer.describe(Wrapped.self)
    var forms = value.forms
    forms.add(SettingForms(.null))
    return (forms, .some(value.sample))
  }
}
