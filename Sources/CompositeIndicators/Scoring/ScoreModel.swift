public import Columnar

/// Everything needed to score a unit, frozen on reference units: denominators, imputed values, cut-offs, scales, weights.
///
/// The steps run in the order of the fields. A saved model scores next year's units, or one country's, on the same scale.
public struct ScoreModel: Codable, Sendable, Equatable {
  public let denomination: Denomination
  public let screening: Screening?
  public let imputation: FrozenImputation
  public let logarithm: Logarithm
  public let treatment: FrozenTreatment
  public let normalisation: FrozenNormalisation
  public let aggregation: FrozenAggregation
  /// The column that groups the units for imputation.
  public let group: String?
  /// Of the ranks that sampling error leaves open.
  public let confidenceLevel: Double
  /// The choices that differ between programs, by name.
  public let conventions: [Note]

  enum CodingKeys: String, CodingKey {
    case denomination, screening, imputation, logarithm, treatment, normalisation, aggregation, group, conventions
    case confidenceLevel = "confidence_level"
  }

  /// Freezes a framework's scales on reference units.
  ///
  /// - Parameter units: with the columns `columns(of:)` names, and a group where imputation asks for one.
  /// - Throws: `badData` where the framework is faulty or the units do not allow the method, as where an indicator has
  ///   no value or one value only; `usage` where its settings do not.
  public init(
    fitting framework: Framework, _ method: ScoreMethod = ScoreMethod(), confidenceLevel: Double = 0.95,
    to units: UnitMatrix, threads: Int = 1
  ) throws(ImmerseError) {
    try self.init(refitting: framework, method, confidenceLevel: confidenceLevel, to: units, threads: threads)
    try normalisation.requireScales()
    let scaled = Set(normalisation.columns.map(\.code))
    for indicator in framework.indicators where !scaled.contains(indicator.code) {
      let column = try units.column(indicator.code)
      guard column.missingCount < column.count else {
        throw ImmerseError(
          .badData, "cannot be averaged: no unit has a value", variable: indicator.code,
          remedy: "leave it out of the framework")
      }
    }
  }

  /// The same on units that are a variation of those scored, as a replicate: an indicator that has no scale there has
  /// missing scores.
  init(
    refitting framework: Framework, _ method: ScoreMethod = ScoreMethod(), confidenceLevel: Double = 0.95,
    to units: UnitMatrix, threads: Int = 1
  ) throws(ImmerseError) {
    guard confidenceLevel > 0 && confidenceLevel < 1 else {
      throw ImmerseError(.usage, "the confidence level must lie between 0 and 1")
    }
    self.confidenceLevel = confidenceLevel
    let hierarchy = try framework.hierarchy()
    let method = method.over(framework.method)
    let normalise = method.normalise ?? .minmax()
    var unused: [Note] = []
    denomination = Denomination(framework.indicators)
    var units = try denomination.apply(to: units, notes: &unused)
    if let rule = method.screen {
      let screening = try Screening(rule)
      try screening.check(units.units)
      units = try screening.apply(to: units, notes: &unused)
      self.screening = screening
    } else {
      screening = nil
    }
    let impute = method.impute ?? Imputation()
    group = impute.method == .none ? nil : impute.group
    imputation = try impute.fit(units)
    units = try imputation.apply(to: units, notes: &unused)
    logarithm = Logarithm(framework.indicators)
    units = try logarithm.apply(to: units, notes: &unused)
    let treat = method.treat ?? Treatment()
    treatment = try treat.fit(units, threads: threads)
    units = try treatment.apply(to: units, notes: &unused)
    normalisation = try normalise.fit(units, framework.indicators, threads: threads)
    let methods = method.aggregate ?? [.arithmetic]
    let weights = method.weights ?? [.framework]
    // The reference units' scores are needed only where they decide on the weights or are compared with.
    if methods.contains(where: \.needsReference) || weights.contains(where: { $0 != .framework }) {
      units = try normalisation.apply(to: units, threads: threads, notes: &unused)
    }
    aggregation = try FrozenAggregation(
      fitting: hierarchy, methods: methods, weights: weights,
      minimumAvailability: method.availabilityThreshold ?? 0, to: units)
    conventions = Conventions.list(
      normalise, framework.indicators.compactMap(\.normalise), treat, aggregation.methods, weights)
  }

  /// The numeric columns that scoring a framework reads: indicators and their denominators.
  public static func columns(of framework: Framework) -> [String] {
    var seen: Set<String> = []
    return (framework.indicators.map(\.code) + framework.indicators.compactMap(\.denominator))
      .filter { seen.insert($0).inserted }
  }

  private var steps: [any FrozenStep] {
    [denomination] + (screening.map { [$0] } ?? []) + [imputation, logarithm, treatment, normalisation]
  }

  /// The numeric columns that scoring with the model reads.
  public var columns: [String] {
    var seen: Set<String> = []
    return (denomination.columns.map(\.code) + denomination.columns.compactMap(\.denominator))
      .filter { seen.insert($0).inserted }
  }

  /// Units after all steps but the averages.
  func normalised(
    _ units: UnitMatrix, threads: Int = 1, notes: inout [Note]
  ) throws(ImmerseError) -> UnitMatrix {
    var units = units
    for step in steps { units = try step.apply(to: units, threads: threads, notes: &notes) }
    return units
  }

  /// Scores units, the reference units or others.
  ///
  /// - Throws: `badData` where a column is missing or a value contradicts a step.
  public func score(_ units: UnitMatrix, threads: Int = 1) throws(ImmerseError) -> ScoreResult {
    var notes: [Note] = []
    let units = try normalised(units, threads: threads, notes: &notes)
    let scores = try aggregation.apply(to: units, threads: threads, notes: &notes)
    var errors: [Buffer<Double>]?
    if let sampling = scores.sampling {
      errors = aggregation.standardErrors(scores, sampling)
      notes.append(
        Note(
          "conditional_standard_errors",
          "standard errors hold scales, cut-offs and weights fixed"
            + (sampling.hasCovariances ? "" : " and count the errors of different indicators as uncorrelated")))
      notes.append(rankIntervalNote(scores.units.count))
    }
    return try ScoreResult(
      self, scores, standardErrors: errors, notes: aggregation.weightNotes + notes, threads: threads)
  }

  func rankIntervalNote(_ units: Int) -> Note {
    units <= RankIntervals.unitLimit
      ? Note(
        "rank_intervals",
        "rank_low and rank_high compare each unit with all others at the level \(confidenceLevel), by Bonferroni's inequality"
      )
      : Note("no_rank_intervals", "rank intervals are not computed for more than \(RankIntervals.unitLimit) units")
  }
}
