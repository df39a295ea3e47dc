import Columnar

/// Turns estimates of domains into the rows of a result: the domains, then their differences and averages where asked
/// for; imputations of one quantity become one row.
struct ResultRows<Estimates: DomainEstimates> {
  let request: EstimateRequest
  let statistics: [Statistic]
  let estimands: [Estimand]
  let domains: DomainKeys
  let estimates: Estimates

  /// - Throws: `badData` where values are missing and the request says to fail, the variance is undefined, or the rows
  ///   do not allow the analysis.
  func result(concludedBy conclusion: (any Conclusion)?) throws(ImmerseError) -> EstimateResult {
    if let conclusion { return try conclusions(conclusion) }
    try checkMissing()
    var rows: [Estimate] = []
    for estimand in estimands {
      for (domain, key) in estimates.domainKeys.enumerated() {
        rows.append(try row(estimand, [DomainTerm(domain: domain, factor: 1)], by: domains.groups(key)))
      }
      if request.contrast { rows += try contrasts(estimand) }
      if request.average { rows += try averages(estimand) }
    }
    return EstimateResult(kind: request.kind, rows: rows, design: estimates.summary, notes: notes(rows))
  }

  /// The rows of a model or a test, in every domain.
  private func conclusions(_ conclusion: any Conclusion) throws(ImmerseError) -> EstimateResult {
    var result = EstimateResult(
      kind: request.kind, rows: [], design: estimates.summary, notes: estimates.designNotes + conclusion.notes,
      hasConverged: conclusion.hasConverged)
    guard !estimates.domainKeys.isEmpty else {
      throw ImmerseError(.badData, "no row meets the condition", remedy: "check --where")
    }
    for (domain, key) in estimates.domainKeys.enumerated() {
      let totals = try estimates.totals(domain)
      if totals.missing > 0 {
        if request.missing == .fail {
          throw ImmerseError(
            .badData, "\(totals.missing) rows lack a variable, this being the first", row: estimates.firstMissing.first,
            variable: statistics[0].variable, remedy: "leave them out with --missing drop")
        }
        result.notes.append(
          Note("missing_dropped", "\(statistics[0].term): \(totals.missing) rows that lack a variable were left out"))
      }
      let concluded = try conclusion.conclude(totals, by: domains.groups(key), level: request.level)
      result.rows += concluded.rows
      result.covariance = concluded.covariance
      result.tests += concluded.tests
    }
    return result
  }

  // MARK: Combinations of domains

  /// Differences between the levels of the last group column, within each combination of the others.
  private func contrasts(_ estimand: Estimand) throws(ImmerseError) -> [Estimate] {
    var rows: [Estimate] = []
    for family in families {
      for (position, earlier) in family.enumerated() {
        for later in family[(position + 1)...] {
          var groups = domains.groups(estimates.domainKeys[later])
          let from = domains.groups(estimates.domainKeys[earlier])
          groups[groups.count - 1].level += " - " + from[from.count - 1].level
          let terms = [DomainTerm(domain: later, factor: 1), DomainTerm(domain: earlier, factor: -1)]
          rows.append(try row(estimand, terms, by: groups))
        }
      }
    }
    return rows
  }

  /// The average over the levels of the last group column, each level counted equally.
  private func averages(_ estimand: Estimand) throws(ImmerseError) -> [Estimate] {
    var rows: [Estimate] = []
    for family in families {
      var groups = domains.groups(estimates.domainKeys[family[0]])
      groups[groups.count - 1].level = "average"
      let terms = family.map { DomainTerm(domain: $0, factor: 1 / Double(family.count)) }
      rows.append(try row(estimand, terms, by: groups))
    }
    return rows
  }

  /// The domains that differ in the last group column alone.
  private var families: [[Int]] {
    let width = domains.levels.last?.count ?? 1
    return Dictionary(grouping: estimates.domainKeys.indices) { estimates.domainKeys[$0] / width }
      .sorted { $0.key < $1.key }.map(\.value)
  }

  // MARK: One row

  private func row(_ estimand: Estimand, _ terms: [DomainTerm], by groups: [Group]) throws(ImmerseError) -> Estimate {
    let combined = try combine(estimand, terms)
    let (value, df) = (combined.estimate, combined.uncertainty.degreesOfFreedom)
    let error = combined.uncertainty.variance.standardError
    let defined = value.isFinite && error.isFinite
    let first = estimand.members[0]
    let limits = limits(estimand, terms, combined)
    let effect =
      terms.count == 1
      ? estimates.simpleVariance(first, terms[0].domain).map { combined.uncertainty.variance.ratio(to: $0) } : nil
    let counts = estimand.members.map { member in terms.map { estimates.count(member, $0.domain) } }
    return Estimate(
      term: estimand.term, by: groups, estimate: value.isFinite ? value : nil,
      probability: statistics[first].probability, standardError: defined ? error : nil,
      confidenceLow: limits.flatMap { $0.low.isFinite ? $0.low : nil },
      confidenceHigh: limits.flatMap { $0.high.isFinite ? $0.high : nil },
      degreesOfFreedom: df > 0 && df.isFinite ? df : nil,
      count: counts.map { $0.reduce(0, +) }.min() ?? 0,
      designEffect: effect.flatMap { $0.isFinite ? $0 : nil },
      smallestCell: Estimate.Cell(
        count: counts.flatMap(\.self).min() ?? 0, units: terms.map { estimates.units($0.domain) }.min() ?? 0),
      imputation: estimand.isImputed ? combined.imputation : nil,
      replicates: request.keepsReplicates && terms.count == 1 ? replicates(estimand, terms[0].domain) : nil)
  }

