import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Studies

/// A codebook that says what a data file does not.
struct CodebookOption: ParsableArguments {
  @Option(help: "A codebook (YAML) with labels and missing codes, as inspect --codebook writes it.")
  var codebook: String?

  /// The options with what the codebook says.
  func apply(to options: DataFile.Options) throws(ImmerseError) -> DataFile.Options {
    guard let codebook else { return options }
    var options = options
    options.codebook = try InputFiles().codebook(codebook).metadata
    return options
  }
}
