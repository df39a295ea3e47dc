import ArgumentParser
import Columnar
import ImmerseStats
import Studies

extension Weight {
  struct Trim: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Cut weights off at bounds and keep their sum, or all totals they meet.",
      discussion: """
        EXAMPLES
          immerse-stats weight trim --data weighted.csv --weights weight --lower 20 --upper 45 --name trimmed --out w.csv
          immerse-stats weight trim --data weighted.csv --weights weight --upper 45 --strict --name trimmed --out w.csv
          immerse-stats weight trim --data weighted.csv --weights weight --lower 20 --upper 45 --margins totals.csv \\
            --name trimmed --out w.csv

        Weights outside the bounds go to the bounds, and what was cut off is spread evenly over the others, of which some \
        may thereby end outside; --strict repeats until none does. With --margins the totals are kept instead: the \
        weights between the bounds that are nearest to the given ones and meet the margins.
        """)

    @OptionGroup var data: DataOptions

    @Option(help: "The column of weights to trim.")
    var weights: String

    @Option(help: "The smallest weight.")
    var lower: Double?

    @Option(help: "The largest weight.")
    var upper: Double?

    @Flag(help: "No weight may end outside the bounds.")
    var strict = false

    @Option(help: "A CSV or YAML file of population totals that the trimmed weights shall meet.")
    var margins: String?

    @Option(help: "The column that holds the margins' domains.")
    var by: String?

    @OptionGroup var output: WeightOutput

    func run() throws {
      let source = try output.open(data)
      guard let margins else {
        return try output.run(
          .trim(
            TrimRequest(weights: weights, lower: lower, upper: upper, strict: strict, output: output.name)), on: source)
      }
      guard lower != nil || upper != nil else {
        throw ImmerseError(.usage, "no bound to trim at", remedy: "give --lower, --upper or both")
      }
      let request = CalibrationRequest(
        weights: weights, margins: try InputFiles().margins(margins),
        weightBounds: [lower ?? 0, upper ?? .greatestFiniteMagnitude], by: by, output: output.name)
      try output.run(.totals(.calibrate(request)), on: source)
    }
  }
}
