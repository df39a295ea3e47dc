/// The exact variance decomposition of an output known for every combination of the levels of some factors, each
/// combination counting equally.
///
/// First order: the variance of the means at a factor's levels over the total variance. Total order: the mean, over the
/// combinations of the other factors, of the variance a factor causes, over the total variance. Variances are those of
/// a population (divisor n). Sobol' (1993), Mathematical Modelling and Computational Experiments 1, 407-414.
public struct FactorialDecomposition: Sendable, Equatable {
  public let mean: Double
  public let variance: Double
  /// Zero where the output does not vary.
  public let firstOrder: [Double]
  public let totalOrder: [Double]
  /// What two factors do beyond the sum of what each does, by their positions.
  public let interactions: [(first: Int, second: Int, share: Double)]

  /// - Parameters:
  ///   - output: one value for each combination, the last factor running fastest.
  ///   - levels: the number of levels of each factor.
  /// - Precondition: as many values as combinations, and at least one.
  ///
  /// O(values · factors²).
  public init(_ output: [Double], levels: [Int]) {
    precondition(!output.isEmpty && output.count == levels.reduce(1, *), "one value for each combination of levels")
    let count = Double(output.count)
    let mean = output.reduce(0, +) / count
    let centred = output.map { $0 - mean }
    let variance = centred.reduce(0) { $0 + $1 * $1 } / count
    func share(_ part: Double) -> Double { variance > 0 ? part / variance : 0 }
    let strides = levels.indices.map { levels[($0 + 1)...].reduce(1, *) }

    /// The variance of the means over all combinations of the chosen factors.
    func varianceOfMeans(_ factors: [Int]) -> Double {
      var sums = [Double](repeating: 0, count: factors.reduce(1) { $0 * levels[$1] })
      for (cell, value) in centred.enumerated() {
        sums[factors.reduce(0) { $0 * levels[$1] + cell / strides[$1] % levels[$1] }] += value
      }
      let size = count / Double(sums.count)
      return sums.reduce(0) { $0 + ($1 / size) * ($1 / size) } / Double(sums.count)
    }

    let all = Array(levels.indices)
    let single = all.map { varianceOfMeans([$0]) }
    self.mean = mean
    self.variance = variance
    firstOrder = single.map(share)
    totalOrder = all.map { factor in share(max(0, variance - varianceOfMeans(all.filter { $0 != factor }))) }
    interactions = all.flatMap { a in
      all[(a + 1)...].map { b in (a, b, share(varianceOfMeans([a, b]) - single[a] - single[b])) }
    }
  }

  public static func == (a: FactorialDecomposition, b: FactorialDecomposition) -> Bool {
    a.mean == b.mean && a.variance == b.variance && a.firstOrder == b.firstOrder && a.totalOrder == b.totalOrder
      && a.interactions.elementsEqual(b.interactions, by: { $0 == $1 })
  }
}
