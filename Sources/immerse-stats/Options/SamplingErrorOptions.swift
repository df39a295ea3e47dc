import ArgumentParser

/// What is known of the sampling error of indicators.
struct SamplingErrorOptions: ParsableArguments {
  @Option(help: "Columns of standard errors, as indicator=column, separated by commas.")
  var stdErrors: String?

  @Option(
    help: """
      A table of replicate estimates with the columns of the unit, "replicate" and the indicators, as FILE:METHOD; the \
      method is brr, fay=COEFFICIENT, jk1, jk2, bootstrap, sdr or pv (plausible values). May be repeated: variances add up.
      """)
  var replicateEstimates: [String] = []
}
