import Columnar

/// The arguments of a call in a formula, `x, 2, raw = TRUE`, each as its text.
struct CallArguments {
  private(set) var positional: [String] = []
  private(set) var named: [String: String] = [:]

  /// Cuts at the commas outside parentheses and quotes. O(length).
  init(_ text: String) {
    var pieces: [String] = []
    var piece = ""
    var depth = 0
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open { quote = nil }
      } else if "\"'`".contains(character) {
        quote = character
      } else if character == "(" {
        depth += 1
      } else if character == ")" {
        depth -= 1
      } else if character == "," && depth == 0 {
        pieces.append(piece)
        piece = ""
        continue
      }
      piece.append(character)
    }
    pieces.append(piece)
    for piece in pieces.map(Self.trimmed) where !piece.isEmpty {
      if let (name, value) = Self.assignment(piece) { named[name] = value } else { positional.append(piece) }
    }
  }

  /// Takes a named argument, or the next positional one.
  mutating func take(_ name: String? = nil) -> String? {
    if let name, let value = named.removeValue(forKey: name) { return value }
    return positional.isEmpty ? nil : positional.removeFirst()
  }

  mutating func takeNamed(_ name: String) -> String? { named.removeValue(forKey: name) }

  /// An argument that nothing took.
  var left: String? { positional.first ?? named.keys.min() }

  /// The name in backticks or as it stands, where the text is one name.
  static func columnName(_ text: String) -> String? {
    guard let tokens = try? FormulaLexer.tokens(of: text), tokens.count == 2, case .name(let name) = tokens[0].kind
    else { return nil }
    return name
  }

  /// The items of `c("a", b, 3)`, or of a single item.
  static func items(_ text: String) -> [String] {
    let isList = text.hasPrefix("c(") && text.hasSuffix(")")
    let inner = isList ? String(text.dropFirst(2).dropLast()) : text
    return CallArguments(inner).positional.map(unquoted)
  }

  static func unquoted(_ text: String) -> String {
    guard let first = text.first, "\"'`".contains(first), text.count > 1, text.last == first else { return text }
    return String(text.dropFirst().dropLast())
  }

  private static func trimmed(_ text: String) -> String {
    var text = Substring(text)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  private static func assignment(_ piece: String) -> (String, String)? {
    guard let sign = piece.firstIndex(of: "=") else { return nil }
    let name = trimmed(String(piece[..<sign]))
    let value = piece[piece.index(after: sign)...]
    guard value.first != "=", let first = name.first, first.isLetter,
      name.allSatisfy({ $0.isLetter || $0 == "." || $0 == "_" })
    else { return nil }
    return (name, trimmed(String(value)))
  }
}
