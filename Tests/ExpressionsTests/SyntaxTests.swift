import Columnar
import Expressions
import TestSupport
import Testing

@Suite struct SyntaxTests {
  struct Mistake: CustomTestStringConvertible {
    let text: String
    let position: Int
    let says: String
    var testDescription: String { text }

    init(_ text: String, _ position: Int, _ says: String) {
      self.text = text
      self.position = position
      self.says = says
    }
  }

  @Test(arguments: [
    Mistake("", 1, "expected a number, a text in quotes, a column, a function or (, found the end"),
    Mistake("age >> 3", 6, "found >"),
    Mistake("age >", 6, "found the end"),
    Mistake("age 3", 5, "expected an operator or the end, found 3"),
    Mistake("(age > 3", 9, "expected an operator or ), found the end"),
    Mistake("age > 3)", 8, "expected an operator or the end, found )"),
    Mistake("1 < age < 5", 9, "comparisons do not chain"),
    Mistake("age is missing is missing", 16, "comparisons do not chain"),
    Mistake("age is missing + 1", 16, "put the comparison in parentheses"),
    Mistake("age is 3", 8, "expected missing or not missing"),
    Mistake("age == missing", 8, "write x is missing"),
    Mistake("missing", 1, "missing in every row"),
    Mistake("'a' + 1", 1, "text stands where a number is needed"),
    Mistake("1 + 'a'", 5, "text stands where a number is needed"),
    Mistake("age > 1 and 'E'", 13, "text stands where a condition is needed"),
    Mistake("(age + 1) == 'E'", 1, "a number stands where text is needed"),
    Mistake("'E' == 5", 8, "a number stands where text is needed"),
    Mistake("age in (1, 'E')", 12, "mixes numbers and text"),
    Mistake("age in (1, missing)", 12, "is missing"),
    Mistake("age in ()", 9, "expected a number or a text in quotes"),
    Mistake("age in (1", 10, "expected , or )"),
    Mistake("age in 1", 8, "expected ( and a list of values"),
    Mistake("age in (-'a')", 10, "expected a number"),
    Mistake("age between 1 or 2", 15, "expected and with the upper bound"),
    Mistake("age between 'a' and 2", 13, "not of one type"),
    Mistake("age not 5", 9, "expected in or between"),
    Mistake("1 + not age", 5, "put the condition in parentheses"),
    Mistake("stype == 'E", 10, "no closing '"),
    Mistake("`stype == 'E'", 1, "no closing `"),
    Mistake("größe # 3", 7, "# has no meaning here"),
    Mistake("5x + 1", 2, "a number runs into letters"),
    Mistake("1e999", 1, "too large"),
    Mistake("sqt(4)", 1, "did you mean sqrt?"),
    Mistake("2 * is.na(age)", 5, "write x is missing"),
    Mistake("frobnicate(4)", 1, "the functions are abs, sqrt"),
    Mistake("sqrt()", 1, "takes one number, not 0"),
    Mistake("sqrt(1, 2)", 1, "takes one number, not 2"),
    Mistake("max(age)", 1, "takes at least two numbers, not 1"),
    Mistake("if(1, 2)", 1, "takes a condition and two values"),
    Mistake("sqrt(4", 7, "expected , or )"),
    Mistake("row_mean(a, b; min = 3)", 22, "a whole number from 1 to 2"),
    Mistake("row_mean(a, b; min = 1.5)", 22, "a whole number from 1 to 2"),
    Mistake("row_mean(a, b; max = 1)", 16, "expected min ="),
    Mistake("reverse(a, b, 3)", 12, "plain numbers"),
    Mistake("reverse(a, 5, 1)", 12, "not below"),
    Mistake("age > or", 7, "a column of that name goes in back-quotes"),
    Mistake("if(a, missing, missing)", 1, "missing in every row"),
  ])
  func mistakesArePointedAt(_ mistake: Mistake) {
    let error = #expect(throws: ImmerseError.self) { _ = try Expression(parsing: mistake.text) }
    #expect(error?.kind == .usage)
    let message = "\(error?.description ?? "")"
    let pointsAt = message.contains("expression \"\(mistake.text)\", character \(mistake.position):")
    let says = message.contains(mistake.says)
    #expect(pointsAt && says, "\(message)")
  }

