import ArgumentParser
import ImmerseStats

extension Weight {
  struct Poststratify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Post-stratify weights to the known counts of one classification.",
      discussion: """
        EXAMPLES
          immerse-stats weight poststratify --data apiclus1.csv --weights pw --margins types.csv --out weighted.csv
          immerse-stats weight poststratify --data children.csv --margins cells.csv --by country --out weighted.csv

        The margins give the totals of the categories of one variable, or of the combinations of several joined by colons \
        (stype:sch.wide, E:Yes). Every weight is multiplied by the total of its category over the sum of its weights.
        """)

    @OptionGroup var options: MarginOptions

    func run() throws {
      try options.run {
        .poststratify(RakeRequest(weights: options.weights, margins: $0, by: options.by, output: options.output.name))
      }
    }
  }
}
