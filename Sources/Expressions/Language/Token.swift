/// A word or sign of an expression, and where it stands.
struct Token {
  enum Kind: Equatable {
    case number(Double)
    case text(String)
    /// A column or function; only a bare name can be a function.
    case name(String, isQuoted: Bool)
    case truth(Bool)
    case missing
    case or, and, not, `in`, between, `is`
    case comparison(Comparison)
    case arithmetic(Arithmetic)
    case open, close, comma, semicolon
    case end
  }

  let kind: Kind
  /// As written, for messages.
  let text: String
  /// The character at which it begins, counted from 1.
  let position: Int

  /// How messages name what stands here.
  var found: String {
    switch kind {
    case .end: "the end"
    case .or, .and, .not, .in, .between, .is, .missing, .truth: "the keyword \(text)"
    default: text
    }
  }
}

enum Comparison: Sendable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

  /// The comparison that holds of (b, a) where this one holds of (a, b).
  var mirrored: Comparison {
    switch self {
    case .equal, .notEqual: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }
}

package enum Arithmetic: Sendable {
  case add, subtract, multiply, divide, modulo, power
}
