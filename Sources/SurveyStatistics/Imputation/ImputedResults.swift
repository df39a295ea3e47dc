import Columnar
import Probability
import RealModule
import Streaming

/// The same analysis of every imputation, each of rows, groups or a model of its own, as one: estimates and coefficients by
/// Rubin's rules, tests by Li, Meng, Raghunathan and Rubin's.
struct ImputedResults: Sendable {
  private let request: EstimateRequest
  private let imputations: Imputations
  private let members: [[any Fit<EstimateResult>]]

  init(
    _ request: EstimateRequest, _ imputations: Imputations, _ members: [[any Fit<EstimateResult>]]
  ) {
    self.request = request
    self.imputations = imputations
    self.members = members
  }

  /// All imputations in one pass.
  var fit: any Fit<EstimateResult> { of(members[0][0]) }

  private func of<Member: Fit<EstimateResult>>(_ first: Member) -> any Fit<EstimateResult> {
    ImputedFit(
      members: members.flatMap(\.self).compactMap { $0 as? Member }, nestSize: members[0].count, results: self)
  }

  /// - Parameter results: nest by nest.
  /// - Throws: `badData` where no imputation has a row.
  func pooled(_ results: [[EstimateResult]]) throws(ImmerseError) -> EstimateResult {
    var order: [Key] = []
    var found: [Key: [[Estimate?]]] = [:]
    for (nest, own) in results.enumerated() {
      for (member, result) in own.enumerated() {
        for row in result.rows {
          let key = Key(row, imputations)
          if found[key] == nil {
            order.append(key)
            found[key] = results.map { $0.map { _ in nil } }
          }
          found[key]?[nest][member] = row
        }
      }
    }
    var pooled = results[0][0]
    let model = try ImputedModel(results)
    pooled.covariance = model?.covariance.map { covariance in
      Covariance(terms: covariance.terms.map(imputations.name), values: covariance.values)
    }
    pooled.tests = model?.tests ?? []
    pooled.hasConverged = results.allSatisfy { $0.allSatisfy(\.hasConverged) }
    pooled.rows = order.compactMap { key in found[key].flatMap { row(key, $0) } }
    var notes: [Note] = []
    for note in results.flatMap({ $0.flatMap(\.notes) }) {
      var note = note
      note.message = imputations.name(of: note.message)
      if !notes.contains(where: { $0.code == note.code }) { notes.append(note) }
    }
    let incomplete = order.count { key in found[key]?.contains { $0.contains { $0?.hasValue != true } } ?? false }
    if incomplete > 0 {
      notes.append(
        Note(
          "imputations_without_value",
          "\(incomplete) estimates are not shown, for some imputations have no row or no value for them"))
    }
    pooled.notes = notes + [pooled.rows.contains { $0.form == .test } ? ImputedResults.testNote : RubinRules.note]
    return pooled
  }

  static let testNote = Note(
    "imputation_test", "tests of the imputations are combined by the D2 rule of Li, Meng, Raghunathan and Rubin (1991)")

  /// What rows of different imputations have in common.
  private struct Key: Hashable {
    let term: String
    let by: [Group]
    let probability: Double?

    init(_ row: Estimate, _ imputations: Imputations) {
      term = imputations.name(of: row.term)
      by = row.by.map { Group(variable: imputations.name(of: $0.variable), level: $0.level) }
      probability = row.probability
    }
  }

  private func row(_ key: Key, _ imputed: [[Estimate?]]) -> Estimate? {
    guard var pooled = imputed.joined().lazy.compactMap(\.self).first else { return nil }
    (pooled.term, pooled.by) = (key.term, key.by)
    let rows = imputed.flatMap(\.self).compactMap(\.self)
    pooled.count = rows.map(\.count).min() ?? 0
    pooled.smallestCell = Estimate.Cell(
      count: rows.map(\.smallestCell.count).min() ?? 0, units: rows.map(\.smallestCell.units).min() ?? 0)
    let simpleVariance = pooled.standardError.flatMap { error in pooled.designEffect.map { error * error / $0 } }
    pooled.empty()
    guard imputed.allSatisfy({ $0.allSatisfy { $0?.hasValue == true } }) else { return pooled }
    if pooled.form == .test {
      pooled.set(ImputedTest(rows))
      return pooled
    }
    let rules = RubinRules(
      imputed.map { nest in nest.compactMap { $0.map(RubinRules.Analysis.init) } },
      samplingVariance: request.samplingVariance)
    let (error, df) = (rules.uncertainty.variance.standardError, rules.uncertainty.degreesOfFreedom)
    pooled.estimate = rules.estimate
    pooled.imputation = rules.imputation
    guard error.isFinite else { return pooled }
    pooled.standardError = error
    pooled.designEffect = simpleVariance.flatMap { $0 > 0 ? error * error / $0 : nil }
    if pooled.form == .coefficient, error > 0 { pooled.statistic = rules.estimate / error }
    guard df > 0 else { return pooled }
    pooled.degreesOfFreedom = df.isFinite ? df : nil
    pooled.pValue = pooled.statistic.map { StudentT(df: df).twoSided($0) }
    let isShare = [.proportion, .ecdf].contains(request.kind) && !key.by.contains { $0.level.contains(" - ") }
    let limits = (isShare ? request.interval : .mean).limits(
      of: rules.estimate, standardError: error, degreesOfFreedom: df, count: Double(pooled.count), level: request.level)
    (pooled.confidenceLow, pooled.confidenceHigh) = (limits?.low, limits?.high)
    return pooled
  }
}

