import Foundation
import ImmerseStats
import Reporting

/// The page on which a study is read.
struct StudyReport {
  let run: StudyRun
  let provenance: JSONValue

  var page: ReportPage {
    var sections = run.estimates.map { estimateSection($0) }
    sections += run.scores.map { scoreSection($0) }
    sections += run.sensitivities.map { sensitivitySection($0) }
    sections += run.models.map { modelSection($0) }
    if !run.weighting.isEmpty { sections.append(weightingSection(run.weighting)) }
    sections.append(methodSection)
    sections.append(
      ReportPage.Section(
        "Provenance", [.details(summary: "Versions, inputs and the exact command", [.code(provenance.text)])]))
    let lead = run.study.about.map { ReportPage.Block.warning($0) }
    return ReportPage(title: run.study.title, lead: lead + headline, sections: sections)
  }

  /// The first row of each estimate that stands for all countries or all children.
  private var headline: [ReportPage.Block] {
    guard let first = run.estimates.first else { return [] }
    let lines = first.result.rows.prefix(4).compactMap { row -> String? in
      guard double(row, "estimate") != nil, let term = text(row, "term") else { return nil }
      let groups = self.groups(row).map { label($0.value) }
      let place = groups.isEmpty ? "" : " (\(groups.joined(separator: ", ")))"
      return "\(label(term))\(place): \(fixed(row, "estimate")) \(interval(row))"
    }
    return lines.isEmpty ? [] : [.paragraph(first.step.title + ":"), .list(lines)]
  }

  private func blocks(_ analysis: StudyRun.Analysis) -> [ReportPage.Block] {
    let text = analysis.step.text.map { [ReportPage.Block.paragraph($0)] } ?? []
    let notes = analysis.result.notes.map(\.message).joined(separator: ". ")
    return notes.isEmpty ? text : text + [.warning(notes + ".")]
  }

  // MARK: Estimates

  private func estimateSection(_ analysis: StudyRun.Analysis) -> ReportPage.Section {
    var blocks = blocks(analysis)
    let rows = analysis.result.rows
    for term in distinct(rows.compactMap { text($0, "term") }) {
      let own = rows.filter { text($0, "term") == term }
      let levels = own.filter { !isDifference($0) }
      let differences = own.filter(isDifference)
      if (2...60).contains(levels.count) { blocks.append(.chart(chart(label(term), levels, analysis))) }
      if (2...60).contains(differences.count) {
        blocks.append(.chart(chart("\(label(term)): difference", differences, analysis)))
      }
    }
    // What kind of row it is says which of its fields there are.
    let shown = estimateColumns.filter { column in rows.contains { $0[column.key] != nil } }
    let table = ReportTable(
      caption:
        "\(analysis.step.title). Design-based standard errors; 95 % intervals from t with the degrees of freedom shown.",
      columns: ["Variable"] + (rows.first.map { groups($0).map { label($0.key) } } ?? []) + shown.map(\.heading),
      rows: rows.map { row in
        [label(text(row, "term") ?? "")] + groups(row).map { label($0.value) } + shown.map { $0.cell(row) }
      }, numeric: [])
    blocks.append(
      rows.count > 24 ? .details(summary: "All \(rows.count) values", [.table(table.aligned)]) : .table(table.aligned))
    if case .array(let tests)? = analysis.result.sections.first(where: { $0.key == "tests" })?.value {
      blocks.append(.table(plainTable("Tests of terms", tests)))
    }
    return ReportPage.Section(analysis.step.title, blocks)
  }

  /// The columns of a table of estimates, coefficients or tests, each with the field it needs.
  private var estimateColumns: [(heading: String, key: String, cell: (JSONValue) -> String)] {
    [
      ("Estimate", "estimate", { fixed($0, "estimate") }), ("Std. error", "std_error", { fixed($0, "std_error") }),
      ("95 % interval", "conf_low", interval), ("Statistic", "statistic", { number($0, "statistic", 4) }),
      ("df", "df", { number($0, "df", 4) }), ("Residual df", "df_residual", { number($0, "df_residual", 4) }),
      ("p", "p_value", { number($0, "p_value", 2) }), ("n", "n", { number($0, "n", 9) }),
      ("deff", "deff", { number($0, "deff", 3) }),
    ]
  }

  /// Rows as they stand in the result.
  private func plainTable(_ caption: String, _ rows: [JSONValue]) -> ReportTable {
    let table = ResultTable(rows)
    return ReportTable(
      caption: caption, columns: table.columns.map(TextTable.heading),
      rows: table.rows.map { $0.map { label(TextTable.text($0)) } }, numeric: []
    ).aligned
  }

