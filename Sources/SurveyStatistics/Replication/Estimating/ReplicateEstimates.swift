import Columnar

/// Estimates from the totals of the full sample and of every replicate: the same function at each.
struct ReplicateEstimates: DomainEstimates {
  /// What is asked of the totals.
  struct Question {
    let statistics: [Statistic]
    let domains: DomainKeys
    let design: ReplicateDesign
    let variance: ReplicateVariance
  }

  /// What the rows of one domain come to.
  struct Domain {
    let key: Int
    /// By statistic.
    var values: [Value]
    let units: Int
    let freedom: Freedom
  }

  /// What a domain's degrees of freedom come from.
  enum Freedom {
    /// The rank of the replicate weights of its rows.
    case weights(WeightSketch, rank: Int)
    /// The sampling units it has rows in.
    case units([(leaf: Int, rows: Int)])
  }

  struct Value {
    /// By total and set of weights, of which the full sample's is the first.
    let totals: [Double]
    var estimate: Double
    var replicates: [Double]
    /// The interval, where it does not follow from the standard error.
    var limits: (low: Double, high: Double)?
    let count: Int
    let missing: Int
    let simpleVariance: Double?
  }

  let fit: Question
  /// In ascending order of their keys.
  private(set) var domains: [Domain]
  /// Where the replicates were made of the design.
  private let frame: DesignFrame?
  let summary: DesignSummary
  let ungrouped: Int
  let firstMissing: [Int]
  let designNotes: [Note]
  /// By domain, the level of the column whose levels are samples of their own.
  private let samples: [String]

  init(
    fit: Question, domains: [Domain], frame: DesignFrame? = nil, summary: DesignSummary, ungrouped: Int,
    firstMissing: [Int], notes: [Note]
  ) {
    self.fit = fit
    self.domains = domains.map { $0.knowing(fit.statistics) }
    self.frame = frame
    self.summary = summary
    self.ungrouped = ungrouped
    self.firstMissing = firstMissing
    samples = domains.map { domain in
      fit.domains.groups(domain.key).first { $0.variable == fit.design.independent }?.level ?? ""
    }
    designNotes = notes + ReplicateEstimates.notes(fit, self.domains)
  }

  var domainKeys: [Int] { domains.map(\.key) }

  func estimate(_ statistic: Int, _ domain: Int) -> Double { domains[domain].values[statistic].estimate }

  func count(_ statistic: Int, _ domain: Int) -> Int { domains[domain].values[statistic].count }

  func missing(_ statistic: Int, _ domain: Int) -> Int { domains[domain].values[statistic].missing }

  func simpleVariance(_ statistic: Int, _ domain: Int) -> Double? { domains[domain].values[statistic].simpleVariance }

  func units(_ domain: Int) -> Int { domains[domain].units }

  func limits(_ statistic: Int, _ domain: Int) -> (low: Double, high: Double)? {
    domains[domain].values[statistic].limits
  }

  func totals(_ domain: Int) throws(ImmerseError) -> DomainTotals {
    DomainTotals(
      domains[domain].values[0], try variance(domain), degreesOfFreedom: try degreesOfFreedom([domain]),
      units: domains[domain].units)
  }

  func sample(_ domain: Int) -> String { samples[domain] }

  func replicates(_ statistic: Int, _ domain: Int) -> [Double]? { domains[domain].values[statistic].replicates }

  func uncertainty(_ statistic: Int, _ terms: [DomainTerm]) throws(ImmerseError) -> Uncertainty {
    var (estimate, replicates) = (0.0, [Double](repeating: 0, count: fit.variance.count))
    for term in terms {
      let value = domains[term.domain].values[statistic]
      estimate += term.factor * value.estimate
      for replicate in replicates.indices { replicates[replicate] += term.factor * value.replicates[replicate] }
    }
    return Uncertainty(
      variance: try variance(terms[0].domain).scaledVariance(of: replicates, estimate: estimate),
      degreesOfFreedom: Double(try degreesOfFreedom(terms.map(\.domain))))
  }

  /// How the replicates of a domain's sample become a variance.
  private func variance(_ domain: Int) throws(ImmerseError) -> ReplicateVariance {
    var variance = fit.variance
    if let scales = fit.design.scales { variance.scale = try scale(samples[domain], of: scales) }
    return variance
  }

  private func scale(_ sample: String, of scales: [String: Double]) throws(ImmerseError) -> Double {
    if let scale = scales[sample] ?? (Set(scales.values).count == 1 ? scales.values.first : nil) { return scale }
    throw ImmerseError(
      .usage, "the replicates of the samples have different scales, so their rows cannot be pooled",
      variable: fit.design.independent, remedy: "estimate each by itself with --by")
  }

