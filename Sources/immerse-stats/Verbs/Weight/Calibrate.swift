public import ArgumentParser
import Columnar
import ImmerseStats

extension Weight {
  struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Calibrate weights to known totals of categories and numbers.",
      discussion: """
        EXAMPLES
          immerse-stats weight calibrate --data apiclus1.csv --weights pw --margins totals.csv --out weighted.csv
          immerse-stats weight calibrate --data apiclus1.csv --weights pw --margins totals.csv --method logit \\
            --bounds 0.5,2 --out weighted.csv
          immerse-stats weight calibrate --data apiclus1.csv --weights pw --margins totals.csv --weight-bounds 20,45 \\
            --out weighted.csv

        The margins are those of rake; a margin with an empty category gives the total of a number (api99,,3914069), also \
        inside a category (stype:api99,E:,2799206), and (Intercept) the size of the population. linear is the \
        generalised regression estimator; raking keeps weights positive; logit keeps g, the calibrated over the starting \
        weight, between --bounds; truncated, or linear and raking with --bounds, cut it off there. Where no weights meet \
        the margins, the message names the nearest totals that can be met.
        """)

    @OptionGroup var options: MarginOptions

    @Option(help: "The distance: linear, raking, logit or truncated.")
    var method: CalibrationMethod = .linear

    @Option(help: "Lower and upper bound of g, such as 0.5,2.", transform: Bounds.parse)
    var bounds: [Double]?

    @Option(help: "Lower and upper bound of the weights themselves, such as 20,45.", transform: Bounds.parse)
    var weightBounds: [Double]?

    @Option(help: "A column of clusters, such as schools, of which all rows shall have the same g.")
    var cluster: String?

    func run() throws {
      try options.run {
        .calibrate(
          CalibrationRequest(
            weights: options.weights, margins: $0, method: method, bounds: bounds, weightBounds: weightBounds,
            by: options.by, cluster: cluster, output: options.output.name))
      }
    }
  }
}

extension CalibrationMethod: ExpressibleByArgument {}

/// Two numbers with a comma between them.
enum Bounds {
  static func parse(_ text: String) throws -> [Double] {
    let numbers = text.split(separator: ",").map { NumberText.number($0.trimmed) }
    guard numbers.count == 2, let lower = numbers[0], let upper = numbers[1], lower < upper else {
      throw ValidationError("\"\(text)\" is not a lower and an upper bound; write them as 0.5,2")
    }
    return [lower, upper]
  }
}
