import Columnar

/// Estimates of statistics in domains, and the variance of linear combinations of them: all that result rows are made
/// of, whether linearisation or replicates give the variance.
protocol DomainEstimates {
  /// In ascending order; elsewhere a domain is named by its position here.
  var domainKeys: [Int] { get }
  /// NaN where there is none.
  func estimate(_ statistic: Int, _ domain: Int) -> Double
  /// Rows used.
  func count(_ statistic: Int, _ domain: Int) -> Int
  /// Rows of the domain that lack the statistic.
  func missing(_ statistic: Int, _ domain: Int) -> Int
  /// The variance a simple random sample of as many rows would have; nil where that is no comparison.
  func simpleVariance(_ statistic: Int, _ domain: Int) -> Double?
  /// The confidence interval, where it does not follow from the estimate and its variance; a limit may be NaN.
  func limits(_ statistic: Int, _ domain: Int) -> (low: Double, high: Double)?
  /// Distinct first-stage units with a row in the domain; rows where there are no such units.
  func units(_ domain: Int) -> Int
  /// The independent sample a domain lies in, such as that of its country; one and the same where there is one.
  func sample(_ domain: Int) -> String
  /// Under each replicate; nil where the variance is not that of replicates.
  func replicates(_ statistic: Int, _ domain: Int) -> [Double]?
  /// Of a combination of domains of one sample.
  ///
  /// - Throws: `badData` where the design leaves the variance undefined and says to fail.
  func uncertainty(_ statistic: Int, _ terms: [DomainTerm]) throws(ImmerseError) -> Uncertainty

  /// The totals of the first statistic, where something else is made of them.
  ///
  /// - Throws: `failure` where the design's degrees of freedom cannot be computed.
  func totals(_ domain: Int) throws(ImmerseError) -> DomainTotals

  var summary: DesignSummary { get }
  /// What a reader must know of the design.
  var designNotes: [Note] { get }
  /// Rows of the condition that lack a group.
  var ungrouped: Int { get }
  /// The first source row that lacks a statistic or a group, by statistic and last the groups; `Int.max` where none.
  var firstMissing: [Int] { get }
}

extension DomainEstimates {
  func sample(_ domain: Int) -> String { "" }
  func replicates(_ statistic: Int, _ domain: Int) -> [Double]? { nil }
}

/// One term of a linear combination of domains.
struct DomainTerm {
  let domain: Int
  let factor: Double
}

/// The variance of an estimate, and its degrees of freedom: infinite for a normal, 0 for none.
struct Uncertainty {
  var variance: ScaledVariance
  var degreesOfFreedom: Double
}
