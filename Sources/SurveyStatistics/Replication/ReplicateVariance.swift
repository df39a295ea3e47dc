import LinearAlgebra

/// How replicate estimates θ_r become a variance:
///
///     v = scale · Σ_r scales_r (θ_r − c)²
///
/// with c the mean of the replicates whose scale is not zero, or the estimate from the full sample.
public struct ReplicateVariance: Sendable, Hashable {
  public enum Centre: String, Sendable, Hashable, Codable {
    case replicateMean = "replicate_mean"
    case estimate
  }

  public var scale: Double
  /// One a replicate.
  public var scales: [Double]
  public var centre: Centre

  public init(scale: Double, scales: [Double], centre: Centre = .replicateMean) {
    self.scale = scale
    self.scales = scales
    self.centre = centre
  }

  public var count: Int { scales.count }

  /// The variance of an estimate, given it from the full sample and from every replicate. NaN where a replicate has no
  /// estimate. O(replicates).
  public func variance(of replicates: some Collection<Double>, estimate: Double) -> Double {
    let centre = centre(of: replicates, estimate: estimate)
    var sum = 0.0
    for (value, scale) in zip(replicates, scales) {
      let deviation = value - centre
      sum += scale * deviation * deviation
    }
    return scale * sum
  }

  func centre(of replicates: some Collection<Double>, estimate: Double) -> Double {
    guard centre == .replicateMean else { return estimate }
    var (sum, count) = (0.0, 0.0)
    for (value, scale) in zip(replicates, scales) where scale > 0 {
      // Deviations from the estimate, so that a large estimate costs no digits.
      sum += value - estimate
      count += 1
    }
    return count > 0 ? estimate + sum / count : estimate
  }
  /// The covariance matrix of several estimates, given each replicate's. O(replicates × estimates²).
  func covariance(of replicates: [[Double]], about estimates: [Double]) -> Matrix {
    let centres = estimates.indices.map { k in centre(of: replicates.map { $0[k] }, estimate: estimates[k]) }
    var matrix = Matrix(rows: estimates.count, columns: estimates.count)
    for (own, rscale) in zip(replicates, scales) {
      let deviations = zip(own, centres).map { $0 - $1 }
      for i in deviations.indices {
        for j in deviations.indices { matrix[i, j] += scale * rscale * deviations[i] * deviations[j] }
      }
    }
    return matrix
  }
}
