public import ArgumentParser
import Columnar
import ImmerseStats
import Studies

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
          immerse-stats weight calibrate --data apiclus1.csv --weights pw --margins totals.csv --method sinh \\
            --cost 0.01 --out weighted.csv

        The margins are those of rake; a margin with an empty category gives the total of a number (api99,,3914069), also \
        inside a category (stype:api99,E:,2799206), and (Intercept) the size of the population. linear is the \
        generalised regression estimator; raking keeps weights positive; logit keeps g, the calibrated over the starting \
        weight, between --bounds; truncated, or another method with bounds, cuts it off there; sinh is positive and slower than \
        raking to let a g grow. Where no weights meet the margins, the message names the nearest totals that can be met.

        A margin with a cost (a column of the margins, or --cost for all others) may be missed: the weights minimise their \
        distance and half the cost times the square of each miss. Totals that were estimated have their standard error \
        in the column std_error, or their covariance in --covariance, and standard errors of estimates know of it.
        """)

    @OptionGroup var options: MarginOptions

    @Option(help: "The distance: linear, raking, logit, truncated or sinh.")
    var method: CalibrationMethod = .linear

    @Option(help: "Lower and upper bound of g, such as 0.5,2.", transform: Bounds.parse)
    var bounds: [Double]?

    @Option(help: "Lower and upper bound of the weights themselves, such as 20,45.", transform: Bounds.parse)
    var weightBounds: [Double]?

    @Option(help: "The columns of the lower and upper bound of each row's own g, such as low,high.")
    var unitBounds: String?

    @Option(help: "The cost of the square of a miss, for margins without a cost of their own.")
    var cost: Double?

    @Option(
      help: "A CSV file of the covariance of estimated totals: a row and a column for each margin, in their order.")
    var covariance: String?

    @Option(help: "A column of clusters, such as schools, of which all rows shall have the same g.")
    var cluster: String?

    func run() throws {
      let covariance = try covariance.map(InputFiles().squareTable) ?? []
      try options.run {
        .calibrate(
          CalibrationRequest(
            weights: options.weights, margins: $0, method: method, bounds: bounds, weightBounds: weightBounds,
            unitBounds: unitBounds.names, cost: cost, covariance: covariance, by: options.by, cluster: cluster,
            output: options.output.name))
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
