import Probability

/// Estimates of Sobol' indices from two base samples A, B and, for each factor, A with that factor's column from B.
///
/// First order: mean(y_B (y_AB - y_A)) / V, Saltelli et al. (2010), Computer Physics Communications 181, 259-270,
/// equation (b) of table 2. Total order: mean((y_A - y_AB)²) / 2 V, Jansen (1999), ibid. 117, 35-43.
public struct SobolEstimate: Sendable, Equatable {
  /// The variance V in the denominators.
  public enum Divisor: Sendable {
    /// n, as SALib.
    case population
    /// n - 1, as COINr.
    case sample
  }

  public struct Index: Sendable, Equatable {
    public var firstOrder: Double
    public var totalOrder: Double
    /// Standard errors by the bootstrap; nil where none was asked for.
    public var firstOrderError: Double?
    public var totalOrderError: Double?
  }

  /// Over both base samples.
  public let variance: Double
  public let factors: [Index]

  /// - Parameters:
  ///   - a, b: the outputs of the base samples.
  ///   - ab: one list for each factor.
  ///   - resamples: bootstrap resamples of whole rows (A, B and all AB together), drawn from the seed.
  /// - Precondition: all lists have the same length, which is not zero.
  public init(
    a: [Double], b: [Double], ab: [[Double]], divisor: Divisor = .population, resamples: Int = 0, seed: UInt64 = 1
  ) {
    precondition(!a.isEmpty && ([b] + ab).allSatisfy { $0.count == a.count }, "samples of the same length")
    let rows = Array(a.indices)
    variance = Self.variance(a, b, rows, divisor)
    var indices = Self.indices(a, b, ab, rows, variance)
    if resamples > 1 {
      let streams = RandomStreams(seed: seed, purpose: "sobol bootstrap")
      var replicates: [[Index]] = []
      for resample in 0..<resamples {
        var stream = streams[resample]
        let rows = rows.map { _ in stream.below(a.count) }
        replicates.append(Self.indices(a, b, ab, rows, Self.variance(a, b, rows, divisor)))
      }
      for factor in indices.indices {
        indices[factor].firstOrderError = standardDeviation(replicates.map { $0[factor].firstOrder })
        indices[factor].totalOrderError = standardDeviation(replicates.map { $0[factor].totalOrder })
      }
    }
    factors = indices
  }

  private static func variance(_ a: [Double], _ b: [Double], _ rows: [Int], _ divisor: Divisor) -> Double {
    let count = Double(2 * rows.count)
    let mean = rows.reduce(0) { $0 + a[$1] + b[$1] } / count
    let squares = rows.reduce(0) { $0 + (a[$1] - mean) * (a[$1] - mean) + (b[$1] - mean) * (b[$1] - mean) }
    return squares / (divisor == .population ? count : count - 1)
  }

  private static func indices(
    _ a: [Double], _ b: [Double], _ ab: [[Double]], _ rows: [Int], _ variance: Double
  ) -> [Index] {
    ab.map { ab in
      var (first, total) = (0.0, 0.0)
      for row in rows {
        first += b[row] * (ab[row] - a[row])
        total += (a[row] - ab[row]) * (a[row] - ab[row])
      }
      let scale = Double(rows.count) * variance
      return variance > 0
        ? Index(firstOrder: first / scale, totalOrder: total / (2 * scale)) : Index(firstOrder: 0, totalOrder: 0)
    }
  }
}

/// With divisor n - 1.
private func standardDeviation(_ values: [Double]) -> Double {
  let mean = values.reduce(0, +) / Double(values.count)
  let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return (squares / Double(values.count - 1)).squareRoot()
}
