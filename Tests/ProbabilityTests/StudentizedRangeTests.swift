import Probability
import TestSupport
import Testing

@Suite struct StudentizedRangeTests {
  /// R 4.2.2: `ptukey(q, k, df, lower.tail = FALSE)` and `qtukey`.
  @Test func tailsAndQuantilesAreThoseOfR() {
    for (q, k, df, p) in [
      (3.5, 3, 20.0, 0.0558918490820594), (2.2, 6, 7.5, 0.644942877531283), (5, 10, 3, 0.245316909830851),
      (4.3, 4, 1e3, 0.0129283469367962), (3.31449, 3, 1e9, 0.0500002823243564),
    ] {
      expectClose(StudentizedRange(groups: k, df: df).survival(q), p, relative: 1e-8, "\(q) \(k) \(df)")
    }
    for (level, k, df, q) in [
      (0.95, 3, 20.0, 3.57793458152557), (0.99, 5, 8.25, 6.54759616684511), (0.9, 12, 60, 4.42081177650231),
    ] {
      expectClose(
        StudentizedRange(groups: k, df: df).upperQuantile(1 - level), q, relative: 1e-6, "\(level) \(k) \(df)")
    }
  }

  /// Of two means it is Student's t, times √2.
  @Test func ofTwoMeansItIsStudents() {
    for df in [1.0, 2.5, 30, .infinity] {
      for t in [0.3, 1.7, 4.0] {
        let range = StudentizedRange(groups: 2, df: df)
        let p = StudentT(df: df).twoSided(t)
        expectClose(range.survival(2.0.squareRoot() * t), p, absolute: 1e-11, "\(df) \(t)")
        expectClose(range.upperQuantile(p), 2.0.squareRoot() * t, relative: 1e-7, "\(df) \(t)")
      }
    }
  }
}
