import ArgumentParser
import Columnar
import Expressions
import Streaming
import Studies

/// The condition by which all verbs but `estimate` drop rows.
struct FilterOption: ParsableArguments {
  @Option(
    name: .customLong("where"),
    help: """
      A condition: other rows are dropped, and counted on standard error; groups of rows of a Parquet file that its \
      statistics rule out are not even read.
      """)
  var condition: String?

  /// The rows that meet the condition; how many did not is said when the verb has read them.
  func apply(to source: any Source, _ global: GlobalOptions, _ engine: Engine) throws(ImmerseError) -> any Source {
    guard let condition else { return source }
    let rule = CountingFilter(try FilterTransform(try Expression(parsing: condition)))
    if !global.quiet {
      Terminal.whenDone {
        Terminal.say("note: \(rule.dropped.total) of \(source.rowCount) rows were dropped by the condition")
      }
    }
    return try source.applying(rule)
  }
}

/// A filter that counts the rows it drops, however often it sees them.
private struct CountingFilter: Transform {
  private let rule: FilterTransform
  let dropped = DroppedRowCount()

  init(_ rule: FilterTransform) { self.rule = rule }

  var inputs: [ColumnRequest] { rule.inputs }
  var outputs: [Field] { rule.outputs }
  var filtersRows: Bool { rule.filtersRows }

  func dropsAll(of rows: Range<Int>, knowing bounds: KnownBounds) -> Bool {
    guard rule.dropsAll(of: rows, knowing: bounds) else { return false }
    dropped.note(rows.count, ofChunk: rows.lowerBound / chunkRows)
    return true
  }

  func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let kept = try rule.apply(to: batch)
    dropped.note(batch.rowCount - kept.rowCount, ofChunk: batch.firstRow / chunkRows)
    return kept
  }
}
