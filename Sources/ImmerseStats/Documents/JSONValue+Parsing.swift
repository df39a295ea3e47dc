public import Columnar

extension JSONValue {
  /// Reads a JSON text (RFC 8259). Objects keep their order; a key that stands twice and values nested deeper than
  /// 64 levels are refused. O(bytes).
  ///
  /// - Parameter file: what messages call the text.
  /// - Throws: `badData` at the line and column of what is wrong.
  public init(parsing bytes: [UInt8], file: String) throws(ImmerseError) {
    var parser = JSONParser(bytes: bytes, file: file)
    self = try parser.document()
  }
}

extension JSONValue: DocumentNode {
  public var members: [(key: String, keyNode: JSONValue, value: JSONValue)]? {
    guard case .object(let members) = self else { return nil }
    return members.map { ($0.key, .string($0.key), $0.value) }
  }

  public var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  public var scalarText: String? {
    switch self {
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): value
    case .null, .array, .object: nil
    }
  }

  public var isNull: Bool { self == .null }

  public var position: (line: Int, column: Int)? { nil }
}

private struct JSONParser {
  let bytes: [UInt8]
  let file: String
  private var position = 0

  init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func document() throws(ImmerseError) -> JSONValue {
    let value = try value(depth: 0)
    guard peek() == nil else { throw error("there is more after the end of the JSON value") }
    return value
  }

  private func error(_ problem: String) -> ImmerseError {
    let before = bytes[..<min(position, bytes.count)]
    let newlines = before.count { $0 == UInt8(ascii: "\n") }
    let column = before.count - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
    return ImmerseError(
      .badData, "not valid JSON: \(problem)", place: .init(file: file, line: newlines + 1, column: column))
  }

  /// The next byte that is not white space.
  private mutating func peek() -> UInt8? {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    return position < bytes.count ? bytes[position] : nil
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(ImmerseError) {
    guard peek() == UInt8(ascii: character) else { throw error("\"\(character)\" was expected") }
    position += 1
  }

  private mutating func value(depth: Int) throws(ImmerseError) -> JSONValue {
    guard depth <= 64 else { throw error("values are nested too deeply") }
    switch peek() {
    case UInt8(ascii: "{"): return .object(try members(depth: depth))
    case UInt8(ascii: "["):
      return .array(
        try list(until: "]") { (parser: inout JSONParser) throws(ImmerseError) in try parser.value(depth: depth + 1) })
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw error("the text ends where a value was expected")
    default: return try number()
    }
  }

  private mutating func members(depth: Int) throws(ImmerseError) -> [JSONValue.Member] {
    var seen: Set<String> = []
    return try list(until: "}") { (parser: inout JSONParser) throws(ImmerseError) in
      guard parser.peek() == UInt8(ascii: "\"") else { throw parser.error("a key in quotes was expected") }
      let key = try parser.string()
      guard seen.insert(key).inserted else { throw parser.error("the key \"\(key)\" stands twice") }
      try parser.expect(":")
      return JSONValue.Member(key, try parser.value(depth: depth + 1))
    }
  }

  /// Elements separated by commas, after the opening bracket at the position.
  private mutating func list<Element>(
    until end: Unicode.Scalar, _ element: (inout JSONParser) throws(ImmerseError) -> Element
  ) throws(ImmerseError) -> [Element] {
    position += 1
    var elements: [Element] = []
    if peek() == UInt8(ascii: end) {
      position += 1
      return elements
    }
    while true {
      elements.append(try element(&self))
      if peek() == UInt8(ascii: end) {
        position += 1
        return elements
      }
      try expect(",")
    }
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(ImmerseError) -> JSONValue {
    guard bytes[position...].starts(with: text.utf8) else { throw error("\(text) was expected") }
    position += text.utf8.count
    return value
  }

  private mutating func number() throws(ImmerseError) -> JSONValue {
    let start = position
    let allowed = Set("+-.0123456789eE".utf8)
    while position < bytes.count, allowed.contains(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let integer = Int(text), text.first != "+" { return .integer(integer) }
    guard let first = text.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "."),
      let number = Double(text), number.isFinite
    else {
      position = start
      throw error("a value was expected")
    }
    return .number(number)
  }

  private mutating func string() throws(ImmerseError) -> String {
    position += 1
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("a text is not UTF-8") }
        return string
      case UInt8(ascii: "\\"): text += try escaped().utf8
      case ..<0x20: throw error("a text holds a control character")
      default: text.append(byte)
      }
    }
    throw error("a text has no end")
  }

  private mutating func escaped() throws(ImmerseError) -> String {
    guard position < bytes.count else { throw error("a text has no end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(UnicodeScalar(byte))
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      // The first half of a character beyond the basic plane is followed by the second.
      if (0xd800..<0xdc00).contains(units[0]), bytes[position...].starts(with: "\\u".utf8) {
        position += 2
        units.append(try codeUnit())
      }
      guard let text = String(validating: units, as: UTF16.self) else { throw error("\\u names no character") }
      return text
    default: throw error("there is no such escape in a text")
    }
  }

  private mutating func codeUnit() throws(ImmerseError) -> UInt16 {
    guard bytes.count - position >= 4,
      let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw error("\\u is followed by four hexadecimal digits") }
    position += 4
    return unit
  }
}