  private func replicates(_ estimand: Estimand, _ domain: Int) -> Estimate.Replicates? {
    let values = estimand.members.compactMap { estimates.replicates($0, domain) }
    guard values.count == estimand.members.count else { return nil }
    return Estimate.Replicates(estimates: estimand.members.map { estimates.estimate($0, domain) }, values: values)
  }

  private func limits(
    _ estimand: Estimand, _ terms: [DomainTerm], _ combined: RubinRules
  ) -> (low: Double, high: Double)? {
    let first = estimand.members[0]
    if terms.count == 1, !estimand.isImputed, let own = estimates.limits(first, terms[0].domain) { return own }
    let (error, df) = (combined.uncertainty.variance.standardError, combined.uncertainty.degreesOfFreedom)
    guard combined.estimate.isFinite, error.isFinite, df > 0 else { return nil }
    // A difference of shares is no share: its interval is by t.
    let isShare = terms.count == 1 && statistics[first].comparison == .ofMean
    return (isShare ? request.interval : .mean).limits(
      of: combined.estimate, standardError: error, degreesOfFreedom: df,
      count: Double(estimates.count(first, terms[0].domain)), level: request.level)
  }

  /// Imputations of independent samples are independent too, so their variances add up.
  private func combine(_ estimand: Estimand, _ terms: [DomainTerm]) throws(ImmerseError) -> RubinRules {
    if terms.count == 1 { return try combineOneSample(estimand, terms) }
    var parts: [RubinRules] = []
    for sample in Set(terms.map { estimates.sample($0.domain) }).sorted() {
      parts.append(try combineOneSample(estimand, terms.filter { estimates.sample($0.domain) == sample }))
    }
    return parts.count == 1 ? parts[0] : RubinRules(sumOf: parts)
  }

  private func combineOneSample(
    _ estimand: Estimand, _ terms: [DomainTerm]
  ) throws(ImmerseError) -> RubinRules {
    var nests: [[RubinRules.Analysis]] = []
    for nest in estimand.nests {
      var analyses: [RubinRules.Analysis] = []
      for statistic in nest {
        let estimate = terms.reduce(0) { $0 + $1.factor * estimates.estimate(statistic, $1.domain) }
        analyses.append(
          RubinRules.Analysis(
            estimate: estimate,
            uncertainty: estimate.isFinite
              ? try estimates.uncertainty(statistic, terms)
              : Uncertainty(variance: .undefined, degreesOfFreedom: 0)))
      }
      nests.append(analyses)
    }
    return RubinRules(nests, samplingVariance: request.samplingVariance)
  }

  // MARK: What the result says of the data

  private func missing(_ statistic: Int) -> Int {
    estimates.domainKeys.indices.reduce(0) { $0 + estimates.missing(statistic, $1) }
  }

  private func checkMissing() throws(ImmerseError) {
    if request.missing == .fail {
      for (index, row) in estimates.firstMissing.enumerated() where row != Int.max {
        let isGroup = index == statistics.count
        throw ImmerseError(
          .badData, "\(isGroup ? estimates.ungrouped : missing(index)) rows have no value, this being the first",
          row: row, variable: isGroup ? request.by.joined(separator: ", ") : statistics[index].variable,
          remedy: "leave them out with --missing drop")
      }
    }
    guard !estimates.domainKeys.isEmpty else {
      throw ImmerseError(
        .badData, estimates.ungrouped > 0 ? "no row has a group" : "no row meets the condition",
        remedy: estimates.ungrouped > 0 ? "check --by" : "check --where")
    }
  }

  private func notes(_ rows: [Estimate]) -> [Note] {
    var notes = estimates.designNotes
    for estimand in estimands {
      let missing = estimand.members.map(missing)
      let (least, most) = (missing.min() ?? 0, missing.max() ?? 0)
      if least == most && most > 0 {
        notes.append(Note("missing_dropped", "\(estimand.term): \(most) rows without a value were left out"))
      } else if most > 0 {
        notes.append(
          Note(
            "missing_dropped",
            "\(estimand.term): from \(least) to \(most) rows without a value were left out, for its imputations are not "
              + "missing in the same rows"))
      }
    }
    if estimates.ungrouped > 0 {
      notes.append(Note("ungrouped_dropped", "\(estimates.ungrouped) rows without a group were left out"))
    }
    if estimands.contains(where: \.isImputed) { notes.append(RubinRules.note) }
    let few = rows.count { ($0.degreesOfFreedom ?? ($0.standardError == nil ? 0 : .infinity)) < 8 }
    if few > 0 {
      notes.append(
        Note("few_degrees_of_freedom", "\(few) of \(rows.count) estimates rest on fewer than 8 degrees of freedom"))
    }
    return notes
  }
}
