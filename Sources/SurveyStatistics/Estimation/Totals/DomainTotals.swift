import Columnar
import LinearAlgebra

/// The totals of one statistic in one domain, with the covariance of linear combinations of them.
struct DomainTotals {
  let totals: [Double]
  /// Rows used, and rows left out because they lack the statistic.
  let count: Int
  let missing: Int
  /// Of the design in the rows used.
  let degreesOfFreedom: Int
  let smallestCell: Estimate.Cell
  private let spread: Spread

  /// What covariances come from.
  private enum Spread {
    case linearised(TotalsVariance, key: Int, cells: [TotalsCell])
    /// By replicate, its totals.
    case replicates(ReplicateVariance, [[Double]])
  }

  init(
    _ partial: TotalsPartial, _ frame: DesignFrame, _ variances: TotalsVariance,
    _ domain: (key: Int, cells: [TotalsCell])
  ) {
    let (key, cells) = domain
    spread = .linearised(variances, key: key, cells: cells)
    var totals = [Double](repeating: 0, count: partial.layout.widths[0])
    var (count, missing) = (0, 0)
    var leaves: [(leaf: Int, rows: Int)] = []
    for cell in cells {
      let record = partial.layout.sums(cell.cell, 0)
      let rows = Int(partial.sums[record])
      count += rows
      missing += Int(partial.sums[record + 1])
      if rows > 0 { leaves.append((cell.leaf, rows)) }
      for index in totals.indices { totals[index] += partial.sums[record + TotalsLayout.head + index] }
    }
    self.totals = totals
    self.count = count
    self.missing = missing
    degreesOfFreedom = frame.degreesOfFreedom(rowsByLeaf: leaves)
    smallestCell = Estimate.Cell(
      count: count, units: frame.parents.isEmpty ? count : Set(leaves.map { frame.psu(ofLeaf: $0.leaf) }).count)
  }

  /// Totals under replicates.
  init(
    _ value: ReplicateEstimates.Value, _ variance: ReplicateVariance, degreesOfFreedom: Int, units: Int
  ) {
    let sets = variance.count + 1
    let width = value.totals.count / sets
    totals = (0..<width).map { value.totals[$0 * sets] }
    spread = .replicates(
      variance, (1..<sets).map { set in (0..<width).map { value.totals[$0 * sets + set] } })
    (count, missing) = (value.count, value.missing)
    self.degreesOfFreedom = degreesOfFreedom
    smallestCell = Estimate.Cell(count: value.count, units: units)
  }

  /// The covariance matrix of g'T for several vectors g.
  ///
  /// - Parameter asShares: whether replicate totals are first brought to the sum of the full sample's, so that g'T is a
  ///   function of shares alone, as R's survey takes it.
  /// - Throws: `badData` where the design leaves a variance undefined.
  func covariance(of gradients: [[Double]], asShares: Bool = false) throws(ImmerseError) -> Matrix {
    switch spread {
    case .linearised(let variances, let key, let cells):
      return try linearisedCovariance(of: gradients, variances, key, cells)
    case .replicates(let variance, let replicates):
      let sum = totals.reduce(0, +)
      func value(_ gradient: [Double], _ own: [Double]) -> Double {
        let value = zip(gradient, own).reduce(0) { $0 + $1.0 * $1.1 }
        return asShares ? value * sum / own.reduce(0, +) : value
      }
      return variance.covariance(
        of: replicates.map { own in gradients.map { value($0, own) } }, about: gradients.map { value($0, totals) })
    }
  }

  /// The covariance of estimates of which each replicate has its own, such as a model's coefficients.
  func covariance(ofReplicates values: [[Double]], about estimates: [Double]) -> Matrix? {
    guard case .replicates(let variance, _) = spread else { return nil }
    return variance.covariance(of: values, about: estimates)
  }

  /// Each variance by the design, and each covariance from the variances of the sum and the difference of the two in
  /// units of their standard errors.
  private func linearisedCovariance(
    of gradients: [[Double]], _ variances: TotalsVariance, _ key: Int, _ cells: [TotalsCell]
  ) throws(ImmerseError) -> Matrix {
    func error(_ gradient: [Double]) throws(ImmerseError) -> Double {
      try variances.variance(
        of: [TotalsVariance.Part(statistic: 0, domain: key, cells: cells, factor: 1, gradient: gradient)]
      ).standardError
    }
    let errors = try gradients.map { g throws(ImmerseError) in try error(g) }
    var matrix = Matrix(diagonal: errors.map { $0 * $0 })
    for i in gradients.indices where errors[i] > 0 {
      for j in 0..<i where errors[j] > 0 {
        let sum = try error(zip(gradients[i], gradients[j]).map { $0 / errors[i] + $1 / errors[j] })
        let difference = try error(zip(gradients[i], gradients[j]).map { $0 / errors[i] - $1 / errors[j] })
        let covariance = (sum * sum - difference * difference) / 4 * errors[i] * errors[j]
        matrix[i, j] = covariance
        matrix[j, i] = covariance
      }
    }
    return matrix
  }
}

/// What is made of the totals where it is not a row for each statistic and domain: a model or a test.
protocol Conclusion: Sendable {
  /// - Throws: `badData` where the rows do not allow the analysis.
  func conclude(_ domain: DomainTotals, by groups: [Group], level: Double) throws(ImmerseError) -> Concluded
  var notes: [Note] { get }
  var hasConverged: Bool { get }
}

/// What a conclusion comes to in one domain.
struct Concluded {
  var rows: [Estimate]
  var covariance: Covariance?
  var tests: [TermTest] = []
}
