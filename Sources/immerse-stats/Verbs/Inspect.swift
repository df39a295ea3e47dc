import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Reporting
import Streaming
import Studies

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a data file holds, column by column.",
    discussion: """
      EXAMPLES
        immerse-stats inspect children.csv
        immerse-stats inspect pisa.arrow --format json

      Of text columns only the number of different values is shown, never the values themselves.
      """)

  @Argument(help: "The file, or - for standard input.")
  var file: String

  @OptionGroup var dialect: DialectOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try output.write(
      try Inspection.inspect(try DataFile.open(file, options: dialect.options), engine: global.engine), global)
  }
}
