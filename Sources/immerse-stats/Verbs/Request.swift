import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Reporting
import Streaming
import Studies

/// What other languages ask the library for, from the command line.
struct Request: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Carry out a request as other languages send it.",
    discussion: """
      EXAMPLES
        echo '{"estimate": {"kind": "mean", "variables": ["api00"]}}' > mean.json
        immerse-stats request mean.json --data apiclus1.csv
        immerse-stats request --schema

      A request is a JSON object whose one key names an analysis; the schema says what may stand in it. Columns that a \
      request adds to the rows, such as weights, go to --columns.
      """)

  @Argument(help: "A file with the request.")
  var request: String?

  @OptionGroup var data: DataOptions

  @Flag(help: "Print the JSON Schema of requests.")
  var schema = false

  @Option(help: "A data file for the columns that the request adds, where it adds any.")
  var columns: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if schema == (request != nil) { throw ValidationError("give either a file with a request or --schema") }
  }

  func run() throws {
    guard let file = request else { return try Terminal.write(AnalysisRequest.schema.text) }
    let text = Array(try Inputs.text(of: file).utf8)
    let request = try JSONValue(parsing: text, file: file).decode(AnalysisRequest.self, file: file)
    let engine = global.engine
    let outcome = try request.run(on: try data.open(global, engine), engine: engine)
    if let columns, !outcome.addedFields.isEmpty {
      _ = try DataFile.write(try outcome.addedColumns, to: columns, engine: engine, force: global.force)
    }
    try output.write(outcome.result, global)
  }
}
