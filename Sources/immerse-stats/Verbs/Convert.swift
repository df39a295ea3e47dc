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
        immerse-stats convert ireland.sav italy.sav greece.dta countries.arrow

        immerse-stats convert STU.sav students.arrow
        immerse-stats convert students.arrow - --format arrow | other-program
        immerse-stats convert STU.sav students.dta --join SCH.sav:CNTSCHID
        immerse-stats convert panel.csv long.arrow --long score=math1-math4 --long mood=mood1-mood4 --index wave --id child

      Read: .csv .tsv (also .gz and .zst), .arrow .feather .ipc, .parquet, .sav .zsav .por, .dta, .sas7bdat .xpt. Written: \
      .csv .tsv, .arrow (.arrows a stream), .sav .zsav, .dta. - is standard input or output. What of labels and missing \
      codes a format cannot hold is said on standard error.
      """)

  @Argument(
    help: ArgumentHelp(
      "The file to read, or several whose rows are appended, and last the file to write.", valueName: "file"))
  var files: [String]

  @Option(help: "The format to write, by its extension; by default that of the file, and CSV on standard output.")
  var format: String?

  @Option(
    help: "zstd or lz4: how an Arrow file is compressed; by default not at all, so that it can be read without a copy.",
    transform: { (name: String) throws(ImmerseError) in try ArrowCodec.named(name) })
  var compression: ArrowCodec?

  @OptionGroup var rows: RowsOptions
  @OptionGroup var codebook: CodebookOption
  @OptionGroup var filter: FilterOption

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard files.count > 1 else { throw ValidationError("name the file to write after those to read") }
  }

  func run() throws {
    let engine = global.engine
    let output = files[files.count - 1]
    let rows = try rows.open(Array(files.dropLast()), codebook, global, engine)
    let source = try filter.apply(to: rows, global, engine)
    let format = try format.map { name throws(ImmerseError) in try FileFormat.named(name, on: output) }
    Terminal.say(
      try DataFile.write(source, to: output, as: format, codec: compression, engine: engine, force: global.force),
      global)
  }
}
