import ArgumentParser
import Columnar
import ImmerseStats
import Streaming
import Studies

struct Estimate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Design-based estimates with standard errors.",
    discussion: """
      EXAMPLES
        immerse-stats estimate mean api00,api99 --data apistrat.csv --weights pw --strata stype --fpc fpc
        immerse-stats estimate total enroll --data apiclus2.csv --psu dnum,snum --fpc fpc1,fpc2 --missing drop
        immerse-stats estimate ratio api00/api99 --data apisrs.csv --weights pw --fpc fpc --format json
        immerse-stats estimate correlation api00,meals --data apiclus1.csv --weights pw --psu dnum --fpc fpc
        immerse-stats estimate quantile api00 --probs 0.1,0.5,0.9 --data apiclus1.csv --weights pw --psu dnum --fpc fpc
        immerse-stats estimate proportion sch.wide --interval beta --data apistrat.csv --weights pw --strata stype --fpc fpc
        immerse-stats estimate function "log(total(api00)/total(api99))" --data apiclus1.csv --weights pw --psu dnum --fpc fpc
        immerse-stats estimate segregation migrant:site --data children.csv --weights weight --strata stratum --psu site --by country
        immerse-stats estimate glm "api00 ~ ell + meals" --data apiclus1.csv --weights pw --psu dnum --fpc fpc
        immerse-stats estimate chisq sch.wide:stype --data apiclus1.csv --weights pw --psu dnum --fpc fpc
        immerse-stats estimate ttest "enroll ~ comp.imp" --data apiclus1.csv --weights pw --psu dnum --fpc fpc
        immerse-stats estimate glm "sch.wide ~ ell + meals" --family binomial --terms ell,meals --data apistrat.csv --weights pw --strata stype
        immerse-stats estimate ranktest "ell ~ comp.imp" --data apiclus1.csv --weights pw --psu dnum --fpc fpc
        immerse-stats estimate mean belonging --data children.csv --weights weight --strata stratum --psu site \\
          --by country,migrant --contrast

        immerse-stats estimate mean math --data pisa.csv --preset pisa --by CNT --average
        immerse-stats estimate mean y --data survey.csv --weights w --replicates rw1-rw80 --replicate-method fay=0.5
        immerse-stats estimate mean y --data survey.csv --weights w --strata s --psu school --replicate-method jkn

      Standard errors are Taylor-linearised, or come from replicate weights; intervals use t with the design's degrees of freedom in each domain.
      """)

  @Argument(
    help: """
      mean, total, ratio, proportion, variance, sd, covariance, correlation, quantile, ecdf, function, segregation, glm, \
      chisq, ttest or ranktest.
      """)
  var kind: EstimateRequest.Kind

  @Argument(
    help:
      """
      Columns separated by commas; for ratios numerator/denominator, for pairs and tables a:b; for segregation group:unit; for \
      function an expression of totals; for glm, ttest and ranktest a formula.
      """
  )
  var variables: String

  @OptionGroup var data: DataOptions
  @OptionGroup var design: DesignOptions
  @OptionGroup var replication: ReplicateOptions

  @Option(help: "Columns whose combinations are estimated apart, separated by commas.")
  var by: String?

  @Option(
    name: .customLong("where"), help: "A condition: the estimates are of the rows that meet it, in the whole design.")
  var filter: String?

  @Flag(help: "Also the differences between the levels of the last --by column.")
  var contrast = false

  @Flag(help: "Also the average over the levels of the last --by column, each level counted equally.")
  var average = false

  @Option(
    help: "fail or drop rows that lack a variable; by default fail, but drop for glm, chisq, ttest and ranktest.")
  var missing: EstimateRequest.Missing?

  @Option(help: "For glm: gaussian, binomial, poisson or ordinal (proportional odds).")
  var family: ModelFamily = .gaussian

  @Option(help: "For glm: terms of the formula, separated by commas, that are tested together.")
  var terms: String?

  @Option(
    help: """
      For glm of family gaussian and ttest: design (linearised), or cr2 (corrected for few clusters, with degrees of freedom \
      of Bell and McCaffrey).
      """)
  var se: EstimateRequest.StandardErrors = .design

  @Option(help: "For chisq: F, Chisq, Wald, adjWald, lincom or saddlepoint.")
  var statistic: IndependenceStatistic = .f

  @Option(help: "For ranktest: wilcoxon, vanderWaerden, median or KruskalWallis.")
  var test: RankTest = .wilcoxon

  @Option(help: "Confidence level.")
  var level = 0.95

  @Option(help: "For quantile: probabilities, separated by commas.")
  var probs: String = "0.25,0.5,0.75"

  @Option(help: "For quantile: the rule, hf1 to hf9, math, school or shahvaish.")
  var rule: QuantileRule = .math

  @Option(help: "For ecdf: the values, separated by commas.")
  var at: String?

  @Option(
    help:
      "For shares: mean (t), logit, xlogit, beta, wilson, asin or likelihood; for quantiles the first of these and xlogit, beta, asin, score, or under replicates quantile, by the spread of theirs."
  )
  var interval: ProportionInterval = .mean

  @Option(
    help: """
      The record of weight --history by which the weights were made: standard errors then know the last step's margins, \
      and replicates made of the design repeat every step.
      """)
  var history: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    var request = EstimateRequest(
      kind, of: kind.isWritten ? [variables] : Optional(variables).names,
      design: try replication.design(try design.design, seed: global.seed), by: by.names, where: filter,
      contrast: contrast, average: average, missing: missing, level: level,
      probabilities: try Optional(probs).numbers("--probs"), rule: rule, interval: interval,
      at: try at.numbers("--at"), family: family, statistic: statistic, test: test, terms: terms.names,
      standardErrors: se,
      plausible: replication.plausible)
    try request.validate()
    let engine = global.engine
    let source = try data.open(global, engine)
    if let preset = replication.preset { request = try preset.apply(to: request, of: source) }
    let steps = try history.map { file throws(ImmerseError) in try Inputs.weightSteps(file) }
    let estimated = try steps.map { s throws(ImmerseError) in
      try Estimation.run(request, on: source, steps: s, engine: engine)
    }
    var result = try (estimated ?? Estimation.run(request, on: source, engine: engine)).analysis
    result.provenance = Provenance.current
    try output.write(result, global)
  }
}
