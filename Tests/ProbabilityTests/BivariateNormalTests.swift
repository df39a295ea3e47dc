import Probability
import TestSupport
import Testing

@Suite struct BivariateNormalTests {
  /// R 4.2.2, mvtnorm 1.1.3, TVPACK: `pmvnorm(upper = c(x, y), corr = ...)`.
  @Test(arguments: [
    (0.5, -1, 0.4, 0.1400782182842036),
    (-2, -1.5, -0.3, 0.0002394999482198607),
    (1.2, 0.3, 0.85, 0.6144093910135668),
    (-1, 2, -0.7, 0.1402198541940397),
    (-3, -3, 0.6, 0.0001396552744597047),
    (0.1, -0.2, 0.94, 0.4058580249389918),
  ])
  func agreesWithMvtnorm(x: Double, y: Double, correlation: Double, expected: Double) {
    expectClose(BivariateNormal.cdf(x, y, correlation: correlation), expected, relative: 1e-12, absolute: 1e-14)
  }

  /// At the origin 1/4 + arcsin(ρ) / 2π.
  @Test(arguments: [-0.95, -0.5, 0, 0.3, 0.9])
  func origin(correlation: Double) {
    // The arcsine of these, to sixteen digits.
    let arcsine = [
      -0.95: -1.2532358975033751, -0.5: -0.5235987755982989, 0: 0, 0.3: 0.30469265401539752, 0.9: 1.1197695149986342,
    ]
    expectClose(
      BivariateNormal.cdf(0, 0, correlation: correlation), 0.25 + (arcsine[correlation] ?? .nan) / (2 * .pi),
      relative: 1e-13)
  }

  @Test func limits() {
    #expect(BivariateNormal.cdf(.infinity, .infinity, correlation: 0.5) == 1)
    #expect(BivariateNormal.cdf(-.infinity, 1, correlation: 0.5) == 0)
    #expect(BivariateNormal.cdf(.infinity, 1, correlation: 0.5) == Normal.cdf(1))
    #expect(BivariateNormal.cdf(0, 0, correlation: 1).isNaN)
    // The density is the derivative with respect to the correlation.
    let (x, y, rho, h) = (0.4, -0.7, 0.35, 1e-5)
    let slope =
      (BivariateNormal.cdf(x, y, correlation: rho + h) - BivariateNormal.cdf(x, y, correlation: rho - h)) / (2 * h)
    expectClose(BivariateNormal.density(x, y, correlation: rho), slope, relative: 1e-8)
  }
}
