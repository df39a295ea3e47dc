import ArgumentParser
import Columnar
import DataFormats
import Foundation
import ImmerseStats
import Studies

struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score units by a framework of indicators.",
    discussion: """
      EXAMPLES
        immerse-stats score --framework framework.yaml --data countries.csv
        immerse-stats score --framework imeta.csv --data idata.csv --unit uCode --normalise minmax --aggregate geometric

      The framework is a YAML file or a COINr iMeta table. Settings given here override those of the framework. minmax \
      scales to 0-100, zscore to mean 0 and SD 1 (divisor n-1), both after direction; rank 1 is the highest score.
      """)

  @Option(help: "A framework as YAML, or a COINr iMeta table as CSV.")
  var framework: String

  @OptionGroup var data: DataOptions

  @Option(help: "The column that names the units; by default the first.")
  var unit: String?

  @Option(help: "none, mean, median, group-mean:COLUMN or group-median:COLUMN.")
  var impute: String?

  @Option(help: "none or winsorise.")
  var treat: String?

  @Option(help: "none, minmax, zscore, scaled, rank, borda, ...")
  var normalise: String?

  @Option(help: "arithmetic, geometric, harmonic, median, ...; several, separated by commas, one a level from the lowest.")
  var aggregate: String?

  @Option(help: "The smallest share of an aggregate's parts that must have a value, 0 to 1.")
  var availability: Double?

  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    print(framework)
  }
}
