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
        immerse-stats inspect STU.sav --weights W_FSTUWT
        immerse-stats inspect STU.sav --codebook --out codebook.yaml
        immerse-stats inspect STU.sav --ddi --out codebook.xml
        immerse-stats inspect ireland.sav italy.sav --join sites.csv:site --codebook

      No single child's value is shown: low and high are the tenth smallest and the tenth largest value, between which the \
      histogram runs; of text columns only the number of different values is shown.
      """)

  @Argument(help: ArgumentHelp("The file, or several whose rows are appended; - is standard input.", valueName: "file"))
  var files: [String]

  @Option(help: "A column of weights, for weighted means, standard deviations and histograms.")
  var weights: String?

  @Flag(
    help: "Write the codebook instead: labels, values and missing codes, as YAML that --codebook of other verbs reads.")
  var codebook = false

  @Flag(help: "Write the codebook as DDI-Codebook 2.5 XML.")
  var ddi = false

  @OptionGroup var rows: RowsOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if codebook && ddi { throw ValidationError("--codebook and --ddi are two forms of one file; name one") }
  }

  func run() throws {
    let engine = global.engine
    let source = try rows.open(files, nil, global, engine)
    guard codebook || ddi else {
      return try output.write(try Inspection.inspect(source, weights: weights, engine: engine), global)
    }
    let book = try Codebook(of: source)
    let text = ddi ? book.ddi(rows: rows.reshape.dropMissing ? nil : source.rowCount) : book.yaml
    try OutputFile.write(Array(text.utf8), to: output.out ?? "-", force: global.force)
  }
}
