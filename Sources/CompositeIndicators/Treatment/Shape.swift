/// Skewness and excess kurtosis of a sample, both of type 2: as SAS, SPSS and COINr print them.
///
/// Source: Joanes and Gill (1998), The Statistician 47, 183-189, G1 and G2.
public struct Shape: Codable, Sendable, Equatable {
  /// Nil for fewer than three values or no spread.
  public let skewness: Double?
  /// Nil for fewer than four values or no spread.
  public let kurtosis: Double?

  enum CodingKeys: String, CodingKey { case skewness, kurtosis }

  /// The shape of sorted values with those before `low` and from `high` on replaced by the nearest value kept. O(n).
  init(sorted values: [Double], low: Int, high: Int) {
    let n = Double(values.count)
    guard values.count >= 3, low < high else {
      skewness = nil
      kurtosis = nil
      return
    }
    let (minimum, maximum) = (values[low], values[high - 1])
    let (below, above) = (Double(low), Double(values.count - high))
    var sum = below * minimum + above * maximum
    for index in low..<high { sum += values[index] }
    let mean = sum / n
    var (s2, s3, s4) = (0.0, 0.0, 0.0)
    func add(_ value: Double, times count: Double) {
      let d = value - mean
      let d2 = d * d
      s2 += count * d2
      s3 += count * d2 * d
      s4 += count * d2 * d2
    }
    add(minimum, times: below)
    add(maximum, times: above)
    for index in low..<high { add(values[index], times: 1) }
    guard s2 > 0, minimum < maximum else {
      skewness = nil
      kurtosis = nil
      return
    }
    let g1 = n.squareRoot() * s3 / (s2 * s2.squareRoot())
    skewness = g1 * (n * (n - 1)).squareRoot() / (n - 2)
    guard values.count >= 4 else {
      kurtosis = nil
      return
    }
    let g2 = n * s4 / (s2 * s2) - 3
    kurtosis = ((n + 1) * g2 + 6) * (n - 1) / ((n - 2) * (n - 3))
  }

  public init(_ values: some Sequence<Double>) {
    let sorted = values.filter { $0 == $0 }.sorted()
    self.init(sorted: sorted, low: 0, high: sorted.count)
  }

  /// Whether the distribution is acceptable: |skewness| or kurtosis below its limit. Undefined shapes pass.
  func passes(skewness skewnessLimit: Double, kurtosis kurtosisLimit: Double) -> Bool {
    guard let skewness, let kurtosis else { return true }
    return skewness.magnitude < skewnessLimit || kurtosis < kurtosisLimit
  }
}