  @Test func whitespaceAndCaseOfKeywordsDoNotMatter() throws {
    #expect(try mask("age>11 AND NOT stype='M'") == mask("age > 11 and not stype == 'M'"))
    #expect(try value("1\t+\n2") == 3)
    #expect(try value(".5 + 1.5e1 + 2E-1") == 15.7)
    #expect(try value("true + false") == 1)
  }

  @Test func nestingIsBounded() throws {
    func nested(_ open: String, _ close: String, _ depth: Int) -> String {
      String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }
    for (open, close) in [
      ("(", ")"), ("-", ""), ("not ", ""), ("2^", ""), ("abs(", ")"), ("1 + (", ")"), ("if(1, 2, ", ")"),
    ] {
      _ = try value(nested(open, close, 90))
      let error = #expect(throws: ImmerseError.self) { _ = try Expression(parsing: nested(open, close, 3000)) }
      let says = error?.problem.contains("more than 200 levels of nesting") == true
      #expect(says, "\(open)")
    }
  }

  @Test func aLongExpressionIsShownAroundTheMistake() {
    let text = String(repeating: "1 + ", count: 500) + ") + " + String(repeating: "2 + ", count: 500)
    let error = #expect(throws: ImmerseError.self) { _ = try Expression(parsing: text) }
    let shown = error?.problem ?? ""
    let isShort = shown.count < 250
    let pointsAt = shown.contains("... + 1 + 1 + ") && shown.contains(") + 2 + ") && shown.contains(" character 2001: ")
    #expect(isShort && pointsAt, "\(shown)")
  }

  @Test func longRunsAreNotDeep() throws {
    let count = 20_000
    #expect(try value("0" + String(repeating: " + 1", count: count)) == Double(count))
    #expect(try value("0" + String(repeating: " + 1 * 1 - 0", count: count)) == Double(count))
    #expect(try value("1 < 0" + String(repeating: " or 1 < 0", count: count)) == 0)
    #expect(try value("1 > 0" + String(repeating: " and 1 > 0", count: count)) == 1)
  }

  @Test func noTextCrashes() throws {
    let words = [
      "age", "score", "stype", "country", "`odd name`", "1", "2.5", "-", "+", "*", "/", "^", "%", "(", ")", ",", "and",
      "or", "not", "in", "between", "is", "missing", "==", "!=", "<", ">=", "'E'", "\"M\"", "if(", "min(", "row_mean(",
      "; min = 1", "text(", "log(", "true", "reverse(", "nope", "`", "'", "é", "\u{301}", "🇧🇪", ".", "\0", "1e", "=",
    ]
    var generator = Xorshift(state: 0x9e37_79b9_7f4a_7c15)
    var parsed = 0
    for _ in 0..<15_000 {
      let count = Int.random(in: 0...12, using: &generator)
      let text = (0..<count).map { _ in words.randomElement(using: &generator) ?? "" }.joined(separator: " ")
      do throws(ImmerseError) {
        let expression = try Expression(parsing: text)
        parsed += 1
        // Whole and halves must agree, though the halves have other levels.
        let whole = try? expression.evaluateColumn(people)
        let halves = [people.slice(0..<2), people.slice(2..<5)].map { try? expression.evaluateColumn($0) }
        if let whole, let first = halves[0], let second = halves[1] {
          #expect(content(whole) == content(first) + content(second), "\(text)")
        }
      } catch {
        #expect(error.kind == .usage)
      }
    }
    #expect(parsed > 150)
  }

  private func content(_ column: Column) -> [String] {
    let categories = column.categories
    return categories.codes.array.map { $0 < 0 ? "missing" : categories.levels[Int($0)] }
  }
}

/// Marsaglia's xorshift generator, so that a failure can be repeated.
struct Xorshift: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
