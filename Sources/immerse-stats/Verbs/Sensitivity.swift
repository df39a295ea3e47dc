public import ArgumentParser
import Columnar
import CompositeIndicators
import ImmerseStats
import Studies

struct Sensitivity: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How much the ranks of an index depend on the choices behind it.",
    discussion: """
      EXAMPLES
        immerse-stats sensitivity --framework framework.yaml --data countries.csv
        immerse-stats sensitivity --framework imeta.csv --data idata.csv --unit uCode --weights 0.25 --draws 10000 \\
          --normalise '[{method: minmax, lower: 1, upper: 100}, {method: zscore, mean: 10, sd: 2}]' \\
          --aggregate '[arithmetic, geometric]'
        immerse-stats sensitivity --framework framework.yaml --data countries.csv --std-errors belonging=belonging_se \\
          --rows units --format csv

      Every combination of the alternatives is run under every draw of the weights and, where standard errors are given, \
      under every draw of the indicators. Of the mean absolute shift of ranks it gives first and total order Sobol' \
      indices: exact ones, unless --design sobol asks for a random sample of the combinations. For each unit it gives \
      intervals of rank and score; for each part of the index what its removal does; and a log of what each combination \
      did. What is not given here is taken from "sensitivity:" in the framework; without any, weights vary by a quarter.
      """)

  @Option(help: "A framework as YAML, or a COINr iMeta table as CSV.")
  var framework: String

  @OptionGroup var data: DataOptions

  @Option(help: "The column that names the units; by default the first.")
  var unit: String?

  @Option(help: "The aggregate whose ranks are looked at; by default the first of the highest level.")
  var term: String?

  @Option(help: "Alternatives of imputation, as '[none, {method: mean, group: region}]'.")
  var impute: String?

  @Option(help: "Alternatives of treatment, as '[none, winsorise]'.")
  var treat: String?

  @Option(help: "Alternatives of normalisation, as '[minmax, zscore]'.")
  var normalise: String?

  @Option(help: "Alternatives of aggregation, as '[arithmetic, geometric]', or lists with one method for each level.")
  var aggregate: String?

  @Option(
    help: """
      Multiply weights by uniform numbers within this distance of 1, as 0.25, or '{noise: 0.25, levels: [2, 3]}'; with \
      each: true every weight is a factor of its own in the design sobol.
      """)
  var weights: String?

  @Option(help: "Draws of the weights (1000).")
  var draws: Int?

  @OptionGroup var sampling: SamplingErrorOptions

  @Option(help: "Draws of the indicators from their sampling distribution (100); 0 leaves sampling error out.")
  var samplingDraws: Int?

  @Option(help: "factorial or sobol.")
  var design: SensitivityPlan.Design?

  @Option(help: "Rows of each base sample of the design sobol (1024).")
  var sobolRows: Int?

  @Option(help: "The level of the intervals of ranks and scores.")
  var level = 0.95

  @Option(help: "Which table comes first, and alone in CSV: factors, units, removals or log.")
  var rows: SensitivityResult.Rows = .factors

  @OptionGroup var filter: FilterOption

  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let engine = global.engine
    let plan = SensitivityPlan(
      term: term, impute: try list("impute", impute), treat: try list("treat", treat),
      normalise: try list("normalise", normalise), aggregate: try list("aggregate", aggregate),
      weights: try Inputs.setting("--weights", weights), draws: draws, samplingDraws: samplingDraws, design: design,
      sobolRows: sobolRows)
    let score = ScoreRequest(
      try InputFiles().framework(framework), unit: unit,
      standardErrors: try Inputs.standardErrors(sampling.stdErrors.names),
      confidenceLevel: level)
    let source = try filter.apply(to: try data.open(global, engine), global, engine)
    let request = SensitivityRequest(score, plan: plan, seed: global.seed)
    var result = try CompositeIndicators.sensitivity(
      request, source: source, replicates: try Inputs.replicates(sampling.replicateEstimates), engine: engine
    ).analysis(rows: rows)
    result.provenance = Provenance.current
    try output.write(result, global)
  }

  private func list<T: Decodable>(_ name: String, _ text: String?) throws(ImmerseError) -> [T]? {
    try Inputs.setting("--\(name)", text)
  }
}

extension SensitivityPlan.Design: ExpressibleByArgument {}
extension SensitivityResult.Rows: ExpressibleByArgument {}
