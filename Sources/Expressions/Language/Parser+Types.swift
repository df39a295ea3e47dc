import Columnar
import Streaming

// The typing rules. A bare column takes the type its use asks for; a condition counts as 1 or 0 where a number is
// needed, and a number as true where it is not 0; text never becomes a number.
extension Parser {
  mutating func number(_ part: Part) throws(ImmerseError) -> Numeric {
    switch part.value {
    case .number(let number): return number
    case .truth(let condition): return .indicator(condition)
    case .missing: return .constant(.nan)
    case .column(let name):
      request(name, .number)
      return .column(name)
    case .text:
      throw mistake(
        at: part.position, "text stands where a number is needed", remedy: "leave out the quotes, or compare with ==")
    }
  }

  mutating func truth(_ part: Part) throws(ImmerseError) -> Logical {
    switch part.value {
    case .truth(let condition): return condition
    case .missing: return .missing
    case .text:
      throw mistake(at: part.position, "text stands where a condition is needed", remedy: "compare it with ==")
    case .number, .column: return .nonzero(try number(part))
    }
  }

  mutating func text(_ part: Part) throws(ImmerseError) -> Textual {
    switch part.value {
    case .text(let text): return text
    case .missing: return .missing
    case .column(let name):
      request(name, .category)
      return .column(name)
    case .number, .truth:
      throw mistake(
        at: part.position, "a number stands where text is needed",
        remedy: "compare numbers with numbers and text with text; quotes make text")
    }
  }

  /// Whether a part is text, as a column is that has already been compared with text.
  func isText(_ part: Part) -> Bool {
    switch part.value {
    case .text: true
    case .column(let name): requests.contains(.category(name))
    case .number, .truth, .missing: false
    }
  }

  /// A part whose type nothing has asked for: a column by itself counts as a number.
  mutating func settled(_ part: Part) throws(ImmerseError) -> Operand {
    switch part.value {
    case .number, .truth, .text: return part.value
    case .column: return .number(try number(part))
    case .missing: throw mistake(at: part.position, "this is missing in every row")
    }
  }

  // MARK: Operators

  // These three lengthen the run of operators they find on the left, so that a long run is no deep tree. Clearing
  // the left side first leaves the run's array with one owner, to grow in place.

  mutating func either(_ left: inout Part, _ right: Part) throws(ImmerseError) {
    var terms: [Logical]
    if case .truth(.any(let earlier)) = left.value { terms = earlier } else { terms = [try truth(left)] }
    left.value = .missing
    terms.append(try truth(right))
    left.value = .truth(.any(terms))
  }

  mutating func both(_ left: inout Part, _ right: Part) throws(ImmerseError) {
    var terms: [Logical]
    if case .truth(.all(let earlier)) = left.value { terms = earlier } else { terms = [try truth(left)] }
    left.value = .missing
    terms.append(try truth(right))
    left.value = .truth(.all(terms))
  }

  mutating func calculate(_ operation: Arithmetic, _ left: inout Part, _ right: Part) throws(ImmerseError) {
    var first: Numeric
    var rest: [(Arithmetic, Numeric)]
    if case .number(.chain(let a, let earlier)) = left.value {
      (first, rest) = (a, earlier)
    } else {
      (first, rest) = (try number(left), [])
    }
    left.value = .missing
    rest.append((operation, try number(right)))
    left.value = .number(.chain(first, rest))
  }

  mutating func negated(_ part: Part, at position: Int) throws(ImmerseError) -> Part {
    let operand = try number(part)
    if case .constant(let value) = operand { return Part(value: .number(.constant(-value)), position: position) }
    return Part(value: .number(.negated(operand)), position: position)
  }

  mutating func compare(_ comparison: Comparison, _ left: Part, _ right: Part) throws(ImmerseError) -> Part {
    for part in [left, right] {
      if case .missing = part.value {
        throw mistake(
          at: part.position, "a comparison with missing is itself missing in every row", remedy: "write x is missing")
      }
    }
    let condition: Logical
    switch (left.value, right.value) {
    case (.text(.literal(let literal)), _):
      condition = .test(try text(right), .compare(comparison.mirrored, literal))
    case (_, .text(.literal(let literal))):
      condition = .test(try text(left), .compare(comparison, literal))
    case (.text, _), (_, .text):
      condition = .compareText(comparison, try text(left), try text(right))
    case (.column(let a), .column(let b)) where comparison == .equal || comparison == .notEqual:
      condition = comparison == .equal ? .same(a, b) : .not(.same(a, b))
    default:
      condition = .compare(comparison, try number(left), try number(right))
    }
    return Part(value: .truth(condition), position: left.position)
  }

  mutating func between(_ part: Part, _ lower: Part, _ upper: Part) throws(ImmerseError) -> Part {
    let condition: Logical
    switch (lower.value, upper.value) {
    case (.text(.literal(let a)), .text(.literal(let b))):
      condition = .test(try text(part), .between(a, b))
    case (.text, _), (_, .text):
      throw mistake(
        at: lower.position, "the bounds are not of one type", remedy: "give two numbers or two texts in quotes")
    default:
      condition = .between(try number(part), try number(lower), try number(upper))
    }
    return Part(value: .truth(condition), position: part.position)
  }

  func isMissing(_ part: Part) -> Part {
    Part(value: .truth(.isMissing(part.value)), position: part.position)
  }
}
