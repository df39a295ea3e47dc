import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Streaming
import Studies

/// How the rows of files become the rows of a table.
struct RowsOptions: ParsableArguments {
  @OptionGroup var joins: JoinOptions
  @OptionGroup var dialect: DialectOptions
  @OptionGroup var reshape: ReshapeOptions

  /// The rows of the files one after the other, reshaped, with the tables attached. What the files say differently and how
  /// well the keys met is said on standard error.
  func open(
    _ files: [String], _ codebook: CodebookOption?, _ global: GlobalOptions, _ engine: Engine
  ) throws(ImmerseError) -> any Source {
    let files = try DataFile.open(files, options: try codebook?.apply(to: dialect.options) ?? dialect.options)
    Terminal.say(InputNotes.contradictions(in: files), global)
    let rows = try reshape.apply(to: files, global, engine)
    return try joins.apply(to: rows, global, engine)
  }
}
