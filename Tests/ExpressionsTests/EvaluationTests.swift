import Columnar
import Expressions
import Streaming
import TestSupport
import Testing

/// The batch the expression tests read.
let people = Batch(
  [
    ("age", Column([11, 14, .nan, 17, 12])),
    ("score", Column([1.5, -2, 0, .nan, 4])),
    ("stype", Column(["E", "M", nil, "H", "E"])),
    ("birth", Column(["BE", "SY", "DE", nil, "IT"])),
    ("country", Column(["BE", "BE", "DE", "IE", "ES"])),
    ("odd name", Column([1, 2, 3, 4, 5])),
    ("in", Column([5, 4, 3, 2, 1])),
  ], rowCount: 5)

func numbers(_ text: String, _ batch: Batch = people) throws -> [Double] {
  try Expression(parsing: text).evaluateNumbers(batch).array
}

func mask(_ text: String, _ batch: Batch = people) throws -> [Bool?] {
  let mask = try Expression(parsing: text).evaluateMask(batch)
  return (0..<mask.count).map { mask[$0] }
}

func texts(_ text: String, _ batch: Batch = people) throws -> [String?] {
  let categories = try Expression(parsing: text).evaluateColumn(batch).categories
  return categories.codes.array.map { $0 < 0 ? nil : categories.levels[Int($0)] }
}

/// The value of an expression without columns.
func value(_ text: String) throws -> Double {
  try numbers(text, Batch([], rowCount: 1))[0]
}

@Suite struct EvaluationTests {
  @Test func aMissingValueMakesAComparisonMissing() throws {
    #expect(try mask("age >= 12") == [false, true, nil, true, true])
    #expect(try mask("stype == 'E'") == [true, false, nil, false, true])
    #expect(try mask("stype = \"E\" and age > 11") == [false, false, nil, false, true])
    #expect(try mask("stype == 'E' or age > 11") == [true, true, nil, true, true])
    #expect(try mask("age > 16 or score <= 0") == [false, true, true, true, false])
  }

  @Test func membershipLeavesMissingValuesMissing() throws {
    #expect(try mask("stype in ('E', 'H')") == [true, false, nil, true, true])
    #expect(try mask("stype not in ('E', 'H')") == [false, true, nil, false, false])
    #expect(try mask("age in (11, 17)") == [true, false, nil, true, false])
    #expect(try mask("score in (-2, 4)") == [false, true, false, nil, true])
    #expect(try mask("not stype in ('E')") == [false, true, nil, true, false])
  }

  @Test func textComparesInByteOrder() throws {
    #expect(try mask("country between 'BE' and 'DE'") == [true, true, true, false, false])
    #expect(try mask("'DE' <= country") == [false, false, true, true, true])
    let dates = Batch([("day", Column(["2019-12-31", "2020-01-01", nil, "2021-05-04"]))], rowCount: 4)
    #expect(try mask("day >= '2020-01-01'", dates) == [false, true, nil, true])
    #expect(try mask("text(birth) < text(country)") == [false, false, false, nil, false])
  }

  @Test func columnsCompareByNumberOrText() throws {
    #expect(try mask("birth == country") == [true, false, true, nil, false])
    #expect(try mask("birth != country") == [false, true, false, nil, true])
    let mixed = Batch(
      [
        ("code", Column(["01", "2", "x", "4.0", nil])), ("number", Column([1, 2, 3, 5, 5])),
        ("again", Column([1, 2, .nan, 5, 6])),
      ], rowCount: 5)
    #expect(try mask("code == number", mixed) == [true, true, false, false, nil])
    #expect(try mask("number == code", mixed) == [true, true, false, false, nil])
    #expect(try mask("number != again", mixed) == [false, false, nil, false, true])
  }

  @Test func missingIsAsked() throws {
    #expect(try mask("age is missing") == [false, false, true, false, false])
    #expect(try mask("stype is not missing") == [true, true, false, true, true])
    #expect(try mask("(age > 12) is missing") == [false, false, true, false, false])
    #expect(try mask("age + score is missing") == [false, false, true, true, false])
    #expect(try mask("text(age) is missing") == [false, false, true, false, false])
    let typed = Batch(
      [
        ("small", Column(.int8(Buffer([1, 2, 3])), validity: Bitmap(count: 3) { $0 != 1 })),
        ("flag", Column(.bool(Bitmap(count: 3) { $0 == 0 }), validity: Bitmap(count: 3) { $0 != 2 })),
      ], rowCount: 3)
    #expect(try mask("small is missing", typed) == [false, true, false])
    #expect(try mask("flag is missing", typed) == [false, false, true])
    #expect(try mask("flag", typed) == [true, false, nil])
    #expect(try mask("small > 1", typed) == [false, nil, true])
  }

