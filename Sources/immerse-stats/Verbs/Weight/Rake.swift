import ArgumentParser
import ImmerseStats

extension Weight {
  struct Rake: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Rake weights to known totals of several categorical variables.",
      discussion: """
        EXAMPLES
          immerse-stats weight rake --data apiclus1.csv --weights pw --margins margins.csv --out weighted.csv
          immerse-stats weight rake --data children.csv --margins margins.yaml --by country --name raked --out w.arrow

        The margins have the columns variable, category and total, and domain where --by names the column that holds it; \
        a joint margin joins its variables and its categories with colons. All input columns are written, and the weights \
        after them. A summary by margin goes to standard output, or to standard error where the data go there. Where no \
        weights meet the margins, the message names the nearest totals that can be met.
        """)

    @OptionGroup var options: MarginOptions

    func run() throws {
      try options.run {
        .rake(RakeRequest(weights: options.weights, margins: $0, by: options.by, output: options.output.name))
      }
    }
  }
}
