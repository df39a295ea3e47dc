import Foundation
import ImmerseStats
import Reporting

extension StudyReport {
  /// A picture for each effect of each factor with up to 100 groups: the predictions in order, with intervals that do not
  /// overlap where two groups differ at the 5 % level.
  func caterpillars(_ effects: AnalysisResult, _ analysis: StudyRun.Analysis) -> [ReportPage.Block] {
    var blocks: [ReportPage.Block] = []
    let keys = distinct(
      effects.rows.compactMap { row in
        text(row, "group").flatMap { group in text(row, "term").map { "\(group)\u{0}\($0)" } }
      })
    for key in keys {
      let names = key.split(separator: "\u{0}").map(String.init)
      let rows = effects.rows.filter { text($0, "group") == names[0] && text($0, "term") == names[1] }
        .sorted { (double($0, "estimate") ?? 0) > (double($1, "estimate") ?? 0) }
      guard (2...100).contains(rows.count) else { continue }
      let plot = IntervalPlot(
        title: "\(label(names[0])): \(label(names[1]))",
        axis: "Predicted effect, with 1.39 standard errors to each side: two groups differ where these do not overlap",
        rows: rows.map {
          IntervalPlot.Row(
            label: text($0, "unit") ?? "", estimate: double($0, "estimate"), low: double($0, "comparison_low"),
            high: double($0, "comparison_high"))
        })
      blocks.append(.chart(plot))
    }
    return blocks
  }
}
