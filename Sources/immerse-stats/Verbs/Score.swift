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

  @Option(help: "none, mean or median, or with settings as '{method: median, group: country}'.")
  var impute: String?

  @Option(help: "none or winsorise, or with settings as '{method: winsorise, winmax: 3}'.")
  var treat: String?

  @Option(
    help: """
      none, minmax, zscore, rank, borda, percentile_rank, distance_to_max, distance_to_target, fraction_of_max or \
      goalposts, or with settings as '{method: minmax, lower: 1, upper: 100}', '{method: scaled, lower: 0, upper: 10}' \
      or '{method: distance_to_reference, reference: IE}'.
      """)
  var normalise: String?

  @Option(
    help: """
      arithmetic, geometric, harmonic or median, with settings as '[{method: power, exponent: 0.5}]', or one for each \
      level as '[arithmetic, geometric]'.
      """)
  var aggregate: String?

  @Option(help: "The smallest share of an aggregate's parts that must have a value, 0 to 1.")
  var availability: Double?

  @OptionGroup var filter: FilterOption

  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let engine = global.engine
    let method = ScoreMethod(
      impute: try setting("impute", impute), treat: try setting("treat", treat),
      normalise: try setting("normalise", normalise), aggregate: try setting("aggregate", aggregate),
      availabilityThreshold: availability)
    let request = ScoreRequest(try Inputs.framework(framework), unit: unit, method: method)
    let source = try filter.apply(to: try data.open(global, engine), global, engine)
    var result = try CompositeIndicators.score(request, source: source, engine: engine).analysis
    result.provenance = Provenance.current
    try output.write(result, global)
  }

  /// A setting as the framework file would write it.
  private func setting<T: Decodable>(_ name: String, _ text: String?) throws(ImmerseError) -> T? {
    guard let text else { return nil }
    do {
      return try StrictYAML.decode(T.self, from: text, file: "--\(name)")
    } catch {
      var usage = error
      usage.kind = .usage
      throw usage
    }
  }
}
