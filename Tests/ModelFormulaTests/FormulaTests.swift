import Columnar
import Streaming
import Testing

@testable import ModelFormula

@Suite struct FormulaTests {
  /// Terms as `attr(terms(...), "term.labels")` gives them in R 4.2.2.
  @Test(arguments: [
    ("y ~ a + b*c + a:b", ["a", "b", "c", "b:c", "a:b"], true),
    ("y ~ b:a + a", ["a", "b:a"], true),
    ("y ~ (a + b + c)^2 - b:c", ["a", "b", "c", "a:b", "a:c"], true),
    ("y ~ a/b", ["a", "a:b"], true),
    ("y ~ a*b*c", ["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"], true),
    ("y ~ a + a + b:a + a:b - 1", ["a", "a:b"], false),
    ("y ~ 0 + I(x^2)", ["I(x^2)"], false),
    ("y ~ 1", [], true),
    ("log(y) ~ a-1+1", ["a"], true),
    ("`odd name` ~ `a b` + factor( x )", ["a b", "factor(x)"], true),
    ("y ~ I( x*-2 +z/ 3 ) + log(x+1)", ["I(x * -2 + z/3)", "log(x + 1)"], true),
    ("y ~ I(a>=2)", ["I(a >= 2)"], true),
  ])
  func termsExpandAsInR(text: String, labels: [String], hasIntercept: Bool) throws {
    let formula = try Formula(parsing: text)
    #expect(formula.fixed.terms.map(\.label) == labels)
    #expect(formula.fixed.hasIntercept == hasIntercept)
    #expect(formula.random.isEmpty)
  }

  @Test func randomTermsNestAndSplit() throws {
    func describe(_ text: String) throws -> [String] {
      try Formula(parsing: text).random.map { term in
        let effects = (term.effects.hasIntercept ? ["1"] : []) + term.effects.terms.map(\.label)
        return "\(effects.joined(separator: "+"))|\(term.groupLabel)"
      }
    }
    #expect(try describe("y ~ (1 | g)") == ["1|g"])
    #expect(try describe("y ~ x + (x | g) + (0 + x | h)") == ["1+x|g", "x|h"])
    #expect(try describe("y ~ (x + z || g)") == ["1|g", "x|g", "z|g"])
    #expect(try describe("y ~ (1 | batch/cask)") == ["1|batch", "1|cask:batch"])
    #expect(try describe("y ~ (1 | a/b/c)") == ["1|a", "1|b:a", "1|c:b:a"])
    #expect(try describe("y ~ (1 | a:b)") == ["1|a:b"])
    #expect(try describe("y ~ ((a + b)^2 - 1 | g)") == ["a+b+a:b|g"])
  }

