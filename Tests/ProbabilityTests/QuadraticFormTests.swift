import Numerics
import Probability
import TestSupport
import Testing

/// Tails of weighted sums of chi-squared variables against closed forms and the saddlepoint function of R survey.
struct QuadraticFormTests {
  /// Equal weights make the ratio q F(q, ν).
  @Test(arguments: [(1, 3.0), (2, 14), (5, 7.5), (9, 500), (3, 40_000)])
  func equalWeightsAreAnF(count: Int, df: Double) {
    let f = FDistribution(df1: Double(count), df2: df)
    for x in [0.01, 0.5, 1, 2.5, 6] {
      let form = QuadraticForm(
        exceeding: x * Double(count) * 1.7, weights: Array(repeating: 1.7, count: count), over: df)
      expectClose(form.upperTail, f.survival(x), relative: 0, absolute: 2e-12, "q \(count), df \(df), x \(x)")
    }
  }

  /// Two weights with two degrees of freedom each: Σ is hypoexponential, whose tail at a chi-squared multiple is known.
  @Test(arguments: [2.0, 11, 20.9])
  func pairsAreHypoexponential(df: Double) {
    let (a, b) = (2.3, 0.4)
    for x in [0.2, 1, 5, 20] {
      func part(_ weight: Double) -> Double { weight * .pow(1 + x / (df * weight), -df / 2) }
      let expected = (part(a) - part(b)) / (a - b)
      let form = QuadraticForm(exceeding: x, weights: [a, b, a, b], over: df)
      expectClose(form.upperTail, expected, relative: 0, absolute: 2e-12, "df \(df), x \(x)")
    }
  }

  /// The saddlepoint approximation is within a tenth of the exact tail, also where that is tiny.
  @Test func saddlepointIsNearTheExactTail() throws {
    for x in [4.0, 8, 30] {
      let form = QuadraticForm(exceeding: x, weights: [1.4, 0.6], over: 12)
      let approximate = try #require(form.saddlepointTail)
      expectClose(approximate, form.upperTail, relative: 0.1)
    }
  }

  @Test func emptyAndInfiniteFormsHaveNoTail() {
    let none = QuadraticForm([]).upperTail
    let infinite = QuadraticForm([(.infinity, 1)]).upperTail
    #expect(none.isNaN && infinite.isNaN)
  }
}
