/// A report on one self-contained page: no scripts, no outside files, readable on paper and by a screen reader.
public struct ReportPage: Sendable {
  public enum Block: Sendable {
    case paragraph(String)
    case list([String])
    /// Something that must not be overlooked.
    case warning(String)
    case table(ReportTable)
    case chart(IntervalPlot)
    case bars(BarPlot)
    /// Hidden behind its summary until asked for.
    case details(summary: String, [Block])
    case code(String)
  }

  public struct Section: Sendable {
    public var heading: String
    public var blocks: [Block]

    public init(_ heading: String, _ blocks: [Block]) {
      self.heading = heading
      self.blocks = blocks
    }
  }

  public var title: String
  public var lead: [Block]
  public var sections: [Section]

  public init(title: String, lead: [Block], sections: [Section]) {
    self.title = title
    self.lead = lead
    self.sections = sections
  }

  public var html: String {
    var charts = 0
    let contents = sections.enumerated()
      .map { "<li><a href=\"#s\($0.offset + 1)\">\(HTML.escape($0.element.heading))</a></li>" }.joined(separator: "\n")
    var body = lead.map { render($0, &charts) }.joined(separator: "\n")
    body += "\n<nav aria-label=\"Contents\"><ol>\n\(contents)\n</ol></nav>\n"
    for (index, section) in sections.enumerated() {
      body += "<section id=\"s\(index + 1)\">\n<h2>\(HTML.escape(section.heading))</h2>\n"
      body += section.blocks.map { render($0, &charts) }.joined(separator: "\n")
      body += "\n</section>\n"
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
      <title>\(HTML.escape(title))</title>
      <style>\(PageStyle.css)</style>
      </head>
      <body>
      <a class="skip" href="#s1">Skip to the results</a>
      <main>
      <h1>\(HTML.escape(title))</h1>
      \(body)</main>
      </body>
      </html>

      """
  }

  private func render(_ block: Block, _ charts: inout Int) -> String {
    switch block {
    case .paragraph(let text): return "<p>\(HTML.escape(text))</p>"
    case .warning(let text): return "<p class=\"warning\" role=\"note\"><strong>Note.</strong> \(HTML.escape(text))</p>"
    case .list(let items): return "<ul>\(items.map { "<li>\(HTML.escape($0))</li>" }.joined(separator: "\n"))</ul>"
    case .code(let text): return "<pre>\(HTML.escape(text))</pre>"
    case .table(let table): return table.html
    case .chart(let plot): return figure(plot.title, plot.svg, &charts)
    case .bars(let plot): return figure(plot.title, plot.svg, &charts)
    case .details(let summary, let blocks):
      let inner = blocks.map { render($0, &charts) }.joined(separator: "\n")
      return "<details><summary>\(HTML.escape(summary))</summary>\n\(inner)\n</details>"
    }
  }

  private func figure(_ title: String, _ svg: (String) -> String, _ charts: inout Int) -> String {
    charts += 1
    return "<figure>\n\(svg("c\(charts)"))\n<figcaption>\(HTML.escape(title))</figcaption>\n</figure>"
  }
}

/// A table of a report: cells already in the words and digits of a reader.
public struct ReportTable: Sendable {
  public var caption: String
  public var columns: [String]
  public var rows: [[String]]
  /// The columns set to the right.
  public var numeric: Set<Int>

  public init(caption: String, columns: [String], rows: [[String]], numeric: Set<Int>) {
    self.caption = caption
    self.columns = columns
    self.rows = rows
    self.numeric = numeric
  }

  var html: String {
    func cell(_ text: String, _ column: Int) -> String {
      let name = numeric.contains(column) ? " class=\"n\"" : ""
      if column == 0 { return "<th scope=\"row\"\(name)>\(HTML.escape(text))</th>" }
      return "<td\(name)>\(HTML.escape(text))</td>"
    }
    let head = columns.enumerated()
      .map { "<th scope=\"col\"\(numeric.contains($0.offset) ? " class=\"n\"" : "")>\(HTML.escape($0.element))</th>" }
      .joined()
    let body = rows.map { row in
      "<tr>" + row.enumerated().map { cell($0.element, $0.offset) }.joined() + "</tr>"
    }.joined(separator: "\n")
    return """
      <div class="scroll"><table>
      <caption>\(HTML.escape(caption))</caption>
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(body)
      </tbody>
      </table></div>
      """
  }
}