  @Test func columnRequestsFollowTheUse() throws {
    let formula = try Formula(parsing: "math ~ escs + factor(grade) + I(age^2) + (1 + escs | school)")
    #expect(
      try formula.columnRequests == [
        .number("math"), .automatic("escs"), .category("grade"), .number("age"), .category("school"),
      ])
  }

  @Test(arguments: [
    ("y ~ a +", 8, "expected a term, found the end"),
    ("y ~ a b", 7, "expected an operator or the end, found \"b\""),
    ("y a", 3, "expected ~ after the response, found \"a\""),
    ("y ~ (a + b", 11, "expected ) or |, found the end"),
    ("y ~ (1 | )", 10, "expected the name of a grouping column, found \")\""),
    ("y ~ (1 | g", 11, "expected ), found the end"),
    ("y ~ x^2.5", 7, "2.5 is neither a column nor 0 or 1"),
    ("y ~ x^z", 6, "^ in a formula multiplies terms out"),
    ("y ~ 2", 5, "2 is neither a column nor 0 or 1"),
    ("y ~ a:1", 6, "only columns can interact"),
    ("y ~ a*(1|g)", 6, "only columns can interact"),
    ("y ~ a - (1|g)", 9, "a random term cannot be taken away"),
    ("y ~ (0 | g)", 5, "this random term has no effects"),
    ("y ~ ((1|g) | h)", 5, "a random term within a random term"),
    ("y ~ a ? b", 7, "? has no meaning in a formula"),
    ("y ~ I(x", 6, "the parenthesis after I is not closed"),
    ("y ~ `x", 5, "the name in backticks is empty or does not end"),
    ("y ~ y + x", 1, "the response y stands on both sides"),
    ("a + b ~ x", 3, "expected ~ after the response"),
    ("1 ~ x", 1, "the response is one column"),
    ("y ~ factor(a + b)", 5, "factor( ) takes one column"),
    ("", 1, "expected a term, found the end"),
  ])
  func mistakesPointAtTheCharacter(text: String, position: Int, problem: String) {
    let error = #expect(throws: ImmerseError.self) { try Formula(parsing: text) }
    #expect(error?.kind == .usage)
    let message = error?.problem ?? ""
    #expect(message.hasPrefix("formula \"\(text)\", character \(position): \(problem)"), "\(message)")
  }

  @Test func hostileFormulasEndInAnError() {
    let nested = "y ~ " + String(repeating: "(", count: 100_000) + "a"
    #expect(throws: ImmerseError.self) { try Formula(parsing: nested) }
    let many = "y ~ (" + (0..<60).map { "x\($0)" }.joined(separator: "+") + ")^9"
    #expect(throws: ImmerseError.self) { try Formula(parsing: many) }
  }
}

@Suite struct CallTests {
  @Test func callsKnowTheirArguments() throws {
    let formula = try Formula(
      parsing: "y ~ poly(x, 2) + C(relevel(a, ref = \"b, c\"), contr.sum) + cwc(log(x), `my school`, weights = w)")
    #expect(
      formula.fixed.terms.map(\.label) == [
        "poly(x, 2)", "C(relevel(a, ref = \"b, c\"), contr.sum)", "cwc(log(x), `my school`, weights = w)",
      ])
    guard case .category(let category) = formula.fixed.terms[1].variables[0],
      case .centred(let centring) = formula.fixed.terms[2].variables[0]
    else {
      Issue.record("not the kinds of variables that were written")
      return
    }
    #expect(category.column == "a")
    #expect(category.reference == "b, c")
    #expect(category.contrast == .sum)
    #expect(centring.group == "my school")
    #expect(centring.weights == "w")
    #expect(
      try formula.columnRequests == [
        .number("y"), .number("x"), .category("a"), .category("my school"), .number("w"),
      ])
  }

  @Test func offsetsAndDiagonalTermsAreNoTerms() throws {
    let formula = try Formula(parsing: "y ~ x + offset(log(n)) + offset(z) + diag(1 + x | g)")
    #expect(formula.offsets.map(\.label) == ["log(n)", "z"])
    #expect(formula.fixed.terms.map(\.label) == ["x"])
    #expect(formula.random.map(\.isDiagonal) == [true])
  }

  /// `contr.sum(4)` and `contr.helmert(4)` of R.
  @Test func contrastsAreThoseOfR() {
    #expect(Contrast.sum.columns(levelCount: 4).map(\.values) == [[1, 0, 0, -1], [0, 1, 0, -1], [0, 0, 1, -1]])
    #expect(
      Contrast.helmert.columns(levelCount: 4).map(\.values) == [[-1, 1, 0, 0], [-1, -1, 2, 0], [-1, -1, -1, 3]])
    #expect(Contrast.treatment.columns(levelCount: 3).map(\.values) == [[0, 1, 0], [0, 0, 1]])
  }

  @Test func nestedCallsAreBounded() {
    let wrapped = String(repeating: "C(", count: 50_000) + "a" + String(repeating: ")", count: 50_000)
    #expect(throws: ImmerseError.self) { try Formula(parsing: "y ~ \(wrapped)") }
    #expect(throws: ImmerseError.self) { try Formula(parsing: "y ~ x - offset(z)") }
    #expect(throws: ImmerseError.self) { try Formula(parsing: "poly(y, 2) ~ x") }
  }
}
