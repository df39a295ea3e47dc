import Probability

/// The prediction of one effect of one group, as value-added tables and caterpillar plots show it.
public struct GroupPrediction: Sendable, Hashable, Codable {
  public var group: String
  public var unit: String
  /// The group's rows.
  public var count: Int
  public var term: String
  /// The conditional mode (BLUP).
  public var estimate: Double
  /// The standard deviation given the data, the fixed effects and the variances.
  public var standardError: Double
  /// The standard deviation of the prediction error, which takes in that the fixed effects are estimated; nil for crossed
  /// factors.
  public var predictionError: Double?
  /// 1 for the greatest; ties share the smallest rank.
  public var rank: Int
  /// Of the group by itself.
  public var confidenceLow: Double
  public var confidenceHigh: Double
  /// 1.39 standard errors to each side: where errors are alike, two groups whose intervals do not overlap differ at the 5%
  /// level (Goldstein and Healy 1995).
  public var comparisonLow: Double
  public var comparisonHigh: Double

  enum CodingKeys: String, CodingKey {
    case group, unit
    case count = "n"
    case term, estimate
    case standardError = "std_error"
    case predictionError = "prediction_error"
    case rank
    case confidenceLow = "conf_low"
    case confidenceHigh = "conf_high"
    case comparisonLow = "comparison_low"
    case comparisonHigh = "comparison_high"
  }
}

extension MixedModel {
  /// The random effects of all groups with intervals and ranks, by factor from the lowest, then by effect.
  ///
  /// - Complexity: O(groups · columns²), and the sorting of the groups.
  public func groupPredictions() throws(ImmerseError) -> [GroupPrediction] {
    let critical = Normal.upperQuantile((1 - request.level) / 2)
    let comparison = 1.39
    return try conditionalModes().flatMap { factor in
      factor.terms.indices.flatMap { effect in
        let (values, errors) = (factor.modes[effect], factor.standardDeviations[effect])
        let ranks = Self.ranks(values)
        return values.indices.map { group in
          GroupPrediction(
            group: factor.group, unit: factor.groups[group], count: factor.rowCounts[group],
            term: factor.terms[effect], estimate: values[group], standardError: errors[group],
            predictionError: factor.predictionErrors?[effect][group],
            rank: ranks[group], confidenceLow: values[group] - critical * errors[group],
            confidenceHigh: values[group] + critical * errors[group],
            comparisonLow: values[group] - comparison * errors[group],
            comparisonHigh: values[group] + comparison * errors[group])
        }
      }
    }
  }

  private static func ranks(_ values: [Double]) -> [Int] {
    var ranks = [Int](repeating: 0, count: values.count)
    let order = values.indices.sorted { values[$0] > values[$1] }
    for (place, group) in order.enumerated() {
      let isTie = place > 0 && values[order[place - 1]] == values[group]
      ranks[group] = isTie ? ranks[order[place - 1]] : place + 1
    }
    return ranks
  }
}
