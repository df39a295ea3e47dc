import Columnar
import ImmerseStats
import Testing

@Suite struct JSONParsingTests {
  private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8), file: "request") }

  @Test func readsWhatItWrites() throws {
    let value: JSONValue = [
      "a": .array([.integer(-3), .number(0.1), .number(1e300), .null, .bool(true)]),
      "text": "quote \" slash \\ tab \t é 日 𝄞 \u{1}", "empty": [:], "none": .array([]),
    ]
    #expect(try parse(value.text) == value)
    #expect(try parse(value.compactText) == value)
  }

  @Test func readsEscapes() throws {
    #expect(try parse(#" "\u00e9\ud834\udd1e\/\b" "#) == .string("é𝄞/\u{8}"))
  }

  @Test(arguments: [
    "", "{", "[1,", "[1 2]", "{\"a\" 1}", "{a: 1}", "tru", "01x", "+1", ".5", "1e999", "\"a", "\"\\x\"", "\"\\u12\"",
    "\"\\ud800\"", "\"\u{1}\"", "1 2", "{\"a\": 1, \"a\": 2}", "[1,]", String(repeating: "[", count: 100_000),
  ])
  func refuses(_ text: String) {
    #expect(throws: ImmerseError.self) { try parse(text) }
  }

  @Test func saysWhere() throws {
    let error = #expect(throws: ImmerseError.self) { try parse("{\"a\": 1,\n  b}") }
    #expect(error?.description == "request:2:3: not valid JSON: a key in quotes was expected")
  }
}
