import Columnar
import Probability

/// What turns estimated shares at or below a quantile into the quantile's interval (Woodruff 1952, Journal of the American
/// Statistical Association 47, 635-646).
///
/// The interval of the share is centred at the share itself, not at p, and mapped back by the quantile's own rule. The
/// standard error is the interval's length over twice its critical value; a limit outside [0, 1] leaves it undefined.
struct QuantileEstimates: Sendable {
  let probabilities: [Double]
  let rule: QuantileRule
  let interval: ProportionInterval
  /// By variable and domain.
  let distributions: [[Int: WeightedDistribution]]
  /// By variable and domain, of every probability the quantiles of the replicates; empty where they have none.
  let replicates: [[Int: [[Double]]]]
  /// By variable and probability, and domain, where they are those of a score test; empty for Woodruff's.
  let scoreLimits: [[Int: (low: Double, high: Double)]]

  init(
    _ request: EstimateRequest, _ distributions: [[Int: WeightedDistribution]], replicates: [[Int: [[Double]]]] = [],
    scoreLimits: [[Int: (low: Double, high: Double)]] = []
  ) {
    self.scoreLimits = scoreLimits
    probabilities = request.probabilities
    rule = request.rule
    interval = request.interval
    self.distributions = distributions
    self.replicates = replicates
  }

  func estimate(_ statistic: Int, domain: Int) -> Double {
    let (variable, index) = statistic.quotientAndRemainder(dividingBy: probabilities.count)
    return distributions[variable][domain]?.quantile(probabilities[index], by: rule) ?? .nan
  }

  /// The replicates' own quantiles, where they were asked for.
  func replicates(_ statistic: Int, domain: Int) -> [Double]? {
    let (variable, index) = statistic.quotientAndRemainder(dividingBy: probabilities.count)
    return replicates.isEmpty ? nil : replicates[variable][domain]?[index]
  }

  /// The statistics of a request: the share at or below each variable's quantile, by variable and probability.
  func statistics(_ names: [String]) -> [Statistic] {
    names.indices.flatMap { index in
      probabilities.map { p in
        let thresholds = distributions[index].mapValues { $0.quantile(p, by: rule) }
        return Statistic(
          term: names[index], terms: .atMost(names[index], .byDomain(thresholds)),
          function: .quotient(shift: 0), comparison: nil, probability: p)
      }
    }
  }

  /// The quantile with its interval, from the share at or below it.
  ///
  /// - Parameter share: with its standard error and degrees of freedom.
  func quantile(
    _ statistic: Int, domain: Int, share: (estimate: Double, standardError: Double, df: Double, count: Double),
    level: Double
  ) -> (estimate: Double, standardError: Double, low: Double, high: Double) {
    let estimate = estimate(statistic, domain: domain)
    guard let distribution = distributions[statistic / probabilities.count][domain] else {
      return (.nan, .nan, .nan, .nan)
    }
    if !scoreLimits.isEmpty {
      let (low, high) = scoreLimits[statistic][domain] ?? (.nan, .nan)
      guard share.df > 0 else { return (estimate, .nan, .nan, .nan) }
      return (estimate, (high - low) / (2 * StudentT(df: share.df).criticalValue(level: level)), low, high)
    }
    // At a share of 0 or 1 the transformations are at their end, where the interval is the share itself.
    let isEnd = share.standardError == 0
    let limits =
      isEnd
      ? (low: share.estimate, high: share.estimate)
      : interval.limits(
        of: share.estimate, standardError: share.standardError, degreesOfFreedom: share.df, count: share.count,
        level: level)
    guard let limits, share.df > 0 else { return (estimate, .nan, .nan, .nan) }
    // Rounding may carry a share just past 1.
    let low = limits.low < -1e-12 ? .nan : distribution.quantile(limits.low, by: rule)
    let high = limits.high > 1 + 1e-12 ? .nan : distribution.quantile(limits.high, by: rule)
    let t = StudentT(df: share.df).criticalValue(level: level)
    return (estimate, (high - low) / (2 * t), low, high)
  }
}

/// The value at or below which rows are counted.
enum Thresholds: Sendable, Hashable {
  case everywhere(Double)
  case byDomain([Int: Double])

  /// 1 where the value is at or below its domain's threshold, 0 where above, NaN where it is missing.
  func indicators(_ values: Buffer<Double>, _ domains: [Int]) -> Buffer<Double> {
    Buffer(count: values.count) { target in
      values.withUnsafeBufferPointer { values in
        var (key, threshold) = (-1, Double.nan)
        for row in target.indices {
          if row == 0 || domains[row] != key {
            key = domains[row]
            threshold = self[key]
          }
          target[row] = values[row].isNaN ? .nan : values[row] <= threshold ? 1 : 0
        }
      }
    }
  }

  private subscript(domain: Int) -> Double {
    switch self {
    case .everywhere(let value): value
    case .byDomain(let values): values[domain] ?? .nan
    }
  }
}
