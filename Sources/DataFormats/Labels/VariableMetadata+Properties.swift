import Columnar

/// What is said of a variable as keys and texts, as the metadata of an Arrow column holds it.
///
/// `immerse.label`, `immerse.measure`, `immerse.format` and `immerse.storage` hold one text each, `immerse.value.CODE` a
/// label, `immerse.missing.N` the N-th rule; codes of text stand between quotes.
extension VariableMetadata {
  /// The key that names the variable whose reasons a column holds.
  static let reasonKey = "immerse.reason_of"

  var properties: [(key: String, text: String)] {
    var properties: [(key: String, text: String)] = []
    if let label { properties.append(("immerse.label", label)) }
    if let measure { properties.append(("immerse.measure", measure.rawValue)) }
    if let format { properties.append(("immerse.format", format)) }
    if let storage { properties.append(("immerse.storage", storage.rawValue)) }
    for value in valueLabels { properties.append(("immerse.value.\(value.code.quoted)", value.label)) }
    for (index, rule) in missing.enumerated() { properties.append(("immerse.missing.\(index + 1)", rule.quoted)) }
    return properties
  }

  /// nil where none of the keys is one of these.
  init?(properties: [(key: String, text: String)]) {
    self.init()
    for (key, text) in properties {
      switch key {
      case "immerse.label": label = text
      case "immerse.measure": measure = Measure(rawValue: text)
      case "immerse.format": format = text
      case "immerse.storage": storage = DataType(rawValue: text)
      default:
        if let code = Self.rest(of: key, after: "immerse.value.") {
          valueLabels.append(ValueLabel(Code(quoted: code), text))
        } else if Self.rest(of: key, after: "immerse.missing.") != nil {
          missing.append(MissingRule(quoted: text))
        }
      }
    }
    if isEmpty { return nil }
  }

  private static func rest(of key: String, after prefix: String) -> String? {
    key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
  }
}

extension VariableMetadata.Code {
  fileprivate var quoted: String {
    if case .text(let text) = self { "\"\(text)\"" } else { description }
  }

  fileprivate init(quoted text: String) {
    let isText = text.utf8.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
    self.init(isText ? String(text.dropFirst().dropLast()) : text, isText: isText)
  }
}

extension VariableMetadata.MissingRule {
  fileprivate var quoted: String {
    if case .code(let code) = self { code.quoted } else { description }
  }

  fileprivate init(quoted text: String) {
    if text.hasPrefix("\"") { self = .code(.init(quoted: text)) } else { self.init(text, isText: false) }
  }
}
