import Columnar
import Probability

/// Scores units under several draws of what is missing, and pools them by Rubin's rules: the score is the mean over the
/// draws, its variance the mean of the sampling variances plus (1 + 1/m) times the variance between draws.
///
/// Each draw fits the normal distribution to a bootstrap sample of the units, so that not knowing the distribution is part
/// of the variance, and then draws each missing value given the unit's others.
///
/// Source: Rubin (1987), Multiple Imputation for Nonresponse in Surveys; Honaker and King (2010), American Journal of
/// Political Science 54, 561-581.
func scoreMultiply(
  _ request: ScoreRequest, _ impute: Imputation, _ units: UnitMatrix, threads: Int
) throws(ImmerseError) -> ScoreResult {
  guard impute.imputations >= 2, let seed = UInt64(exactly: impute.seed) else {
    throw ImmerseError(
      .usage, "multiple imputation needs two draws or more, and a seed of zero or more",
      remedy: "write {method: multiple, imputations: 20, seed: 1}")
  }
  var notes: [Note] = []
  var base = request.method.over(request.framework.method)
  // Denominators and screening are settled before anything is drawn, as they are before any other imputation.
  var raw = try Denomination(request.framework.indicators).apply(to: units, notes: &notes)
  if let rule = base.screen {
    let screening = try Screening(rule)
    try screening.check(raw.units)
    raw = try screening.apply(to: raw, notes: &notes)
  }
  base.impute = Imputation()
  base.screen = ScreeningRule()
  var framework = request.framework
  for index in framework.indicators.indices { framework.indicators[index].denominator = nil }
  let missing = raw.columns.reduce(0) { $0 + $1.missingCount }
  let streams = RandomStreams(seed: seed, purpose: "multiple imputation")
  let (complete, plain, method) = (framework, raw, base)
  let results = try mapColumns(impute.imputations, threads) { (draw: Int) throws(ImmerseError) in
    var stream = streams[draw]
    let count = plain.units.count
    let normal = try NormalModel(plain, rows: (0..<count).map { _ in stream.below(count) })
    var filled = plain
    for (index, column) in try normal.fill(plain, noise: { stream.normal() }).enumerated() {
      filled.replace(index, with: column)
    }
    // A value drawn has the error of the draw, which the variance between draws holds.
    for (code, column) in zip(plain.codes, plain.columns) {
      filled.sampling?.stretch(code) { column[$0].isNaN ? 0 : 1 }
    }
    let model = try ScoreModel(fitting: complete, method, confidenceLevel: request.confidenceLevel, to: filled)
    return try model.score(filled)
  }
  notes.append(
    Note(
      "multiple_imputation",
      "\(counted(missing, "missing value")) drawn \(impute.imputations) times (seed \(impute.seed)); scores pooled by "
        + "Rubin's rules, std_error holding the variance between draws"))
  return try ScoreResult(pooling: results, plain, notes: notes, threads: threads)
}

extension ScoreResult {
  /// - Parameter results: of the same units under each draw.
  init(
    pooling results: [ScoreResult], _ units: UnitMatrix, notes: [Note], threads: Int
  ) throws(ImmerseError) {
    guard let first = results.first else { throw ImmerseError(.failure, "there are no draws to pool") }
    let m = Double(results.count)
    var (means, errors) = ([Buffer<Double>](), [Buffer<Double>]())
    for term in first.modelOrder {
      let draws = results.map { $0.estimates[term] }
      let sampling = results.compactMap { $0.standardErrors?[term] }
      let mean = Buffer<Double>(count: first.units.count) { target in
        // From the first draw on, so that draws that are all the same have that mean to the last bit.
        for row in target.indices {
          target[row] = draws[0][row] + draws.reduce(0) { $0 + ($1[row] - draws[0][row]) } / m
        }
      }
      means.append(mean)
      errors.append(
        Buffer(count: first.units.count) { target in
          for row in target.indices {
            let between = draws.reduce(0) { $0 + ($1[row] - mean[row]) * ($1[row] - mean[row]) } / (m - 1)
            let within = sampling.reduce(0) { $0 + $1[row] * $1[row] } / m
            target[row] = (within + (1 + 1 / m) * between).squareRoot()
          }
        })
    }
    let scores = units.with(first.model.aggregation.terms.map(\.code), means)
    var seen: Set<String> = []
    let own = first.notes.filter { !["rank_intervals"].contains($0.code) && seen.insert($0.message).inserted }
    try self.init(first.model, scores, standardErrors: errors, notes: notes + own, threads: threads)
  }
}
