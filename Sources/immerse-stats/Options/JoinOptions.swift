import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Streaming
import Studies

/// Tables attached to the rows.
struct JoinOptions: ParsableArguments {
  @Option(help: "A table to attach many-to-one, in any format, as FILE:KEY; may be repeated.")
  var join: [String] = []

  /// The rows with the tables attached; how well the keys met is said on standard error.
  func apply(to rows: any Source, _ global: GlobalOptions, _ engine: Engine) throws(ImmerseError) -> any Source {
    var joins: [TableJoin] = []
    for text in join { joins.append(try TableJoin(option: text)) }
    let tables = try InputFiles().tables(joins, to: rows, engine: engine)
    if tables.isEmpty { return rows }
    Terminal.say(try InputNotes.check(tables, of: rows, engine: engine), global)
    return try rows.joining(tables)
  }
}
