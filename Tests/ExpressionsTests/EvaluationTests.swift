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
  ], rowCount: 5)

func numbers(_ text: String, _ batch: Batch = people) throws -> [Double] {
  try Expression(parsing: text).evaluateNumbers(batch).array
}

func mask(_ text: String, _ batch: Batch = people) throws -> [Bool?] {
  let mask = try Expression(parsing: text).evaluateMask(batch)
  return (0..<mask.count).map { mask[$0] }
}

/// The value of an expression without columns.
func value(_ text: String) throws -> Double {
  try numbers(text, Batch([], rowCount: 1))[0]
}

@Suite struct EvaluationTests {
  @Test func comparesColumns() throws {
    #expect(try mask("age >= 12") == [false, true, nil, true, true])
    #expect(try mask("stype == 'E'") == [true, false, nil, false, true])
    #expect(try mask("stype = \"E\" and age > 11") == [false, false, nil, false, true])
    #expect(try mask("birth != country") == [false, true, false, nil, true])
  }
}
