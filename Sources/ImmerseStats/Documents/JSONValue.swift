/// A JSON document whose objects keep their order.
public indirect enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  public struct Member: Sendable, Hashable {
    public var key: String
    public var value: JSONValue

    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// A number, or null where it is absent, NaN or infinite: JSON has no such numbers and results no such answers.
  public init(_ number: Double?) {
    self = number.flatMap { $0.isFinite ? .number($0) : nil } ?? .null
  }

  public init(_ string: String?) { self = string.map { .string($0) } ?? .null }

  public init(_ integer: Int?) { self = integer.map { .integer($0) } ?? .null }

  /// The member of an object under a key, or nil.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member($0, $1) })
  }
}

extension JSONValue: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue {
  /// The document as text: two spaces of indentation, rows of a result on a line each.
  public var text: String {
    var text = ""
    write(to: &text, depth: 0)
    text += "\n"
    return text
  }

  /// The document on one line.
  public var compactText: String {
    var text = ""
    writeCompact(to: &text)
    return text
  }

  private var isFlat: Bool {
    switch self {
    case .array(let elements): !elements.contains { if case .object = $0 { true } else { !$0.isFlat } }
    case .object(let members):
      members.allSatisfy { member in
        if case .array = member.value { false } else { member.value.isFlat }
      }
    default: true
    }
  }

  private func write(to text: inout String, depth: Int) {
    if depth > 0 && isFlat { return writeCompact(to: &text) }
    let margin = String(repeating: "  ", count: depth)
    switch self {
    case .array(let elements) where !elements.isEmpty:
      text += "[\n"
      for (index, element) in elements.enumerated() {
        text += margin + "  "
        element.write(to: &text, depth: depth + 1)
        text += index + 1 < elements.count ? ",\n" : "\n"
      }
      text += margin + "]"
    case .object(let members) where !members.isEmpty:
      text += "{\n"
      for (index, member) in members.enumerated() {
        text += margin + "  "
        JSONValue.quote(member.key, to: &text)
        text += ": "
        member.value.write(to: &text, depth: depth + 1)
        text += index + 1 < members.count ? ",\n" : "\n"
      }
      text += margin + "}"
    default: writeCompact(to: &text)
    }
  }

  private func writeCompact(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += "\(value)"
    // Swift prints the shortest text that reads back as the same double: no digit is lost.
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): JSONValue.quote(value, to: &text)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += ", " }
        element.writeCompact(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += ", " }
        JSONValue.quote(member.key, to: &text)
        text += ": "
        member.value.writeCompact(to: &text)
      }
      text += "}"
    }
  }

  private static func quote(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
