import Columnar

/// Cuts the text of an expression into tokens. O(length).
struct Lexer {
  private let source: String
  private let characters: [Character]
  private var index = 0

  init(_ source: String) {
    self.source = source
    characters = Array(source)
  }

  /// All tokens, an `end` last.
  ///
  /// - Throws: `usage` at a character that begins no token, or at a quote that is never closed.
  static func tokens(of source: String) throws(ImmerseError) -> [Token] {
    var lexer = Lexer(source)
    var tokens: [Token] = []
    while true {
      let token = try lexer.next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  private func peek(_ ahead: Int = 0) -> Character? {
    index + ahead < characters.count ? characters[index + ahead] : nil
  }

  private mutating func next() throws(ImmerseError) -> Token {
    while let character = peek(), character.isWhitespace { index += 1 }
    let start = index
    guard let character = peek() else { return Token(kind: .end, text: "", position: start + 1) }
    let kind: Token.Kind
    if character.isDigit || (character == "." && peek(1)?.isDigit == true) {
      kind = .number(try number())
    } else if character.beginsName {
      kind = word()
    } else if character == "\"" || character == "'" {
      kind = .text(try quoted(by: character, what: "text"))
    } else if character == "`" {
      kind = .name(try quoted(by: character, what: "column name"), isQuoted: true)
    } else {
      kind = try sign(character)
    }
    return Token(kind: kind, text: String(characters[start..<index]), position: start + 1)
  }

  private mutating func number() throws(ImmerseError) -> Double {
    let start = index
    skipDigits()
    if peek() == "." {
      index += 1
      skipDigits()
    }
    if let exponent = peek(), exponent == "e" || exponent == "E" {
      let signed = peek(1) == "+" || peek(1) == "-"
      if peek(signed ? 2 : 1)?.isDigit == true {
        index += signed ? 2 : 1
        skipDigits()
      }
    }
    let text = String(characters[start..<index])
    if peek()?.continuesName == true {
      throw .expression(
        source, at: index + 1, "a number runs into letters",
        remedy: "put a column name that begins with a digit in back-quotes")
    }
    guard let value = Double(text), value.isFinite else {
      throw .expression(source, at: start + 1, "\(text) is too large for a number")
    }
    return value
  }

  private mutating func skipDigits() {
    while peek()?.isDigit == true { index += 1 }
  }

  private mutating func word() -> Token.Kind {
    let start = index
    while peek()?.continuesName == true { index += 1 }
    let name = String(characters[start..<index])
    switch name.lowercased() {
    case "or": return .or
    case "and": return .and
    case "not": return .not
    case "in": return .in
    case "between": return .between
    case "is": return .is
    case "missing": return .missing
    case "true": return .truth(true)
    case "false": return .truth(false)
    default: return .name(name, isQuoted: false)
    }
  }

  /// The content of quotes; a doubled quote stands for itself.
  private mutating func quoted(by quote: Character, what: String) throws(ImmerseError) -> String {
    let start = index
    var content = ""
    index += 1
    while let character = peek() {
      index += 1
      if character != quote {
        content.append(character)
      } else if peek() == quote {
        content.append(quote)
        index += 1
      } else {
        return content
      }
    }
    throw .expression(source, at: start + 1, "the \(what) that begins here has no closing \(quote)")
  }

  private mutating func sign(_ character: Character) throws(ImmerseError) -> Token.Kind {
    let two = String([character, peek(1) ?? " "])
    let long: [String: Token.Kind] = [
      "==": .comparison(.equal), "!=": .comparison(.notEqual), "<>": .comparison(.notEqual),
      "<=": .comparison(.lessOrEqual), ">=": .comparison(.greaterOrEqual), "&&": .and, "||": .or,
    ]
    if let kind = long[two] {
      index += 2
      return kind
    }
    index += 1
    switch character {
    case "=": return .comparison(.equal)
    case "<": return .comparison(.less)
    case ">": return .comparison(.greater)
    case "+": return .arithmetic(.add)
    case "-": return .arithmetic(.subtract)
    case "*": return .arithmetic(.multiply)
    case "/": return .arithmetic(.divide)
    case "%": return .arithmetic(.modulo)
    case "^": return .arithmetic(.power)
    case "&": return .and
    case "|": return .or
    case "!": return .not
    case "(": return .open
    case ")": return .close
    case ",": return .comma
    case ";": return .semicolon
    default:
      throw .expression(
        source, at: index, "\(character) has no meaning here",
        remedy: "put text in quotes and unusual column names in back-quotes")
    }
  }
}

extension ImmerseError {
  /// A mistake in an expression, at a character counted from 1; a long expression is shown around that character.
  static func expression(
    _ source: String, at position: Int, _ problem: String, remedy: String? = nil
  ) -> ImmerseError {
    let reach = 60
    let characters = Array(source)
    let start = max(0, position - reach)
    let end = min(characters.count, position + reach)
    let shown =
      (start > 0 ? "..." : "") + String(characters[min(start, end)..<end]) + (end < characters.count ? "..." : "")
    return ImmerseError(.usage, "expression \"\(shown)\", character \(position): \(problem)", remedy: remedy)
  }
}
