import ArgumentParser
import Columnar
import ImmerseStats

/// Variances by replicate weights, and plausible values.
struct ReplicateOptions: ParsableArguments {
  @Option(help: "Columns of replicate weights, separated by commas, also as ranges such as rw1-rw80.")
  var replicates: String?

  @Option(
    help: """
      brr, fay=COEFFICIENT, jk1, jkn, jk2, bootstrap, sdr, rao-wu-yue-beaumont, generalised or other: how the replicates \
      were made; without --replicates they are made of --strata and --psu.
      """, transform: ReplicateMethod.parse)
  var replicateMethod: ReplicateMethod?

  @Option(help: "What multiplies the sum of squared deviations, in place of what the method says.")
  var scale: Double?

  @Option(help: "A scale for each replicate, separated by commas.")
  var rscales: String?

  @Flag(help: "Deviations from the full-sample estimate in place of the mean of the replicates.")
  var mse = false

  @Option(help: "How many replicates to make, where the data hold none.")
  var replicateCount: Int?

  @Option(
    help: "Plausible values, as math=PV1MATH-PV10MATH; may be repeated. Variables can then be called math.",
    transform: { (text: String) throws(ImmerseError) in try PlausibleValues(text) })
  var plausible: [PlausibleValues] = []

  @Option(
    help: """
      The rules of an assessment: pisa, timss, pirls, iccs, icils, talis or piaac, with a year where wanted, as \
      timss-2011. Weights, replicates and plausible values are found by their names.
      """, transform: { (text: String) throws(ImmerseError) in try AssessmentPreset(text) })
  var preset: AssessmentPreset?

  @Option(help: "A column whose levels are samples of their own, such as countries.")
  var independent: String?

  /// - Throws: `usage` where the options say less than a design, or two things.
  func design(_ design: SurveyDesign, seed: UInt64) throws(ImmerseError) -> SurveyDesign {
    guard let method = replicateMethod else {
      if let stray = strayOption {
        throw ImmerseError(
          .usage, "\(stray) says nothing without a method of replication",
          remedy: "say how the replicates were made with --replicate-method")
      }
      return design
    }
    var scales: [Double]?
    if let rscales {
      scales = try rscales.split(separator: ",").map { text throws(ImmerseError) in
        guard let number = Double(text.trimmed) else {
          throw ImmerseError(.usage, "\"\(text)\" in --rscales is no number")
        }
        return number
      }
    }
    var design = design
    design.replicates = ReplicateDesign(
      method, columns: replicates.names, scale: scale, rscales: scales, mse: mse, count: replicateCount, seed: seed,
      independent: independent)
    return design
  }

  private var strayOption: String? {
    if replicates != nil { return "--replicates" }
    if scale != nil { return "--scale" }
    if rscales != nil { return "--rscales" }
    if independent != nil { return "--independent" }
    if replicateCount != nil { return "--replicate-count" }
    return mse ? "--mse" : nil
  }
}
