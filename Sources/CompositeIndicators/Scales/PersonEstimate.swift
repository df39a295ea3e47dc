import Numerics

/// An estimate of θ with its standard error.
public struct PersonEstimate: Sendable, Equatable {
  public var theta: Double
  public var standardError: Double
}

extension PersonEstimate {
  /// Warm's weighted likelihood estimate: the root of Σ a (x - E) + J / 2I, with information I = Σ a² Var and
  /// J = dI/dθ = Σ a³ κ₃; the standard error is I^(-1/2).
  ///
  /// The left side is positive far below and negative far above the items, whatever was answered, so that a root lies in
  /// between; Newton's steps are kept inside a shrinking bracket. O(answered categories) an iteration.
  ///
  /// - Parameter categories: the category of each answered item.
  init(weightedLikelihood curves: [ItemCurve], categories: [Int]) {
    var information = 0.0
    /// The estimating function and its derivative.
    func equation(_ theta: Double) -> (value: Double, slope: Double) {
      var (score, i, j, k) = (0.0, 0.0, 0.0, 0.0)
      for (curve, category) in zip(curves, categories) {
        let c = curve.cumulants(theta)
        let a = curve.slope
        score += a * (Double(category) - c.mean)
        i += a * a * c.variance
        j += a * a * a * c.third
        k += a * a * a * a * c.fourth
      }
      information = i
      return (score + j / (2 * i), -i + (k * i - j * j) / (2 * i * i))
    }
    var (low, high) = (-1.0, 1.0)
    while low > -1e6 && !(equation(low).value > 0) { low *= 2 }
    while high < 1e6 && !(equation(high).value < 0) { high *= 2 }
    var theta = 0.0
    for _ in 0..<200 {
      let (value, slope) = equation(theta)
      if value > 0 { low = theta } else { high = theta }
      let newton = theta - value / slope
      let next = newton > low && newton < high ? newton : (low + high) / 2
      let isDone = (next - theta).magnitude <= 1e-14 * max(1, theta.magnitude)
      theta = next
      if isDone { break }
    }
    _ = equation(theta)
    self.init(theta: theta, standardError: 1 / information.squareRoot())
  }
}

/// Equally spaced points with the normal density on them, renormalised to sum to 1.
struct Quadrature: Sendable {
  let nodes: [Double]
  let logWeights: [Double]

  /// - Parameter reach: standard deviations to each side of the mean.
  init(mean: Double, sd: Double, points: Int = 61, reach: Double = 6) {
    let steps = (0..<points).map { -reach + 2 * reach * Double($0) / Double(points - 1) }
    let total = steps.reduce(0) { $0 + Double.exp(-$1 * $1 / 2) }
    nodes = steps.map { mean + sd * $0 }
    logWeights = steps.map { -$0 * $0 / 2 - Double.log(total) }
  }
}

/// Posterior means under a normal population, from a table of log probabilities on the quadrature points.
struct PosteriorMeans: Sendable {
  private let quadrature: Quadrature
  /// For each item, category by category, one value for each point.
  private let tables: [[[Double]]]

  init(_ curves: [ItemCurve], _ population: ResponseScale.Moments) {
    let quadrature = Quadrature(mean: population.mean, sd: population.sd)
    self.quadrature = quadrature
    tables = curves.map { curve in
      let byPoint = quadrature.nodes.map { curve.logProbabilities($0) }
      return curve.offsets.indices.map { category in byPoint.map { $0[category] } }
    }
  }

  /// The posterior mean and standard deviation.
  ///
  /// - Parameter answers: item and category of each answer.
  func estimate(_ answers: [(item: Int, category: Int)]) -> PersonEstimate {
    var posterior = quadrature.logWeights
    for answer in answers {
      let table = tables[answer.item][answer.category]
      for point in posterior.indices { posterior[point] += table[point] }
    }
    let largest = posterior.max() ?? 0
    var (total, first) = (0.0, 0.0)
    for point in posterior.indices {
      posterior[point] = Double.exp(posterior[point] - largest)
      total += posterior[point]
      first += posterior[point] * quadrature.nodes[point]
    }
    let mean = first / total
    let squares = posterior.indices.reduce(0) {
      $0 + posterior[$1] * (quadrature.nodes[$1] - mean) * (quadrature.nodes[$1] - mean)
    }
    return PersonEstimate(theta: mean, standardError: (squares / total).squareRoot())
  }
}
