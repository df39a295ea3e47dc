import Columnar
public import CompositeIndicators

extension RankComparison {
  /// What stands beside the scores in the common format: how the ranks of other indices differ, as a whole and unit by
  /// unit. None where there is no other index.
  public static func sections(_ comparisons: [(with: String, RankComparison)]) -> [JSONValue.Member] {
    if comparisons.isEmpty { return [] }
    return [
      .init(
        "comparison",
        .array(
          comparisons.map { other, comparison in
            [
              "with": .string(other), "n": .integer(comparison.shifts.count),
              "spearman": JSONValue(comparison.spearman), "kendall": JSONValue(comparison.kendall),
              "mean_rank_shift": JSONValue(comparison.meanAbsoluteShift),
              "largest_rank_shift": .integer(comparison.largestShift),
            ]
          })),
      .init(
        "rank_shifts",
        .array(
          comparisons.flatMap { other, comparison in
            comparison.shifts.map { shift in
              [
                "with": .string(other), "unit": .string(shift.unit), "rank": .integer(shift.first),
                "other_rank": .integer(shift.second), "rank_shift": .integer(shift.shift),
              ]
            }
          })),
    ]
  }
}
