import Columnar

extension Parser {
  static let functionNames =
    MathFunction.allCases.map(\.rawValue) + Extreme.allCases.map(\.rawValue) + RowSummary.allCases.map(\.rawValue)
    + ["if", "reverse", "text"]

  /// What other languages call these functions.
  private static let familiar = [
    "is.na": "write x is missing", "ifelse": "write if(condition, a, b)", "ln": "the natural logarithm is log",
    "mean": "the mean of several columns is row_mean", "sum": "the sum of several columns is row_sum",
    "pmin": "write min", "pmax": "write max", "pow": "write a ^ b", "ceil": "write ceiling",
  ]

  /// A function and its arguments; the current token is its name, the next one the parenthesis.
  mutating func call(_ name: String) throws(ImmerseError) -> Part {
    if totals != nil && (name == "total" || name == "mean") { return try total(name) }
    let position = token.position
    guard Parser.functionNames.contains(name) else {
      let nearest = Spelling.nearest(to: name, in: Parser.functionNames).map { "did you mean \($0)?" }
      throw mistake(
        at: position, "there is no function \(name)",
        remedy: Parser.familiar[name] ?? nearest
          ?? "the functions are \(Spelling.list(Parser.functionNames, limit: .max))")
    }
    advance()
    advance()
    var arguments: [Part] = []
    if token.kind != .close {
      repeat { arguments.append(try expression(.or)) } while take(.comma)
    }
    let value: Operand
    if let function = MathFunction(rawValue: name) {
      try require(arguments, 1...1, of: name, "one number", at: position)
      value = .number(.call(function, try number(arguments[0])))
    } else if let extreme = Extreme(rawValue: name) {
      try require(arguments, 2...Int.max, of: name, "at least two numbers", at: position)
      value = .number(.extreme(extreme, try numbers(arguments)))
    } else if let summary = RowSummary(rawValue: name) {
      try require(arguments, 1...Int.max, of: name, "at least one column", at: position)
      let minimum = try minimumOption(of: arguments.count)
      value = .number(.row(summary, try numbers(arguments), minimum: minimum))
    } else if name == "if" {
      try require(arguments, 3...3, of: name, "a condition and two values", at: position)
      value = try choice(arguments[0], arguments[1], arguments[2])
    } else if name == "reverse" {
      try require(arguments, 3...3, of: name, "a column and the scale's ends", at: position)
      value = try reversal(arguments)
    } else {
      try require(arguments, 1...1, of: name, "one column", at: position)
      value = .text(try text(arguments[0]))
    }
    try expect(.close, ", or )")
    return Part(value: value, position: position)
  }

  private func require(
    _ arguments: [Part], _ count: ClosedRange<Int>, of name: String, _ needed: String, at position: Int
  ) throws(ImmerseError) {
    if !count.contains(arguments.count) {
      throw mistake(at: position, "\(name) takes \(needed), not \(arguments.count)")
    }
  }

  private mutating func numbers(_ parts: [Part]) throws(ImmerseError) -> [Numeric] {
    var numbers: [Numeric] = []
    for part in parts { numbers.append(try number(part)) }
    return numbers
  }

  private mutating func choice(_ condition: Part, _ a: Part, _ b: Part) throws(ImmerseError) -> Operand {
    let condition = try truth(condition)
    if case (.missing, .missing) = (a.value, b.value) { return .missing }
    if isText(a) || isText(b) { return .text(.choice(condition, try text(a), try text(b))) }
    return .number(.choice(condition, try number(a), try number(b)))
  }

  private mutating func reversal(_ arguments: [Part]) throws(ImmerseError) -> Operand {
    var ends: [Double] = []
    for end in arguments.dropFirst() {
      guard case .number(.constant(let value)) = end.value else {
        throw mistake(at: end.position, "the ends of the scale are plain numbers")
      }
      ends.append(value)
    }
    guard ends[0] < ends[1] else {
      throw mistake(at: arguments[1].position, "the lower end of the scale is not below the upper end")
    }
    return .number(.reversed(try number(arguments[0]), minimum: ends[0], maximum: ends[1]))
  }

  /// `; min = k` before the closing parenthesis; all values must be present where it is not given.
  private mutating func minimumOption(of count: Int) throws(ImmerseError) -> Int {
    guard take(.semicolon) else { return count }
    try expect(.name("min", isQuoted: false), "min = and the number of values that must be present")
    try expect(.comparison(.equal), "=")
    guard case .number(let value) = token.kind, let minimum = Int(exactly: value), (1...count).contains(minimum) else {
      throw unexpected("a whole number from 1 to \(count)")
    }
    advance()
    return minimum
  }
}
