import Columnar
import Streaming

/// A part of an expression and the character at which it begins.
struct Part {
  var value: Operand
  let position: Int
}

/// Reads tokens into typed trees, by precedence climbing.
///
/// From loose to tight: `or`; `and`; `not`; comparisons, which do not chain; `+ -`; `* / %`; unary minus; `^`, which
/// groups to the right. This is the order of R, but for `%`, whose `%%` there binds tighter than `*`.
struct Parser {
  enum Level: Int, Comparable {
    case or = 1, and, not, comparison, sum, product, sign, power

    static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }

  /// Parentheses, functions and signs inside one another; bounds the recursion here and in evaluation.
  static let depthLimit = 200

  let source: String
  private let tokens: [Token]
  private var index = 0
  private var depth = 0
  var requests: [ColumnRequest] = []
  /// What has been found to add up, outside of the totals of a function of totals; nil elsewhere.
  var totals: [Expression]?

  init(_ source: String) throws(ImmerseError) {
    self.source = source
    tokens = try Lexer.tokens(of: source)
  }

  /// The tree of a whole text, and the columns it reads in the order of first mention.
  static func parse(_ source: String) throws(ImmerseError) -> (root: Operand, requests: [ColumnRequest]) {
    var parser = try Parser(source)
    let root = try parser.settled(try parser.expression(.or))
    guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
    return (root, parser.settledRequests)
  }

  /// One request for each column: a category where it is compared with text, a number where it is computed with.
  var settledRequests: [ColumnRequest] {
    var names: [String] = []
    var kinds: [String: ColumnRequest.Kind] = [:]
    for request in requests {
      switch (kinds[request.name], request.kind) {
      case (nil, let kind):
        names.append(request.name)
        kinds[request.name] = kind
      case (_, .category), (.automatic, _): kinds[request.name] = request.kind
      default: break
      }
    }
    return names.map { ColumnRequest($0, kinds[$0] ?? .automatic) }
  }

  // MARK: Tokens

  var token: Token { tokens[index] }

  private var following: Token { tokens[min(index + 1, tokens.count - 1)] }

  mutating func advance() {
    if index + 1 < tokens.count { index += 1 }
  }

  mutating func take(_ kind: Token.Kind) -> Bool {
    guard token.kind == kind else { return false }
    advance()
    return true
  }

  mutating func expect(_ kind: Token.Kind, _ expected: String) throws(ImmerseError) {
    guard take(kind) else { throw unexpected(expected) }
  }

  func mistake(at position: Int, _ problem: String, remedy: String? = nil) -> ImmerseError {
    .expression(source, at: position, problem, remedy: remedy)
  }

  func unexpected(_ expected: String, remedy: String? = nil) -> ImmerseError {
    mistake(at: token.position, "expected \(expected), found \(token.found)", remedy: remedy)
  }

  mutating func request(_ name: String, _ kind: ColumnRequest.Kind) {
    requests.append(ColumnRequest(name, kind))
  }

  // MARK: Grammar

  /// An operand and the operators after it that bind at least as tightly as `loosest`.
  mutating func expression(_ loosest: Level) throws(ImmerseError) -> Part {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Parser.depthLimit else {
      throw mistake(
        at: token.position, "more than \(Parser.depthLimit) levels of nesting",
        remedy: "compute parts of it as columns of their own")
    }
    var left = try prefix(loosest)
    var isCompared = false
    while true {
      let sign = token
      switch sign.kind {
      case .or where loosest <= .or:
        advance()
        try either(&left, try expression(.and))
        isCompared = false
      case .and where loosest <= .and:
        advance()
        try both(&left, try expression(.not))
        isCompared = false
      case .comparison, .in, .between, .is, .not:
        guard loosest <= .comparison else { return left }
        if isCompared {
          throw unexpected("and, or or the end", remedy: "comparisons do not chain: write a < b and b < c")
        }
        left = try comparison(left)
        isCompared = true
      case .arithmetic(let operation):
        let level = operation.level
        if isCompared { throw unexpected("and, or or the end", remedy: "put the comparison in parentheses") }
        guard loosest <= level else { return left }
        advance()
        try calculate(operation, &left, try expression(operation.rightLevel))
      default:
        return left
      }
    }
  }

