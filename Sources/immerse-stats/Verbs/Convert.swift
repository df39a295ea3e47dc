import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Streaming
import Studies

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a data file in another format.",
    discussion: """
      EXAMPLES
        immerse-stats convert children.csv children.arrow
        immerse-stats convert pisa.arrow - --where 'country == "IE"'

      The formats follow from the extensions: .csv, .csv.gz (reading), .tsv, .arrow, .feather; - is CSV on standard \
      input or output.
      """)

  @Argument(help: "The file to read.")
  var input: String

  @Argument(help: "The file to write.")
  var output: String

  @OptionGroup var dialect: DialectOptions
  @OptionGroup var codebook: CodebookOption
  @OptionGroup var filter: FilterOption

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let engine = global.engine
    let rows = try DataFile.open(input, options: try codebook.apply(to: dialect.options))
    let source = try filter.apply(to: rows, global, engine)
    Terminal.say(try DataFile.write(source, to: output, engine: engine, force: global.force), global)
  }
}
