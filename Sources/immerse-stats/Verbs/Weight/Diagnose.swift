import ArgumentParser
import ImmerseStats

extension Weight {
  struct Diagnose: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Look at weights: their spread, what they cost and what they balance.",
      discussion: """
        EXAMPLES
          immerse-stats weight diagnose --data weighted.csv --weights weight
          immerse-stats weight diagnose --data weighted.csv --weights weight --base pw --balance api99,stype --by sch.wide

        kish_deff is 1 + CV², the loss from unequal weights alone, effective_n the sample size it leaves; g is the weight \
        over the base weight, of which a histogram is drawn. Balance is the distance of a mean from the base-weighted mean of all rows, in standard \
        deviations: with the base weights of the rows whose weight is not zero (before), and with the weights (after).
        """)

    @OptionGroup var data: DataOptions

    @Option(help: "The column of weights.")
    var weights: String

    @Option(help: "The column of weights they were made from; without it every row started at 1.")
    var base: String?

    @Option(help: "Columns whose balance is compared, separated by commas.")
    var balance: String?

    @Option(help: "Columns whose combinations are looked at apart, separated by commas.")
    var by: String?

    @OptionGroup var filter: FilterOption
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func run() throws {
      let engine = global.engine
      let source = try filter.apply(to: try data.open(global, engine), global, engine)
      var result = try Diagnosis.run(
        DiagnosisRequest(weights: weights, base: base, variables: balance.names, by: by.names), on: source,
        engine: engine
      ).analysis
      result.provenance = Provenance.current
      try output.write(result, global)
    }
  }
}
