public import ArgumentParser
import Columnar
import ImmerseStats
import Streaming
import Studies

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

      Nesting is read from the data. Sampling weights mean pseudo-maximum likelihood and the sandwich estimator.
      """)

  @Argument(help: "A formula as lme4 writes it.")
  var formula: String

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

  @OptionGroup var inference: InferenceArguments

  @OptionGroup var filter: FilterOption

  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if ml && reml { throw ValidationError("--ml and --reml exclude each other") }
  }

  func run() throws {
    let request = FitRequest(
      formula, method: ml ? .ml : reml ? .reml : nil, weights: weights.names, weightsKind: weightsKind,
      weightsAre: weightsAre, weightScaling: weightScaling, residualBy: residualBy, inference: inference.options)
    try request.validate()
    let engine = global.engine
    let source = try filter.apply(to: try data.open(global, engine), global, engine)
    var result = try MixedModel.fit(request, to: source, engine: engine).result.analysis
    result.provenance = Provenance.current
    try output.write(result, global)
  }
}

extension FitRequest.Conditioning: ExpressibleByArgument {}
extension FitRequest.WeightKind: ExpressibleByArgument {}
extension FitRequest.WeightScaling: ExpressibleByArgument {}