/// Tests of one hypothesis in every imputation as one (Li, Meng, Raghunathan and Rubin 1991, Statistica Sinica 1, 65-92,
/// rule D2).
///
/// With d_m the statistics as chi-squared of k degrees of freedom and r = (1 + 1/M) times the variance of √d_m,
///
///     D = (d̄/k − (M + 1)/(M − 1) r)/(1 + r)
///
/// on F of k and k^(−3/M) (M − 1) (1 + 1/r)² degrees of freedom, of which the second are no more than those of the tests
/// themselves.
private struct ImputedTest {
  let statistic: Double
  let degreesOfFreedom: Double
  let residualDegreesOfFreedom: Double
  let pValue: Double

  /// - Parameter tests: more than one, each with a statistic.
  init(_ tests: [Estimate]) {
    let m = Double(tests.count)
    let k = tests.reduce(0) { $0 + ($1.degreesOfFreedom ?? 0) } / m
    let values = tests.map { ($0.statistic ?? 0) * ($0.degreesOfFreedom ?? 0) }
    let roots = values.map { max(0, $0).squareRoot() }
    let centre = roots.reduce(0, +) / m
    let r = (1 + 1 / m) * roots.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / (m - 1)
    let d = (values.reduce(0, +) / m / k - (m + 1) / (m - 1) * r) / (1 + r)
    let own = tests.compactMap(\.residualDegreesOfFreedom).min() ?? .infinity
    let between = r > 0 ? Double.pow(k, -3 / m) * (m - 1) * (1 + 1 / r) * (1 + 1 / r) : .infinity
    statistic = max(0, d)
    degreesOfFreedom = k
    residualDegreesOfFreedom = min(own, between)
    pValue = FDistribution(df1: k, df2: min(own, between)).survival(max(0, d))
  }
}

extension Estimate {
  /// Whether there is something to pool.
  fileprivate var hasValue: Bool {
    form == .test ? statistic != nil && degreesOfFreedom != nil : estimate != nil && standardError != nil
  }

  /// Leaves out all that is of one imputation alone.
  fileprivate mutating func empty() {
    (estimate, standardError, confidenceLow, confidenceHigh, degreesOfFreedom) = (nil, nil, nil, nil, nil)
    (designEffect, statistic, pValue, residualDegreesOfFreedom) = (nil, nil, nil, nil)
  }

  fileprivate mutating func set(_ test: ImputedTest) {
    (statistic, degreesOfFreedom) = (test.statistic, test.degreesOfFreedom)
    (residualDegreesOfFreedom, pValue) = (test.residualDegreesOfFreedom, test.pValue)
  }
}

extension RubinRules.Analysis {
  fileprivate init(_ row: Estimate) {
    let error = row.standardError ?? .nan
    let scale = ScaledVariance.scale(of: [error])
    self.init(
      estimate: row.estimate ?? .nan,
      uncertainty: Uncertainty(
        variance: ScaledVariance(variance: (error / scale) * (error / scale), scale: scale),
        degreesOfFreedom: row.degreesOfFreedom ?? 0))
  }
}

/// All imputations of an analysis, side by side in one pass.
private struct ImputedFit<Member: Fit<EstimateResult>>: Fit {
  let members: [Member]
  let nestSize: Int
  let results: ImputedResults

  var columns: [ColumnRequest] { members.flatMap(\.columns).merged }
  var signature: String { members.map(\.signature).joined(separator: " ") }

  func makePartial() -> Partial { Partial(members: members.map { $0.makePartial() }) }

  func finish(_ partial: Partial) throws(ImmerseError) -> EstimateResult {
    var nests: [[EstimateResult]] = []
    for (index, (member, own)) in zip(members, partial.members).enumerated() {
      if index.isMultiple(of: nestSize) { nests.append([]) }
      nests[nests.count - 1].append(try member.finish(own))
    }
    return try results.pooled(nests)
  }

  struct Partial: Streaming.Partial {
    var members: [Member.Partial]

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      for index in members.indices { try members[index].absorb(batch) }
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      for index in members.indices { try members[index].merge(other.members[index]) }
    }

    func write(to blob: inout BlobWriter) {
      for member in members { member.write(to: &blob) }
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      for index in members.indices { try members[index].read(from: &blob) }
    }
  }
}
