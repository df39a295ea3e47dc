public import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Reporting
import Streaming
import Studies
import SurveyStatistics

struct FitModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Fit a linear multilevel model, with weights at every level.",
    discussion: """
      EXAMPLES
        immerse-stats fit "Reaction ~ Days + (Days | Subject)" --data sleepstudy.csv
        immerse-stats fit "math ~ escs + migrant + (1 | school) + (1 | region)" --data pisa.arrow --ml
        immerse-stats fit "belonging ~ migrant + (1 | site)" --data children.csv --weights weight_child,weight_site \\
          --weights-are conditional --weight-scaling size
        immerse-stats fit "math ~ cwc(escs, school) + group_mean(escs, school) + (1 | school)" --data pisa.arrow
        immerse-stats fit "math ~ poly(age, 2) + C(country, sum) + (1 | school)" --data pisa.arrow --residual-by country
        immerse-stats fit "rating ~ 1 + (1 | pupil) + (1 | teacher)" --data lessons.csv
        immerse-stats fit "math ~ escs + (1 | school)" --data pisa.arrow --plausible math=PV1MATH-PV10MATH \\
          --weights W_FSTUWT --replicates W_FSTURWT1-W_FSTURWT80 --replicate-method fay=0.5
        immerse-stats fit "math ~ escs + (1 | school)" --data be.csv --save be.immerse
        immerse-stats fit --resume be.immerse --data more.csv --merge de.immerse --save all.immerse
        immerse-stats fit "math ~ escs + (1 | school)" --data pisa.arrow --df kenward-roger --tests --r2
        immerse-stats fit "math ~ escs + (escs | school)" --data pisa.arrow --ml --compare "math ~ escs + (1 | school)"
        immerse-stats fit "math ~ escs + (1 | school)" --data pisa.arrow --random-effects schools.csv --predict fitted.csv

      Nesting is read from the data; factors that cross are fitted too. Sampling weights mean pseudo-maximum likelihood
      and the sandwich estimator. A saved fit holds sums by group, not rows, and needs no data to be fitted again.
      """)

  @Argument(help: "A formula as lme4 writes it.")
  var formula: String?

  @OptionGroup var data: DataOptions

  @Flag(help: "Maximum likelihood.")
  var ml = false

  @Flag(help: "Restricted maximum likelihood; the default without weights.")
  var reml = false

  @Option(help: "Columns of weights from the rows to the top level, separated by commas.")
  var weights: String?

  @Option(
    help: """
      sampling (the inverse chance of selection), frequency (how many identical rows or groups one stands for) or \
      precision (the inverse of a row's residual variance, up to a factor).
      """)
  var weightsKind: FitRequest.WeightKind = .sampling

  @Option(help: "conditional or unconditional; needed with more than one column of sampling weights.")
  var weightsAre: FitRequest.Conditioning?

  @Option(
    help: """
      How the rows' weights are scaled within the lowest groups: none, size (to the number of rows), effective (to the \
      effective number), or gk (Graubard and Korn; two levels).
      """)
  var weightScaling: FitRequest.WeightScaling = .none

  @Option(help: "A column whose levels have a residual variance each.")
  var residualBy: String?

  @OptionGroup var replication: ReplicateOptions
  @OptionGroup var inference: InferenceArguments

  @Option(help: "A file for the fit and the cross-products it was fitted to.")
  var save: String?

  @Option(help: "A saved fit to go on from, with its formula and weights; --data adds rows to it.")
  var resume: String?

  @Option(help: "A saved fit of other rows to take in; may be repeated.")
  var merge: [String] = []

  @Option(help: "A larger or smaller model of the same rows for a likelihood-ratio test; may be repeated.")
  var compare: [String] = []

  @Option(help: "A file for the random effects of all groups, with ranks and comparison intervals.")
  var randomEffects: String?

  @Option(help: "A data file for all columns and the fitted values, with and without random effects.")
  var predict: String?

  @Option(help: "The rows to predict, which may hold new groups; by default those of the fit.")
  var newData: String?

  @Flag(help: "Add a response drawn from the model (--seed) to the predictions.")
  var simulate = false

  @OptionGroup var filter: FilterOption

  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if ml && reml { throw ValidationError("--ml and --reml exclude each other") }
    if (formula == nil) == (resume == nil) {
      throw ValidationError("give either a formula or --resume with a saved fit, whose formula it keeps")
    }
    if replication.preset != nil && (save != nil || resume != nil || !merge.isEmpty) {
      throw ValidationError("a saved fit has no replicates or plausible values, which presets bring")
    }
    if resume != nil, ml || reml || weights != nil || residualBy != nil || weightScaling != .none {
      throw ValidationError("a saved fit keeps its likelihood, weights and residual classes")
    }
    if predict == nil && (newData != nil || simulate) {
      throw ValidationError("--new-data and --simulate need --predict")
    }
    if !compare.isEmpty && (save != nil || resume != nil || !merge.isEmpty) {
      throw ValidationError("--compare fits all models to the same data; it does not go with saved fits")
    }
  }

  func run() throws {
    let engine = global.engine
    // Opened once, as standard input is read only once; a saved fit needs no rows.
    let source: (any Source)? = resume != nil && data.data.isEmpty ? nil : try rows(engine)
    let models: [MixedModel]
    if save == nil && resume == nil && merge.isEmpty {
      let asked = try request.comparing(with: compare)
      let source = try source ?? rows(engine)
      let preset = replication.preset
      models = try MixedModel.fit(
        try preset.map { preset in try asked.map { try preset.apply(to: $0, of: source) } } ?? asked, to: source,
        engine: engine)
    } else {
      var saved =
        try resume.map { try SavedFit(file: $0) }
        ?? SavedFit(try request, of: try source ?? rows(engine), engine: engine)
      if resume != nil {
        let options = inference.options(seed: global.seed)
        if options != InferenceOptions(seed: global.seed) { saved.request.inference = options }
        if let source { try saved.add(source, engine: engine) }
      }
      for other in merge { try saved.merge(try SavedFit(file: other)) }
      models = [try saved.model(threads: engine.threads)]
      if let save { try OutputFile.write(saved.bytes, to: save, force: global.force) }
    }
    var result = try MixedModel.analysis(of: models)
    try writeTables(models[0], of: source, engine)
    result.provenance = Provenance.current
    try output.write(result, global)
  }

  private func rows(_ engine: Engine) throws -> any Source {
    try filter.apply(to: try data.open(global, engine), global, engine)
  }

  /// The files asked for beside the result.
  private func writeTables(_ model: MixedModel, of source: (any Source)?, _ engine: Engine) throws {
    if let randomEffects {
      let table = GroupPrediction.analysis(try model.groupPredictions())
      try OutputOptions.format(of: randomEffects).write(table, to: randomEffects, force: global.force)
    }
    if let predict {
      let known = try newData.map { try DataFile.open($0) } ?? source ?? rows(engine)
      let rule = try MixedModelPrediction(model, seed: simulate ? global.seed : nil)
      try DataFile.write(known.applying(rule), to: predict, engine: engine, force: global.force)
    }
  }

  private var request: FitRequest {
    get throws {
      let request = FitRequest(
        formula ?? "", method: ml ? .ml : reml ? .reml : nil, weights: weights.names, weightsKind: weightsKind,
        weightsAre: weightsAre, weightScaling: weightScaling, residualBy: residualBy,
        replicates: try replication.design(SurveyDesign(), seed: 1).replicates, plausible: replication.plausible,
        inference: inference.options(seed: global.seed))
      try request.validate()
      return request
    }
  }
}

extension SavedFit {
  /// - Throws: `noInput` where the file cannot be read, `badData` at its place where it is no saved fit.
  fileprivate init(file: String) throws(ImmerseError) {
    do { try self.init(try InputFile.bytes(file)) } catch {
      throw error.at(ImmerseError.Place(file: file))
    }
  }
}

extension FitRequest.Conditioning: ExpressibleByArgument {}
extension FitRequest.WeightKind: ExpressibleByArgument {}
extension FitRequest.WeightScaling: ExpressibleByArgument {}
