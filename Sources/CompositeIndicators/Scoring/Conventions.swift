import Columnar

/// The choices that differ between programs, by name, as far as a method makes them.
enum Conventions {
  static func list(
    _ normalise: Normalisation, _ own: [Normalisation], _ treat: Treatment, _ methods: [Aggregation],
    _ weights: [Weighting]
  ) -> [Note] {
    var conventions = [
      Note("ranks", "1 is the highest score; ties share the smallest rank"),
      Note("weights", "rescaled to sum to 1 over the parts of an aggregate that have a value"),
    ]
    func add(_ code: String, _ message: String) {
      if !conventions.contains(where: { $0.code == code }) { conventions.append(Note(code, message)) }
    }
    if treat.method != .none { add("skewness_and_kurtosis", "of type 2, as SAS, SPSS and COINr") }
    for normalise in [normalise] + own {
      switch normalise {
      case .none: add("direction", "ignored where values are not normalised")
      case .zscore: add("standard_deviation", "of z-scores: divisor n - 1")
      case .custom: add("standard_deviation", "in formulas: divisor n - 1")
      case .rank, .borda, .percentileRank: add("normalised_ranks", "ascending; ties share the smallest rank")
      case .ampi: add("ampi", "range over all units and periods")
      case .minmax, .scaled, .distanceToMax, .distanceToReference, .distanceToTarget, .fractionOfMax, .goalposts: break
      }
    }
    for method in methods {
      switch method {
      case .median:
        add("median", "the value up to which half of the weight lies; midway to the next where that is exactly half")
      case .owa: add("owa", "the mean of the largest or smallest values present; weights are not used")
      case .mpi(_, let sd):
        add(
          "mpi_standard_deviation",
          sd == .population ? "divisor: the sum of weights" : "that of weights times (n - 1) / n")
      case .wroclaw: add("wroclaw", "1 - d / (mean + 2 SD) of distances from the ideal, SD with divisor n - 1")
      case .copeland: add("copeland", "units outranked less units outranked by, at the threshold e = 0.5")
      case .outranking: add("outranking", "mean of e over the reference units, a unit's tie with itself included")
      case .kemeny: add("kemeny", "units less place; of equally good rankings the first in the order of the units")
      case .arithmetic, .geometric, .harmonic, .power, .meanMin: break
      }
    }
    if weights.contains(where: { $0.method == .pca }) {
      add("principal_components", "of correlations over units that have a value for every part")
    }
    if weights.contains(where: { $0.method == .bod }) {
      add(
        "benefit_of_the_doubt",
        "1 is the best practice of the reference units under the weights that are best for the unit")
    }
    return conventions
  }
}
