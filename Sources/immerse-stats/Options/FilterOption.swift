import ArgumentParser
import Columnar
import Expressions
import Streaming
import Studies

/// The condition by which all verbs but `estimate` drop rows.
struct FilterOption: ParsableArguments {
  @Option(name: .customLong("where"), help: "A condition: other rows are dropped, and counted on standard error.")
  var condition: String?

  func apply(to source: any Source, _ global: GlobalOptions, _ engine: Engine) throws(ImmerseError) -> any Source {
    guard let condition else { return source }
    let filtered = try source.filtered(by: condition)
    if !global.quiet {
      let columns = try Expression(parsing: condition).columnRequests
      let dropped = try Dataset(filtered, columns: columns, engine: engine).profile.droppedRowCount
      Terminal.say("note: \(dropped) of \(source.rowCount) rows were dropped by the condition")
    }
    return filtered
  }
}
