import Foundation
import ImmerseStats
import TestSupport
import Testing

/// JSON as it is written, read back by another reader.
struct JSONValueTests {
  private func readBack(_ value: JSONValue) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(value.text.utf8), options: [.fragmentsAllowed])
  }

  @Test func escapes() throws {
    let text = "quote \" back \\ slash / line \n return \r tab \t bell \u{07} null \u{00} é 😀 \u{2028}"
    let read = try readBack(.string(text)) as? String
    #expect(read == text)
    let control = JSONValue.string("\u{01}\u{1f}").compactText
    #expect(control == #""\u0001\u001f""#)
    let quoted = JSONValue.object([.init("a\"b\n", .null)]).compactText
    #expect(quoted == #"{"a\"b\n": null}"#)
  }

  /// A line feed beside a carriage return is one character to Swift and two to JSON.
  @Test func lineEndsAreEscapedEachByItself() throws {
    let text = JSONValue.string("a\r\nb").compactText
    #expect(text == #""a\r\nb""#)
  }

  @Test func whatIsNotANumberIsNull() {
    let absent: [Double?] = [.nan, .infinity, -.infinity, nil]
    for value in absent {
      let json = JSONValue(value)
      #expect(json == .null)
    }
    // Also where it was put into the case directly.
    let text = JSONValue.array([.number(.nan), .number(.infinity), .number(1)]).compactText
    #expect(text == "[null, null, 1.0]")
  }

  @Test func numbersReadBackToTheLastDigit() throws {
    var values = [
      0.1, 1.0 / 3, 1e300, .leastNonzeroMagnitude, -0.0, 123_456_789.123_456_78, 2.220446049250313e-16, 1e22, 1e21,
    ]
    var state: UInt64 = 1
    for _ in 0..<1000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: state)
      if value.isFinite { values.append(value) }
    }
    let text = JSONValue.array(values.map { .number($0) }).text
    // JSONSerialization loses the last digit; JSONDecoder does not.
    let read = try JSONDecoder().decode([Double].self, from: Data(text.utf8))
    let changed = zip(read, values).filter { $0.bitPattern != $1.bitPattern }.map(\.1)
    #expect(read.count == values.count && changed.isEmpty)
    let shortest = JSONValue.number(0.1).compactText
    #expect(shortest == "0.1")
  }

  @Test func integersAreWrittenInFull() {
    let text = JSONValue.array([.integer(.max), .integer(.min), .integer(0)]).compactText
    #expect(text == "[9223372036854775807, -9223372036854775808, 0]")
  }

  @Test func objectsKeepTheirOrder() {
    let value: JSONValue = ["z": 1.json, "a": 2.json, "m": ["y": .null, "b": .bool(true)]]
    let text = value.compactText
    #expect(text == #"{"z": 1, "a": 2, "m": {"y": null, "b": true}}"#)
    let inner = value["m"]?["b"]
    #expect(inner == .bool(true))
    let absent = value["q"]
    #expect(absent == nil)
  }

  @Test func rowsOfAResultStandOnALineEach() throws {
    var result = AnalysisResult("estimate.mean", rows: [["term": .string("x"), "by": [:]], ["term": .string("y")]])
    result.sections = [.init("design", ["n": .integer(2)])]
    result.notes = [Note("few", "a note")]
    let text = result.json.text
    #expect(
      text == """
        {
          "schema": "immerse-stats/1",
          "analysis": "estimate.mean",
          "rows": [
            {"term": "x", "by": {}},
            {"term": "y"}
          ],
          "design": {"n": 2},
          "notes": [
            {"code": "few", "message": "a note"}
          ],
          "provenance": {}
        }

        """)
    let keys = try #require(try readBack(result.json) as? [String: Any]).keys.sorted()
    #expect(keys == ["analysis", "design", "notes", "provenance", "rows", "schema"])
  }
}

extension Int {
  fileprivate var json: JSONValue { .integer(self) }
}
