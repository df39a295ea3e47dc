public import ArgumentParser
import ImmerseStats

/// How a model's estimates are judged.
struct InferenceArguments: ParsableArguments {
  @Option(
    help: """
      model, sandwich (robust to what the model gets wrong within clusters) or cr2 (corrected for few clusters, which are \
      the top-level groups); by default model without weights, sandwich with them.
      """)
  var se: InferenceOptions.StandardErrors?

  @Option(
    help: """
      Degrees of freedom: satterthwaite, kenward-roger (as pbkrtest), kenward-roger-observed (as SAS), containment, \
      design (clusters less strata) or none. By default satterthwaite for REML with up to 2,000 lowest groups and \
      containment beyond, design for the sandwich, none for ML.
      """)
  var df: InferenceOptions.DegreesOfFreedom?

  @Option(help: "The sandwich's bread: block (as Stata and WeMix) or joint (as GLLAMM, SAS and Mplus).")
  var bread: InferenceOptions.Bread = .block

  @Option(help: "A column of clusters for the sandwich; by default the top-level groups.")
  var psu: String?

  @Option(help: "A column of the strata clusters were drawn in.")
  var strata: String?

  @Option(help: "A column of numbers of clusters in the strata's populations, or of sampling fractions.")
  var fpc: String?

  @Flag(
    inversion: .prefixedNo, exclusivity: .chooseLast,
    help: "Standard errors of the variance components; by default for up to 2,000 lowest groups.")
  var varianceErrors: Bool?

  @Flag(help: "F tests that all coefficients of a term are zero.")
  var tests = false

  @Option(
    help:
      "Intervals of all parameters besides those of the rows: profile (of the likelihood) or bootstrap (parametric).")
  var intervals: InferenceOptions.Intervals = .wald

  @Option(help: "Draws of the bootstrap.")
  var draws = 1_000

  @Flag(help: "ICC, and marginal and conditional R2, with standard errors.")
  var r2 = false

  @Option(help: "Factors, separated by commas: their marginal means and differences.")
  var means: String?

  @Option(
    help: "How p-values and intervals of those differences take in their number: none, bonferroni, holm or tukey.")
  var adjust: InferenceOptions.Adjustment = .none

  @Option(help: "A factor whose groups are left out in turn: Cook's distance and the change of every estimate.")
  var influence: String?

  func options(seed: UInt64) -> InferenceOptions {
    InferenceOptions(
      standardErrors: se, degreesOfFreedom: df, bread: bread, psu: psu, strata: strata, fpc: fpc,
      varianceErrors: varianceErrors, tests: tests, intervals: intervals, draws: draws, seed: seed, shares: r2,
      means: means.names, adjustment: adjust, influence: influence)
  }
}

extension InferenceOptions.StandardErrors: ExpressibleByArgument {}
extension InferenceOptions.DegreesOfFreedom: ExpressibleByArgument {}
extension InferenceOptions.Intervals: ExpressibleByArgument {}
extension InferenceOptions.Bread: ExpressibleByArgument {}
extension InferenceOptions.Adjustment: ExpressibleByArgument {}
