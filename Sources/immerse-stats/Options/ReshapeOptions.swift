import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Streaming
import Studies

/// Rows made of columns.
struct ReshapeOptions: ParsableArguments {
  @Option(
    name: .customLong("long"),
    help: """
      Columns that become one, with a row for each, as score=math1-math4, score=pre,post, or math for math1, math2 and \
      so on; may be repeated, for several variables of the same rows.
      """, transform: { (text: String) throws(ImmerseError) in try Reshape.Variable(parsing: text) })
  var variables: [Reshape.Variable] = []

  @Option(help: "With --long: what the column is called that tells these rows apart (default: wave).")
  var index: String?

  @Option(help: "With --long: columns that name each row of the file once, separated by commas; checked.")
  var id: String?

  @Flag(help: "With --long: leave out rows in which every variable is missing; they are kept otherwise.")
  var dropMissing = false

  func validate() throws {
    if variables.isEmpty && (index != nil || id != nil || dropMissing) {
      throw ValidationError("--index, --id and --drop-missing say how --long makes rows of columns; name its columns")
    }
  }

  /// The long form of the rows, where one is asked for; how many rows it leaves out is said when the verb has read them.
  func apply(
    to source: any RandomAccessSource, _ global: GlobalOptions, _ engine: Engine
  ) throws(ImmerseError) -> any Source {
    if variables.isEmpty { return source }
    let reshape = Reshape(variables, index: index ?? "wave", id: id.names, dropsMissing: dropMissing)
    let long = try LongSource(source, reshape, engine: engine)
    Terminal.say(InputNotes.contradictions(in: long), global)
    if dropMissing && !global.quiet {
      Terminal.whenDone {
        Terminal.say("note: \(long.dropped.total) of \(long.rowCount) rows had no value and were left out")
      }
    }
    return long
  }
}