  private func chart(_ title: String, _ rows: [JSONValue], _ analysis: StudyRun.Analysis) -> IntervalPlot {
    // A last group of a few levels becomes the series, so that the levels of the others are compared side by side.
    let last = distinct(rows.compactMap { groups($0).last?.value })
    let asSeries = (2...3).contains(last.count) && (rows.first.map { groups($0).count } ?? 0) > 1
    return IntervalPlot(
      title: "\(title), with 95 % intervals", axis: title, series: asSeries ? last.map(label) : [],
      rows: rows.map { row in
        let groups = groups(row)
        let shown = asSeries ? groups.dropLast() : groups[...]
        return IntervalPlot.Row(
          label: shown.map { label($0.value) }.joined(separator: ", "),
          series: asSeries ? last.firstIndex(of: groups.last?.value ?? "") ?? 0 : 0, estimate: double(row, "estimate"),
          low: double(row, "conf_low"), high: double(row, "conf_high"))
      })
  }

  // MARK: Scores

  private func scoreSection(_ analysis: StudyRun.Analysis) -> ReportPage.Section {
    var blocks = blocks(analysis)
    let rows = analysis.result.rows
    let top = rows.compactMap { integer($0, "level") }.max() ?? 0
    for term in distinct(rows.filter { integer($0, "level") == top }.compactMap { text($0, "term") }) {
      let own = rows.filter { text($0, "term") == term }
      guard (2...60).contains(own.count) else { continue }
      blocks.append(
        .chart(
          IntervalPlot(
            title: "\(label(term)), with 95 % sampling intervals where they are known", axis: label(term),
            rows: own.map { row in
              let (estimate, error) = (double(row, "estimate"), double(row, "std_error"))
              return IntervalPlot.Row(
                label: label(text(row, "unit") ?? ""), estimate: estimate,
                low: estimate.flatMap { value in error.map { value - 1.96 * $0 } },
                high: estimate.flatMap { value in error.map { value + 1.96 * $0 } })
            })))
    }
    let aggregates = rows.filter { (integer($0, "level") ?? 0) > 1 }
    func table(_ caption: String, _ rows: [JSONValue]) -> ReportTable {
      ReportTable(
        caption: caption, columns: ["Term", "Unit", "Score", "Rank", "Std. error"],
        rows: rows.map { row in
          [
            label(text(row, "term") ?? ""), label(text(row, "unit") ?? ""), number(row, "estimate", 4),
            number(row, "rank", 4), number(row, "std_error", 3),
          ]
        }, numeric: []
      ).aligned
    }
    blocks.append(
      .details(
        summary: "Indices and dimensions", [.table(table("\(analysis.step.title): indices and dimensions", aggregates))]
      ))
    blocks.append(
      .details(
        summary: "Indicators",
        [
          .table(
            table("\(analysis.step.title): indicators after normalisation", rows.filter { integer($0, "level") == 1 }))
        ]))
    return ReportPage.Section(analysis.step.title, blocks)
  }

  // MARK: Sensitivity

  private func sensitivitySection(_ analysis: StudyRun.Analysis) -> ReportPage.Section {
    var blocks = blocks(analysis)
    let sections = Dictionary(analysis.result.sections.map { ($0.key, $0.value) }) { first, _ in first }
    func rows(_ key: String) -> [JSONValue] { if case .array(let rows)? = sections[key] { rows } else { [] } }
    let units = rows("units").sorted { (double($0, "rank") ?? .infinity) < (double($1, "rank") ?? .infinity) }
    if (2...60).contains(units.count) {
      blocks.append(
        .chart(
          IntervalPlot(
            title: "Ranks over all runs: the median, and where 95 % of them lie", axis: "Rank",
            rows: units.map { row in
              IntervalPlot.Row(
                label: label(text(row, "unit") ?? ""), estimate: double(row, "rank_median"),
                low: double(row, "rank_low"), high: double(row, "rank_high"))
            })))
    }
    func table(_ caption: String, _ rows: [JSONValue]) -> ReportPage.Block { .table(plainTable(caption, rows)) }
    blocks.append(table("Shares of the variance of the mean rank shift", analysis.result.rows))
    blocks.append(.details(summary: "Ranks and scores of units", [table("Over all runs", units)]))
    blocks.append(.details(summary: "Without each part in turn", [table("Rank shifts", rows("removals"))]))
    blocks.append(.details(summary: "What each combination did", [table("Log of the runs", rows("log"))]))
    return ReportPage.Section(analysis.step.title, blocks)
  }