  @Test func choices() throws {
    #expect(try texts("if(age < 12, 'young', 'old')") == ["young", "old", nil, "old", "old"])
    #expect(try texts("if(birth is missing, 'unknown', birth)") == ["BE", "SY", "DE", "unknown", "IT"])
    #expect(try texts("if(country == 'BE', missing, country)") == [nil, nil, "DE", "IE", "ES"])
    #expect(try numbers("if(score < 0, missing, score) is missing") == [0, 1, 0, 1, 0])
    #expect(try mask("if(age > 12, 'a', 'b') == if(age > 15, 'a', 'b')") == [true, false, nil, true, true])
  }

  @Test func whatIsNotFiniteIsMissing() throws {
    for text in [
      "1 / 0", "0 / 0", "log(0)", "log(-1)", "sqrt(-1)", "exp(1000)", "10 ^ 400", "(-8) ^ 0.5", "5 % 0",
      "1e308 + 1e308", "1e308 * 10", "missing ^ 0",
    ] {
      let isMissing = try value(text).isNaN
      #expect(isMissing, "\(text)")
    }
    let powers = [try value("(-2)^3"), try value("(-2)^-1"), try value("0^0"), try value("2^0.5")]
    expectClose(powers, [-8, -0.5, 1, 2.0.squareRoot()], relative: 1e-15)
  }

  @Test func rowsAreSummarisedOverThePresentValues() throws {
    expectClose(try numbers("row_mean(age, score; min = 1)"), [6.25, 6, 0, 17, 8])
    let strict = try numbers("row_mean(age, score)").map(\.isNaN)
    #expect(strict == [false, false, true, true, false])
    expectClose(try numbers("row_sum(age, score, 1; min = 2)"), [13.5, 13, 1, 18, 17])
  }

  @Test func namesInBackQuotes() throws {
    #expect(try numbers("`odd name` * 2") == [2, 4, 6, 8, 10])
    #expect(try mask("`in` in (5, 1)") == [true, false, false, false, true])
    let quoted = Batch([("a`b", Column(["it's", "\"q\""]))], rowCount: 2)
    #expect(try mask("`a``b` == 'it''s'", quoted) == [true, false])
    #expect(try mask("`a``b` == \"\"\"q\"\"\"", quoted) == [false, true])
  }

  @Test func reversingRefusesValuesOutsideTheScale() throws {
    #expect(try numbers("reverse(`odd name`, 1, 5)") == [5, 4, 3, 2, 1])
    var later = people
    later.set("q", Column([1, .nan, 9, 2, 99]))
    let expression = try Expression(parsing: "reverse(q, 1, 5)")
    let error = #expect(throws: ImmerseError.self) { _ = try expression.evaluateNumbers(later) }
    #expect(error?.kind == .badData)
    #expect(error?.variable == "q")
    let namesRow = error?.row == 2
    #expect(namesRow)
  }

  @Test func textIsNoNumber() throws {
    let condition = try Expression(parsing: "if(age > 1, 'a', 'b')")
    #expect(condition.kind == .text)
    for evaluate in [
      { _ = try condition.evaluateNumbers(people) }, { _ = try condition.evaluateMask(people) },
      { _ = try FilterTransform(condition) },
    ] {
      let error = #expect(throws: ImmerseError.self, performing: evaluate)
      #expect(error?.kind == .usage)
    }
    let sum = try Expression(parsing: "stype + 1")
    let error = #expect(throws: ImmerseError.self) { _ = try sum.evaluateNumbers(people) }
    #expect(error?.kind == .badData)
    #expect(error?.variable == "stype")
    let absent = try Expression(parsing: "aeg > 1")
    let suggestion = #expect(throws: ImmerseError.self) { _ = try absent.evaluateMask(people) }
    #expect(suggestion?.remedy == "did you mean \"age\"?")
  }

  @Test func requestsSayHowColumnsAreRead() throws {
    let expression = try Expression(
      parsing: "birth != country and stype == 'E' and age > row_mean(score, `odd name`) and birth is missing")
    #expect(
      expression.columnRequests == [
        .automatic("birth"), .automatic("country"), .category("stype"), .number("age"), .number("score"),
        .number("odd name"),
      ])
    #expect(try Expression(parsing: "x is missing or x > 1").columnRequests == [.number("x")])
    #expect(try Expression(parsing: "x > 1 or x == 'a'").columnRequests == [.category("x")])
    #expect(try Expression(parsing: "x == 'a' or x > 1").columnRequests == [.category("x")])
    #expect(try Expression(parsing: "x").columnRequests == [.number("x")])
    #expect(try Expression(parsing: "x").kind == .number)
    #expect(try Expression(parsing: "1 < 2").kind == .condition)
    let numbersAsCategories = Batch([("x", Column(["1", "10", nil]))], rowCount: 3)
    #expect(
      try mask("x == '1' or x > 5", Batch([("x", categories(of: numbersAsCategories))], rowCount: 3)) == [
        true, true, nil,
      ])
  }

  private func categories(of batch: Batch) throws -> Column {
    try #require(batch["x"]).delivered(as: .category("x"))
  }
}
