import Columnar
import Expressions

/// A word or sign of a formula, and the character at which it begins, counted from 1.
struct FormulaToken {
  enum Kind: Equatable {
    case name(String)
    case integer(Int)
    /// A function and the text between its parentheses.
    case call(String, arguments: String)
    /// One of `~ + - * / : ^ ( ) | ||`.
    case sign(String)
    case end
  }

  var kind: Kind
  var position: Int

  /// How messages call it.
  var spelling: String {
    switch kind {
    case .name(let name): "\"\(name)\""
    case .integer(let value): "\"\(value)\""
    case .call(let name, _): "\"\(name)(\""
    case .sign(let sign): "\"\(sign)\""
    case .end: "the end"
    }
  }
}

/// Cuts a formula into tokens; what stands between a function's parentheses is left to the expression language.
struct FormulaLexer {
  private let source: String
  private let characters: [Character]
  private var index = 0

  init(_ source: String) {
    self.source = source
    characters = Array(source)
  }

  static func tokens(of source: String) throws(ImmerseError) -> [FormulaToken] {
    var lexer = FormulaLexer(source)
    var tokens: [FormulaToken] = []
    while true {
      let token = try lexer.next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  private mutating func next() throws(ImmerseError) -> FormulaToken {
    skipSpaces()
    let position = index + 1
    guard index < characters.count else { return FormulaToken(kind: .end, position: position) }
    let character = characters[index]
    if character == "`" { return FormulaToken(kind: .name(try quotedName()), position: position) }
    if character.beginsName || character == "." {
      let name = take { $0.continuesName }
      skipSpaces()
      guard index < characters.count, characters[index] == "(" else {
        return FormulaToken(kind: .name(name), position: position)
      }
      return FormulaToken(kind: .call(name, arguments: try parenthesised(after: name)), position: position)
    }
    if character.isDigit {
      let digits = take { $0.isLetter || $0.isNumber || $0 == "." }
      guard let value = Int(digits) else {
        throw .formula(
          source, at: position, "\(digits) is neither a column nor 0 or 1", remedy: "put names in backticks")
      }
      return FormulaToken(kind: .integer(value), position: position)
    }
    guard "~+-*/:^()|".contains(character) else {
      throw .formula(
        source, at: position, "\(character) has no meaning in a formula",
        remedy: "put names with other characters than letters, digits, dots and underscores in backticks")
    }
    index += 1
    if character == "|", index < characters.count, characters[index] == "|" {
      index += 1
      return FormulaToken(kind: .sign("||"), position: position)
    }
    return FormulaToken(kind: .sign(String(character)), position: position)
  }

  private mutating func skipSpaces() {
    while index < characters.count, characters[index].isWhitespace { index += 1 }
  }

  private mutating func take(while belongs: (Character) -> Bool) -> String {
    let start = index
    while index < characters.count, belongs(characters[index]) { index += 1 }
    return String(characters[start..<index])
  }

  private mutating func quotedName() throws(ImmerseError) -> String {
    let start = index + 1
    guard let end = characters[start...].firstIndex(of: "`"), end > start else {
      throw .formula(source, at: start, "the name in backticks is empty or does not end")
    }
    index = end + 1
    return String(characters[start..<end])
  }

  /// The text up to the parenthesis that closes the one at the index; quoted text hides parentheses.
  private mutating func parenthesised(after name: String) throws(ImmerseError) -> String {
    let start = index + 1
    var depth = 0
    var quote: Character?
    for position in index..<characters.count {
      let character = characters[position]
      if let open = quote {
        if character == open { quote = nil }
      } else if "\"'`".contains(character) {
        quote = character
      } else if character == "(" {
        depth += 1
      } else if character == ")" {
        depth -= 1
        if depth == 0 {
          index = position + 1
          return String(characters[start..<position])
        }
      }
    }
    throw .formula(source, at: start, "the parenthesis after \(name) is not closed")
  }
}

extension ImmerseError {
  /// A mistake in a formula, at a character counted from 1.
  static func formula(_ source: String, at position: Int, _ problem: String, remedy: String? = nil) -> ImmerseError {
    ImmerseError(.usage, "formula \"\(source)\", character \(position): \(problem)", remedy: remedy)
  }
}