  // MARK: Models

  private func modelSection(_ analysis: StudyRun.Analysis) -> ReportPage.Section {
    var blocks = blocks(analysis)
    blocks.append(
      .table(
        ReportTable(
          caption: "Fixed effects", columns: ["Term", "Estimate", "Std. error", "Statistic", "p"],
          rows: analysis.result.rows.map { row in
            [
              label(text(row, "term") ?? ""), fixed(row, "estimate"), fixed(row, "std_error"),
              number(row, "statistic", 3), number(row, "p_value", 2),
            ]
          }, numeric: []
        ).aligned))
    for member in analysis.result.sections {
      switch member.value {
      case .array(let rows):
        let table = ResultTable(rows)
        blocks.append(
          .table(
            ReportTable(
              caption: TextTable.heading(member.key), columns: table.columns,
              rows: table.rows.map { $0.map(TextTable.text) }, numeric: []
            ).aligned))
      case .object(let members):
        blocks.append(
          .paragraph(
            TextTable.heading(member.key) + ": "
              + members.map { "\(TextTable.words($0.key)) \(TextTable.text($0.value))" }.joined(
                separator: "; ")))
      default: blocks.append(.paragraph("\(TextTable.heading(member.key)): \(TextTable.text(member.value))"))
      }
    }
    if let effects = analysis.randomEffects { blocks += caterpillars(effects, analysis) }
    return ReportPage.Section(analysis.step.title, blocks)
  }

  // MARK: Method

  private var methodSection: ReportPage.Section {
    var lines = [
      "Rows read: \(run.rowCount).",
      "Estimates are weighted means, totals, ratios or proportions with Taylor-linearised standard errors for the "
        + "sampling design; a domain is a subpopulation of the whole design.",
      "Results with fewer than 8 degrees of freedom are flagged: their intervals rest on few sampling units.",
      "Official ratios and policy scores carry no sampling error and receive none.",
      InterimDisclosure.statement,
    ]
    lines += run.notes.map(\.message)
    return ReportPage.Section("Method and assumptions", [.list(lines)])
  }

  // MARK: Cells

  func label(_ name: String) -> String { run.study.labels[name] ?? name }

  private func groups(_ row: JSONValue) -> [(key: String, value: String)] {
    guard case .object(let members)? = row["by"] else { return [] }
    return members.compactMap { member in
      if case .string(let level) = member.value { (member.key, level) } else { nil }
    }
  }

  private func isDifference(_ row: JSONValue) -> Bool { groups(row).last?.value.contains(" - ") ?? false }

  func text(_ row: JSONValue, _ key: String) -> String? {
    if case .string(let text)? = row[key] { text } else { nil }
  }

  private func integer(_ row: JSONValue, _ key: String) -> Int? {
    if case .integer(let value)? = row[key] { value } else { nil }
  }

  func double(_ row: JSONValue, _ key: String) -> Double? {
    switch row[key] {
    case .number(let value)?: value
    case .integer(let value)?: Double(value)
    default: nil
    }
  }

  private func number(_ row: JSONValue, _ key: String, _ digits: Int) -> String {
    guard let value = double(row, key) else {
      // A row that is withheld does not even say how many it is of.
      return row["n"] == .null ? "withheld" : "-"
    }
    return Digits.significant(value, digits)
  }

  /// A value to the decimals that its row's standard error makes worth printing: two digits of the error.
  private func fixed(_ row: JSONValue, _ key: String) -> String {
    guard let value = double(row, key), let decimals = decimals(row) else { return number(row, key, 4) }
    return Digits.fixed(value, decimals)
  }

  private func decimals(_ row: JSONValue) -> Int? {
    double(row, "std_error").flatMap { $0 > 0 ? max(0, min(10, 1 - Int(log10($0).rounded(.down)))) : nil }
  }

  private func interval(_ row: JSONValue) -> String {
    guard let low = double(row, "conf_low"), let high = double(row, "conf_high"), let decimals = decimals(row) else {
      return ""
    }
    return "[\(Digits.fixed(low, decimals)), \(Digits.fixed(high, decimals))]"
  }

  func distinct(_ names: [String]) -> [String] {
    names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

extension ReportTable {
  /// The table with every column to the right that holds numbers only.
  var aligned: ReportTable {
    var table = self
    table.numeric = Set(
      columns.indices.filter { column in
        column > 0
          && rows.allSatisfy { row in
            let cell = row[column]
            return cell.isEmpty || cell == "-" || cell == "withheld" || cell.first == "[" || Double(cell) != nil
          }
      })
    return table
  }
}
