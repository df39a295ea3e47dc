import ArgumentParser
import Columnar
import CompositeIndicators
import DataFormats
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
        immerse-stats score --framework framework.yaml --data countries.csv --weigh '{method: pca, convention: rotated}'
        immerse-stats score --framework framework.yaml --data panel.csv --period year --reference 2018
        immerse-stats score --framework framework.yaml --data 2024.csv --save model.json
        immerse-stats score --apply model.json --data 2025.csv
        immerse-stats score --framework framework.yaml --data countries.csv --check
        immerse-stats score --scale belonging.yaml --data children.csv --weights weight --by country --out scored.csv
        immerse-stats score --calibrate items.yaml --data children.csv --weights weight --by country --out belonging.yaml

      The framework is a YAML file or a COINr iMeta table. Settings given here override those of the framework. minmax \
      scales to 0-100, zscore to mean 0 and SD 1 (divisor n-1), both after direction; rank 1 is the highest score. A \
      saved model scores other units on the same scale, with the same cut-offs and weights.

      With --scale, items with the parameters of a (generalised) partial credit model become a score of each row and its \
      standard error, which are added to all columns of the data in --out. Means and reliability go to standard output. \
      --calibrate estimates such parameters by marginal maximum likelihood, with the misfit (RMSD) of each item in each group; "free_above: 0.1" in its file gives misfitting items parameters \
      of their own there.
      """)

  @Option(help: "A framework as YAML, or a COINr iMeta table as CSV.")
  var framework: String?

  @Option(help: "A scale of items with their parameters, as YAML.")
  var scale: String?

  @Option(help: "Items whose parameters are to be estimated, as YAML; the scale is written to --out.")
  var calibrate: String?

  @Option(help: "A model that --save wrote, in place of a framework: nothing is fitted.")
  var apply: String?

  @Option(help: "A file for the model: imputed values, cut-offs, scales and weights as fitted.")
  var save: String?

  @Flag(
    help: "Check the framework against itself and the data, and score nothing; exit code 2 where it cannot be used.")
  var check = false

  @OptionGroup var data: DataOptions

  @Option(help: "The column that names the units; by default the first.")
  var unit: String?

  @Option(help: "The column of years or other periods, where units stand once in each; ranks are within a period.")
  var period: String?

  @Option(help: "What is fitted to: pooled (all periods), each (period by itself), or one period by name.")
  var reference: String?

  @Option(
    help: """
      The smallest share of indicators a unit must have values for, 0 to 1; others are left out. Or with settings as \
      '{available: 0.65, nonzero: 0.5, keep: [MT], drop: [VA]}'.
      """)
  var screen: String?

  @Option(
    help: """
      none, mean, median, em, latest, linear or constant, or with settings as '{method: median, group: country}', \
      '{method: regression, predictors: [a, b]}' or '{method: multiple, imputations: 20, seed: 1}'.
      """)
  var impute: String?

  @Option(
    help: """
      none, winsorise, log, signed_log, shifted_log, log_gii or box_cox, or with settings as \
      '{method: winsorise, winmax: 3, then: none}' or '{method: box_cox, lambda: 0.5}'.
      """)
  var treat: String?

  @Option(
    help: """
      none, minmax, zscore, rank, borda, percentile_rank, distance_to_max, distance_to_target, fraction_of_max, \
      goalposts or ampi, or with settings as '{method: minmax, lower: 1, upper: 100}', \
      '{method: scaled, lower: 0, upper: 10}', '{method: distance_to_reference, reference: IE}' or \
      '{method: custom, formula: "(x - median) / sd"}'.
      """)
  var normalise: String?

  @Option(
    help: """
      framework, equal, budget, ahp, pca, entropy, critic, merec, importance or bod (benefit of the doubt), with settings as \
      '{method: pca, convention: rotated}', '{method: importance, allow_negative: true}' or \
      '{method: bod, lower: 0.1, upper: 0.5, share: pie}', or one for each level.
      """)
  var weigh: String?

  @Option(
    help: """
      arithmetic, geometric, harmonic, median, mpi, mean_min, wroclaw, copeland, outranking or kemeny, with settings as \
      '{method: power, exponent: 0.5}', '{method: owa, at_least: 2}', '{method: mpi, penalty: plus, sd: sample}' or \
      '{method: mean_min, alpha: 0.5, beta: 1}', or one for each level as '[arithmetic, geometric]'.
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

  @Option(help: "With --analyse: the column of weights of the units, such as their children; equal by default.")
  var unitWeights: String?

  @Option(
    help: """
      Another framework, with its own method: scores the same data by it and compares the ranks of the two highest \
      aggregates. May be repeated.
      """)
  var compare: [String] = []

  @OptionGroup var sampling: SamplingErrorOptions

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
    guard [framework, apply, scale, calibrate].count(where: { $0 != nil }) == 1 else {
      throw ValidationError("Give one of --framework, --apply, --scale and --calibrate")
    }
    let fitted: [(String, Bool)] = [
      ("--save", save != nil), ("--check", check), ("--reference", reference != nil), ("--screen", screen != nil),
      ("--impute", impute != nil), ("--treat", treat != nil), ("--normalise", normalise != nil),
      ("--weigh", weigh != nil), ("--aggregate", aggregate != nil), ("--availability", availability != nil),
      ("--compare", !compare.isEmpty), ("--std-errors", sampling.stdErrors != nil),
      ("--replicate-estimates", !sampling.replicateEstimates.isEmpty),
    ]
    if framework == nil, let (option, _) = fitted.first(where: \.1) {
      throw ValidationError("\(option) goes with --framework")
    }
    guard framework != nil || apply != nil || unit == nil && period == nil && !analyse else {
      throw ValidationError("--unit, --period and --analyse go with --framework or --apply")
    }
    guard framework == nil && apply == nil || [weights, by].allSatisfy({ $0 == nil }) else {
      throw ValidationError("--weights and --by go with --scale or --calibrate")
    }
    guard analyse || unitWeights == nil else { throw ValidationError("--unit-weights goes with --analyse") }
    guard scale != nil || !standardise else { throw ValidationError("--standardise goes with --scale") }
  }

  func run() throws {
    let engine = global.engine
    let source = try filter.apply(to: try data.open(global, engine), global, engine)
    if let framework {
      try score(by: framework, source, engine)
    } else if let apply {
      let scores = try CompositeIndicators.score(
        try InputFiles().scoreModel(apply), source: source, unit: unit, period: period, engine: engine)
      try write(scores, [], source, unit, engine)
    } else if let scale {
      try score(on: try InputFiles().requiredDocument(ResponseScale.self, scale), source, engine)
    } else if let calibrate {
      try estimateItems(try InputFiles().requiredDocument(ScaleCalibration.self, calibrate), source, engine)
    }
  }

  private func score(by file: String, _ source: any Source, _ engine: Engine) throws {
    let framework = try InputFiles().framework(file)
    if check {
      return try output.write(AnalysisResult(framework.check(columns: source.columnNames), of: framework), global)
    }
    // A COINr iData table names its units in uCode, which need not be its first column.
    let unit = unit ?? (file.hasSuffix(".csv") && source.columnNames.contains("uCode") ? "uCode" : nil)
    let request = ScoreRequest(
      framework, unit: unit, period: period, reference: reference.map { ReferenceUnits($0) } ?? .pooled,
      method: try method, standardErrors: try Inputs.standardErrors(sampling.stdErrors.names))
    if save != nil { try request.requireOneModel() }
    let replicates = try Inputs.replicates(sampling.replicateEstimates)
    let scores =
      replicates.isEmpty
      ? try CompositeIndicators.score(request, source: source, engine: engine)
      : try CompositeIndicators.score(request, source: source, replicates: replicates, engine: engine)
    if let save {
      try OutputFile.write(Array(try Inputs.text(of: scores.model).utf8), to: save, force: global.force)
    }
    var comparisons: [(with: String, RankComparison)] = []
    for other in compare {
      var alternative = request
      alternative.framework = try InputFiles().framework(other)
      alternative.method = ScoreMethod()
      alternative.standardErrors = [:]
      let found = try CompositeIndicators.score(alternative, source: source, engine: engine)
      comparisons.append((other, try RankComparison(scores, found)))
    }
    try write(scores, comparisons, source, unit, engine)
  }

  private func write(
    _ scores: ScoreResult, _ comparisons: [(with: String, RankComparison)], _ source: any Source, _ unit: String?,
    _ engine: Engine
  ) throws {
    var result = scores.analysis
    result.sections += RankComparison.sections(comparisons)
    if analyse {
      result.sections += try ScoreAnalysis(
        of: scores, unitWeights: unitWeights, source: source, unit: unit, period: period, engine: engine
      ).sections
    }
    result.provenance = Provenance.current
    try output.write(result, global)
  }

  private var method: ScoreMethod {
    get throws {
      ScoreMethod(
        screen: try Inputs.setting("--screen", screen), impute: try Inputs.setting("--impute", impute),
        treat: try Inputs.setting("--treat", treat),
        normalise: try Inputs.setting("--normalise", normalise), weights: try Inputs.setting("--weigh", weigh),
        aggregate: try Inputs.setting("--aggregate", aggregate), availabilityThreshold: availability)
    }
  }
}
