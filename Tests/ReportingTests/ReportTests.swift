import Foundation
import FoundationXML
import ImmerseStats
import Reporting
import TestSupport
import Testing

struct ReportTests {
  private let plot = IntervalPlot(
    title: "Belonging <1-5>", axis: "Mean", series: ["No", "Yes"],
    rows: [
      .init(label: "Spain & Portugal", series: 0, estimate: 3.5, low: 3.2, high: 3.8),
      .init(label: "Italy", series: 1, estimate: 3.1, low: nil, high: nil),
      .init(label: "Malta", estimate: nil, low: nil, high: nil),
    ])

  private var page: ReportPage {
    ReportPage(
      title: "A <study>", lead: [.warning("Simulated & marked")],
      sections: [
        .init("First", [.chart(plot), .chart(plot)]),
        .init(
          "Second",
          [
            .table(ReportTable(caption: "Values", columns: ["Unit", "Score"], rows: [["BE", "1.5"]], numeric: [1])),
            .details(summary: "More", [.code("a < b"), .list(["one", "two"])]),
          ]),
      ])
  }

  /// Without its DOCTYPE and void tags the page is XML, so a parser finds every tag left open.
  @Test func isWellFormed() throws {
    var text = page.html.replacingOccurrences(of: "<!DOCTYPE html>", with: "")
    text = text.replacing(/<meta ([^>]*)>/) { "<meta \($0.output.1)/>" }
    let parser = XMLParser(data: Data(text.utf8))
    let isWellFormed = parser.parse()
    #expect(isWellFormed, "\(parser.parserError.map { "\($0)" } ?? "") in line \(parser.lineNumber)")
  }

  @Test func needsNothingFromOutside() {
    let html = page.html
    #expect(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"))
    #expect(html.contains("default-src 'none'"))
  }

  @Test func everyChartHasTitleDescriptionAndIdsOfItsOwn() {
    let html = page.html
    let ids = html.matches(of: /id="([^"]+)"/).map { String($0.output.1) }
    #expect(Set(ids).count == ids.count)
    #expect(html.matches(of: /<svg role="img"/).count == 2)
    #expect(html.matches(of: /<title id=/).count == 2)
    #expect(html.matches(of: /<desc id=/).count == 2)
    #expect(html.contains("withheld"))
  }

  @Test func equalDataGiveEqualBytes() { #expect(page.html == page.html) }
}

struct TableTests {
  private let result = AnalysisResult(
    "estimate.mean",
    rows: [
      ["term": "x", "by": ["country": "BE"], "estimate": .number(1234.5678), "n": .integer(10), "deff": .null],
      ["term": "a,\"b\"", "by": ["country": "DE|AT"], "estimate": .number(0.000_012), "n": .integer(7), "deff": .null],
    ])

  @Test func textIsAligned() {
    let expected = """
      term   country  estimate   n  deff
      x      BE        1234.57  10  -
      a,"b"  DE|AT    0.000012   7  -

      """
    #expect(ResultFormat.table.render(result) == expected)
  }

  @Test func csvKeepsEveryDigitAndQuotesWhatItMust() {
    let expected = """
      term,country,estimate,n,deff
      x,BE,1234.5678,10,
      "a,""b""\",DE|AT,1.2e-05,7,

      """
    #expect(ResultFormat.csv.render(result) == expected)
  }

  @Test func markdownEscapesItsSeparator() {
    let text = ResultFormat.markdown.render(result)
    #expect(text.contains("| term | country | estimate | n | deff |"))
    #expect(text.contains("DE\\|AT"))
  }

  @Test(arguments: [
    (0.0, 6, "0"), (1.0, 6, "1"), (0.1 + 0.2, 6, "0.3"), (123456.7, 4, "123457"), (-0.00123456, 3, "-0.00123"),
    (1e-9, 3, "1.00e-09"), (2.5e14, 3, "2.50e+14"),
  ])
  func digitsForReaders(value: Double, digits: Int, text: String) {
    #expect(Digits.significant(value, digits) == text)
  }
}