  private mutating func prefix(_ loosest: Level) throws(ImmerseError) -> Part {
    let position = token.position
    switch token.kind {
    case .not where loosest <= .not:
      advance()
      return Part(value: .truth(.not(try truth(try expression(.not)))), position: position)
    case .not:
      throw unexpected("a value", remedy: "put the condition in parentheses")
    case .arithmetic(.subtract):
      advance()
      return try negated(try expression(.power), at: position)
    case .arithmetic(.add):
      advance()
      return Part(value: .number(try number(try expression(.power))), position: position)
    default:
      return try primary()
    }
  }

  private mutating func primary() throws(ImmerseError) -> Part {
    let start = token
    let value: Operand
    switch start.kind {
    case .number(let number): value = .number(.constant(number))
    case .text(let text): value = .text(.literal(text))
    case .truth(let truth): value = .truth(.constant(truth))
    case .missing: value = .missing
    case .name(let name, let isQuoted):
      if !isQuoted, following.kind == .open { return try call(name) }
      if totals != nil { throw columnOutsideTotal(name) }
      request(name, .automatic)
      value = .column(name)
    case .open:
      advance()
      let inner = try expression(.or)
      try expect(.close, "an operator or )")
      return Part(value: inner.value, position: start.position)
    case .or, .and, .in, .between, .is:
      throw unexpected(
        "a value", remedy: "a column of that name goes in back-quotes: `\(start.text)`")
    default:
      throw unexpected("a number, a text in quotes, a column, a function or (")
    }
    advance()
    return Part(value: value, position: start.position)
  }

  private mutating func comparison(_ left: Part) throws(ImmerseError) -> Part {
    if case .comparison(let comparison) = token.kind {
      advance()
      return try compare(comparison, left, try expression(.sum))
    }
    if take(.is) {
      let negated = take(.not)
      try expect(.missing, negated ? "missing" : "missing or not missing")
      return isMissing(left).inverted(negated)
    }
    let negated = take(.not)
    if take(.in) { return try membership(left).inverted(negated) }
    if take(.between) {
      let lower = try expression(.sum)
      try expect(.and, "and with the upper bound")
      return try between(left, lower, try expression(.sum)).inverted(negated)
    }
    throw unexpected("in or between")
  }

  /// The parenthesised literals after `in`.
  private mutating func membership(_ left: Part) throws(ImmerseError) -> Part {
    try expect(.open, "( and a list of values")
    var numbers: [Double] = []
    var texts: Set<String> = []
    repeat {
      let position = token.position
      let isNegative = take(.arithmetic(.subtract))
      switch token.kind {
      case .number(let number): numbers.append(isNegative ? -number : number)
      case .text(let text) where !isNegative: texts.insert(text)
      case .missing: throw unexpected("a number or a text in quotes", remedy: "ask for it with is missing")
      default: throw unexpected("a number or a text in quotes")
      }
      if !numbers.isEmpty && !texts.isEmpty {
        throw mistake(
          at: position, "the list mixes numbers and text", remedy: "put all of its values in quotes, or none")
      }
      advance()
    } while take(.comma)
    try expect(.close, ", or )")
    let test: Logical =
      texts.isEmpty
      ? .isOne(try number(left), of: numbers) : .test(try text(left), .isOne(of: texts))
    return Part(value: .truth(test), position: left.position)
  }
}

extension Part {
  fileprivate func inverted(_ isInverted: Bool) -> Part {
    guard isInverted, case .truth(let condition) = value else { return self }
    return Part(value: .truth(.not(condition)), position: position)
  }
}

extension Arithmetic {
  fileprivate var level: Parser.Level {
    switch self {
    case .add, .subtract: .sum
    case .multiply, .divide, .modulo: .product
    case .power: .power
    }
  }

  /// How tightly an operator must bind to belong to the right operand; a power's may be a power again.
  fileprivate var rightLevel: Parser.Level {
    switch self {
    case .add, .subtract: .product
    case .multiply, .divide, .modulo: .sign
    case .power: .power
    }
  }
}
