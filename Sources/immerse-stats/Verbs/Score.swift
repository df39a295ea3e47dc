import ArgumentParser
import Columnar
import CompositeIndicators
import ImmerseStats
import Streaming
import Studies

struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score units by a framework of indicators, or children on a scale of items.",
    discussion: """
      EXAMPLES
        immerse-stats score --framework framework.yaml --data countries.csv
        immerse-stats score --framework imeta.csv --data idata.csv --unit uCode --normalise minmax --aggregate geometric
        immerse-stats score --scale belonging.yaml --data children.csv --weights weight --by country --out scored.csv
        immerse-stats score --calibrate items.yaml --data children.csv --weights weight --by country --out belonging.yaml

      The framework is a YAML file or a COINr iMeta table. Settings given here override those of the framework. minmax \
      scales to 0-100, zscore to mean 0 and SD 1 (divisor n-1), both after direction; rank 1 is the highest score.

      With --scale, items with the parameters of a (generalised) partial credit model become a score of each row and its \
      standard error, which are added to all columns of the data in --out. Means and reliability go to standard output. --calibrate estimates such parameters by marginal maximum likelihood, \
      with the misfit (RMSD) of each item in each group; "free_above: 0.1" in its file gives misfitting items parameters \
      of their own there.
      """)

  @Option(help: "A framework as YAML, or a COINr iMeta table as CSV.")
  var framework: String?

  @Option(help: "A scale of items with their parameters, as YAML.")
  var scale: String?

  @Option(help: "Items whose parameters are to be estimated, as YAML; the scale is written to --out.")
  var calibrate: String?

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

  @Flag(
    help: """
      Also how the terms are distributed and hang together: statistics, correlations, alpha, principal components, each \
      part's share of an aggregate's variance, and every unit's strengths and weaknesses.
      """)
  var analyse = false

  @Option(help: "Columns of standard errors, as indicator=column, separated by commas.")
  var stdErrors: String?

  @Option(
    help: """
      A table of replicate estimates with the columns of the unit, "replicate" and the indicators, as FILE:METHOD; the \
      method is brr, fay=COEFFICIENT, jk1, jk2, bootstrap, sdr or pv (plausible values). May be repeated: variances add up.
      """)
  var replicateEstimates: [String] = []

  @Option(help: "With --scale or --calibrate: the column of weights.")
  var weights: String?

  @Option(help: "With --scale or --calibrate: the column of groups, such as countries.")
  var by: String?

  @Flag(help: "With --scale: bring scores to mean 0 and SD 1 over the groups of --by, each counted equally.")
  var standardise = false

  @OptionGroup var filter: FilterOption

  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard [framework, scale, calibrate].count(where: { $0 != nil }) == 1 else {
      throw ValidationError("Give one of --framework, --scale and --calibrate")
    }
    guard framework != nil || [unit, impute, treat, normalise, aggregate, stdErrors].allSatisfy({ $0 == nil }) else {
      throw ValidationError("Settings of a framework go with --framework")
    }
    guard framework != nil || !analyse && replicateEstimates.isEmpty else {
      throw ValidationError("--analyse and --replicate-estimates go with --framework")
    }
    guard framework == nil || [weights, by].allSatisfy({ $0 == nil }) else {
      throw ValidationError("--weights and --by go with --scale or --calibrate")
    }
    guard scale != nil || !standardise else { throw ValidationError("--standardise goes with --scale") }
  }

  func run() throws {
    let engine = global.engine
    let source = try filter.apply(to: try data.open(global, engine), global, engine)
    if let framework {
      try score(by: try Inputs.framework(framework), source, engine)
    } else if let scale {
      try score(on: try Inputs.scale(scale), source, engine)
    } else if let calibrate {
      try estimateItems(try Inputs.calibration(calibrate), source, engine)
    }
  }

  private func score(by framework: Framework, _ source: any Source, _ engine: Engine) throws {
    let method = ScoreMethod(
      impute: try Inputs.setting("--impute", impute), treat: try Inputs.setting("--treat", treat),
      normalise: try Inputs.setting("--normalise", normalise), aggregate: try Inputs.setting("--aggregate", aggregate),
      availabilityThreshold: availability)
    let request = ScoreRequest(
      framework, unit: unit, method: method, standardErrors: try Inputs.standardErrors(stdErrors.names))
    let replicates = try Inputs.replicates(replicateEstimates)
    let scores =
      replicates.isEmpty
      ? try CompositeIndicators.score(request, source: source, engine: engine)
      : try CompositeIndicators.score(request, source: source, replicates: replicates, engine: engine)
    var result = scores.analysis
    if analyse { result.sections += try ScoreAnalysis(of: scores).sections }
    result.provenance = Provenance.current
    try output.write(result, global)
  }
}
