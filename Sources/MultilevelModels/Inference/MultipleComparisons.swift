import Probability

extension InferenceOptions {
  /// How p-values and intervals of many differences take their number into account.
  public enum Adjustment: String, Sendable, Codable, CaseIterable {
    case none
    case bonferroni
    /// Holm (1979); its intervals are Bonferroni's.
    case holm
    /// By the studentized range of as many means (Tukey 1953), exact for equal and independent errors.
    case tukey
  }
}

extension [MixedModelResult.FixedEffectRow] {
  /// The rows, all differences of some means, with p-values and intervals adjusted.
  ///
  /// - Parameter means: how many means they are the differences of.
  func adjusted(_ adjustment: InferenceOptions.Adjustment, means: Int, level: Double) -> Self {
    guard count > 1, adjustment != .none else { return self }
    var rows = self
    let order = indices.sorted { self[$0].pValue < self[$1].pValue }
    var largest = 0.0
    for (place, index) in order.enumerated() {
      let row = self[index]
      let df = row.degreesOfFreedom ?? .infinity
      let range = StudentizedRange(groups: means, df: df)
      var critical = StudentT(df: df).criticalValue(level: 1 - (1 - level) / Double(count))
      switch adjustment {
      case .none: break
      case .bonferroni: rows[index].pValue = Swift.min(1, Double(count) * row.pValue)
      case .holm:
        largest = Swift.max(largest, Swift.min(1, Double(count - place) * row.pValue))
        rows[index].pValue = largest
      case .tukey:
        rows[index].pValue = range.survival(2.0.squareRoot() * row.statistic.magnitude)
        critical = range.upperQuantile(1 - level) / 2.0.squareRoot()
      }
      rows[index].confidenceLow = row.estimate - critical * row.standardError
      rows[index].confidenceHigh = row.estimate + critical * row.standardError
    }
    return rows
  }
}
