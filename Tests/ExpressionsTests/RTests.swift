import Columnar
import Expressions
import Streaming
import TestSupport
import Testing

/// Against what R computes; see `Tests/Reference/expressions.R`.
@Suite struct RTests {
  private static func golden() throws -> (GoldenJSON, Batch) {
    let golden = try GoldenJSON(TestFiles.golden("expressions/r.json"))
    let columns = try golden["data"].keys.map { name in
      let values = golden["data", name].list
      let isText = values.contains { $0.value is String }
      return (
        name: name,
        column: isText
          ? Column(values.map { $0.isNull ? nil : $0.value as? String })
          : Column(try values.map { $0.isNull ? .nan : try $0.number })
      )
    }
    return (golden, Batch(columns, rowCount: golden["data", "x"].list.count))
  }

  @Test func expressions() throws {
    let (golden, batch) = try RTests.golden()
    let cases = golden["values"].list
    #expect(cases.count > 60)
    for example in cases {
      let text = try example["text"].string
      let actual = try numbers(text, batch)
      let expected = try example["values"].list.map { $0.isNull ? .nan : try $0.number }
      let sameMissing = actual.map(\.isNaN) == expected.map(\.isNaN)
      #expect(sameMissing, "\(text): \(actual), expected \(expected)")
      expectClose(
        actual.filter { !$0.isNaN }, expected.filter { !$0.isNaN }, relative: 1e-12, absolute: 1e-13, text)
    }
  }

  @Test func cuts() throws {
    let (golden, batch) = try RTests.golden()
    let cases = golden["cuts"].list
    #expect(cases.count == 4)
    for example in cases {
      let rule = Cut(
        "x", breaks: try example["breaks"].numbers, closed: try example["right"].number == 1 ? .right : .left,
        includesLowest: try example["include_lowest"].number == 1)
      let source = try Table(batch).deriving([Derivation("interval", .cut(rule))])
      let categories = try source.chunk(0, [.category("interval")]).categories("interval")
      let labels = try example["labels"].list.map { try $0.string }
      #expect(categories.levels.names == labels)
      let intervals = categories.codes.array.map { $0 < 0 ? nil : labels[Int($0)] }
      let expected = example["intervals"].list.map { $0.value as? String }
      #expect(intervals == expected)
    }
  }
}
