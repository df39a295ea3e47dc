import ImmerseStats
import Reporting
import SurveyStatistics

/// What was done to the weights.
extension StudyReport {
  func weightingSection(_ steps: [AnalysisResult]) -> ReportPage.Section {
    var blocks = steps.flatMap(weightingBlocks)
    if !run.notes.contains(where: { $0.code == "weights_taken_as_fixed" }) {
      blocks.insert(.paragraph("The standard errors of estimates take the making of the weights into account."), at: 0)
    }
    if let diagnosis = run.diagnosis { blocks += diagnosisBlocks(diagnosis) }
    return ReportPage.Section("Weights", blocks)
  }

  /// The picture of g, and how far means of what the steps know of the rows moved.
  private func diagnosisBlocks(_ diagnosis: DiagnosisResult) -> [ReportPage.Block] {
    guard let row = diagnosis.rows.first else { return [] }
    var blocks = [
      ReportPage.Block.paragraph(
        "Unequal weights cost what a design effect of \(Digits.significant(row.kishEffect, 3)) costs: the sample counts as "
          + "\(Digits.significant(row.effectiveCount, 3)) equally weighted rows.")
    ]
    if let last = row.factors.last, row.factors.count > 1 {
      blocks.append(
        .bars(
          BarPlot(
            title: "How the weights changed: rows by g, the weight over the starting weight",
            axis: "g, on a scale of equal ratios",
            bars: row.factors.map { BarPlot.Bar(label: Digits.significant($0.from, 3), value: Double($0.count)) },
            end: Digits.significant(last.to, 3))))
    }
    if !diagnosis.balance.isEmpty {
      let table = ReportTable(
        caption: "Distance of means from the mean of all rows under the starting weights, in standard deviations",
        columns: ["Variable", "Mean", "Before", "After"],
        rows: diagnosis.balance.map { row in
          [label(row.term), Digits.significant(row.reference, 4)]
            + [row.before, row.after].map { $0.map { Digits.fixed($0, 3) } ?? "-" }
        }, numeric: [])
      blocks.append(.details(summary: "Standardised mean differences", [.table(table.aligned)]))
    }
    return blocks
  }

  private func weightingBlocks(_ result: AnalysisResult) -> [ReportPage.Block] {
    let weights = result.sections.first { $0.key == "weights" }?.value
    let range = [weights?["g_min"] ?? weights?["factor_min"], weights?["g_max"] ?? weights?["factor_max"]].map {
      $0.map(TextTable.text) ?? "-"
    }
    let table = ResultTable(result.rows)
    let meetsTotals = weights?["g_min"] != nil
    let text =
      meetsTotals
      ? "The weights were calibrated (\(result.analysis)) to the population totals below; calibrated over starting weight "
        + "ranges from \(range[0]) to \(range[1])."
      : result.analysis == "weight.trim"
        ? "Weights outside the bounds were trimmed, their sum kept."
        : "The weights of respondents stand for those who did not respond; the factors range from \(range[0]) to "
          + "\(range[1])."
    return [
      .paragraph(text),
      .details(
        summary: meetsTotals ? "Margins" : "What it did",
        [
          .table(
            ReportTable(
              caption: meetsTotals ? "Weighted totals before and after" : TextTable.heading(result.analysis),
              columns: table.columns, rows: table.rows.map { $0.map(TextTable.text) }, numeric: []
            ).aligned)
        ]),
    ]
  }
}