  /// Those of all rows that lie in one of the domains.
  private func degreesOfFreedom(_ positions: [Int]) throws(ImmerseError) -> Int {
    var leaves: [(leaf: Int, rows: Int)] = []
    var whole: WeightSketch?
    var rank = 0
    for position in positions {
      switch domains[position].freedom {
      case .units(let own): leaves += own
      case .weights(let sketch, let own):
        rank = max(rank, own)
        if whole == nil { whole = sketch } else { whole?.merge(sketch) }
      }
    }
    if let frame { return min(frame.degreesOfFreedom(rowsByLeaf: leaves), fit.variance.count - 1) }
    if positions.count > 1, rank < fit.variance.count, let whole { rank = try whole.rank() }
    return max(0, rank - 1)
  }

  /// With the share at or below each quantile turned into the quantile.
  ///
  /// Where replicates have no quantiles of their own, theirs move with their shares as Woodruff's interval does.
  func replacingShares(by quantiles: QuantileEstimates?, level: Double) throws(ImmerseError) -> ReplicateEstimates {
    guard let quantiles else { return self }
    var replaced = self
    for domain in domains.indices {
      for statistic in domains[domain].values.indices {
        let share = domains[domain].values[statistic]
        if let own = quantiles.replicates(statistic, domain: domains[domain].key) {
          replaced.domains[domain].values[statistic].estimate = quantiles.estimate(
            statistic, domain: domains[domain].key)
          replaced.domains[domain].values[statistic].replicates = own
          continue
        }
        let uncertainty = try uncertainty(statistic, [DomainTerm(domain: domain, factor: 1)])
        let error = uncertainty.variance.standardError
        let quantile = quantiles.quantile(
          statistic, domain: domains[domain].key,
          share: (share.estimate, error, uncertainty.degreesOfFreedom, Double(share.count)), level: level)
        let slope = error > 0 ? quantile.standardError / error : quantile.standardError
        replaced.domains[domain].values[statistic].estimate = quantile.estimate
        replaced.domains[domain].values[statistic].replicates = share.replicates.map {
          quantile.estimate + slope * ($0 - share.estimate)
        }
        replaced.domains[domain].values[statistic].limits = (quantile.low, quantile.high)
      }
    }
    return replaced
  }

  private static func notes(_ fit: Question, _ domains: [Domain]) -> [Note] {
    var notes = [
      Note(
        "replicate_variance",
        "variances are those of \(fit.variance.count) \(fit.design.method.name) replicates about "
          + (fit.variance.centre == .estimate ? "the full-sample estimate" : "the mean of the replicates"))
    ]
    let undefined = domains.reduce(0) { sum, domain in
      sum + domain.values.count { value in value.estimate.isFinite && !value.replicates.allSatisfy(\.isFinite) }
    }
    if undefined > 0 {
      notes.append(
        Note(
          "replicates_without_estimate",
          "\(undefined) estimates have no standard error, for some replicates give all their rows a weight of zero"))
    }
    return notes
  }
}

extension ReplicateEstimates.Domain {
  /// With the estimates that an earlier pass has found in the place of what totals give.
  fileprivate func knowing(_ statistics: [Statistic]) -> ReplicateEstimates.Domain {
    var domain = self
    for (index, statistic) in statistics.enumerated() {
      guard let known = statistic.known else { continue }
      domain.values[index].estimate = known[key] ?? .nan
      domain.values[index].replicates =
        statistic.knownReplicates[key] ?? domain.values[index].replicates.map { _ in .nan }
    }
    return domain
  }
}

extension ReplicateEstimates.Value {
  /// - Parameters:
  ///   - totals: by total and set of weights.
  ///   - squares: Σ w x² about the shift.
  init(_ statistic: Statistic, totals: [Double], sets: Int, count: Double, missing: Double, squares: Double) {
    let width = totals.count / sets
    var values: [Double] = []
    values.reserveCapacity(sets)
    var own = [Double](repeating: 0, count: width)
    for set in 0..<sets {
      for index in 0..<width { own[index] = totals[index * sets + set] }
      values.append(statistic.function(own, count: count))
    }
    self.totals = totals
    estimate = values[0]
    replicates = Array(values.dropFirst())
    self.count = Int(count)
    self.missing = Int(missing)
    simpleVariance = statistic.comparison?.variance(
      numerator: totals[0], weight: totals[min(sets, totals.count - 1)], squares: squares, count: count)
  }
}

extension ReplicateVariance {
  /// The variance in units in which no square overflows.
  func scaledVariance(of replicates: [Double], estimate: Double) -> ScaledVariance {
    let scale = ScaledVariance.scale(of: replicates.map { $0 - estimate })
    if scale == 1 {
      return ScaledVariance(variance: variance(of: replicates, estimate: estimate), scale: 1)
    }
    return ScaledVariance(
      variance: variance(of: replicates.map { ($0 - estimate) / scale }, estimate: 0), scale: scale)
  }
}
