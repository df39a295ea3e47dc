import Probability
import TestSupport
import Testing

/// `Normal` as a value, to run through the same table as the others.
private struct StandardNormal: Distribution {
  func cdf(_ x: Double) -> Double { Normal.cdf(x) }
  func survival(_ x: Double) -> Double { Normal.survival(x) }
  func quantile(_ p: Double) -> Double { Normal.quantile(p) }
  func upperQuantile(_ p: Double) -> Double { Normal.upperQuantile(p) }
}

private func distribution(_ name: String, _ parameters: [Double]) -> (any Distribution)? {
  switch (name, parameters.count) {
  case ("normal", 0): StandardNormal()
  case ("student_t", 1): StudentT(df: parameters[0])
  case ("chi_squared", 1): ChiSquared(df: parameters[0])
  case ("f", 2): FDistribution(df1: parameters[0], df2: parameters[1])
  case ("beta", 2): BetaDistribution(parameters[0], parameters[1])
  default: nil
  }
}

@Suite struct DistributionTests {
  @Test(arguments: ["normal", "student_t", "chi_squared", "f", "beta"])
  func tailsAgreeWithR(_ name: String) throws {
    let golden = try GoldenJSON(TestFiles.golden("probability/tails.json"))
    let entries = golden[name].list
    let hasEntries = !entries.isEmpty
    #expect(hasEntries)
    for entry in entries {
      let parameters = try entry["parameters"].numbers
      let subject = try #require(distribution(name, parameters))
      let label = "\(name)\(parameters)"
      let x = try entry["x"].numbers
      let p = try entry["p"].numbers
      expectClose(x.map(subject.cdf), try entry["cdf"].numbers, relative: 1e-12, "\(label) cdf")
      expectClose(x.map(subject.survival), try entry["survival"].numbers, relative: 1e-12, "\(label) survival")
      expectClose(
        p.map(subject.quantile), try entry["quantile"].numbers, relative: 1e-12, "\(label) quantile")
      expectClose(
        p.map(subject.upperQuantile), try entry["upper_quantile"].numbers, relative: 1e-12,
        "\(label) upper quantile")
    }
  }

  @Test func infiniteDegreesOfFreedomAreTheLimits() {
    let t = StudentT(df: .infinity)
    expectClose(t.survival(1.96), Normal.survival(1.96))
    expectClose(t.criticalValue(level: 0.95), 1.959963984540054, relative: 1e-14)
    expectClose(StudentT(df: 1e12).quantile(0.01), Normal.quantile(0.01), relative: 1e-10)
    let oneInfinite = FDistribution(df1: 3, df2: .infinity)
    expectClose(oneInfinite.survival(2.5), ChiSquared(df: 3).survival(7.5))
    expectClose(oneInfinite.quantile(oneInfinite.cdf(0.7)), 0.7, relative: 1e-12)
    let other = FDistribution(df1: .infinity, df2: 5)
    expectClose(other.cdf(1.3), FDistribution(df1: 1e9, df2: 5).cdf(1.3), relative: 1e-8)
    expectClose(other.upperQuantile(0.1), FDistribution(df1: 1e9, df2: 5).upperQuantile(0.1), relative: 1e-8)
    let point = FDistribution(df1: .infinity, df2: .infinity)
    #expect(point.cdf(0.99) == 0)
    #expect(point.survival(0.99) == 1)
    #expect(point.quantile(0.3) == 1)
  }

  @Test func farQuantilesInvertTheTails() {
    for df in [1, 3.7, 10, 1e6] {
      let t = StudentT(df: df)
      expectClose(t.survival(t.upperQuantile(1e-120)), 1e-120, relative: 1e-10, "t(\(df))")
    }
    let f = FDistribution(df1: 3, df2: 40)
    expectClose(f.survival(f.upperQuantile(1e-120)), 1e-120, relative: 1e-10)
    let normal = Normal.survival(Normal.upperQuantile(1e-120))
    expectClose(normal, 1e-120, relative: 1e-11)
  }

  @Test func squaredTIsF() {
    for df in [1.5, 7, 60] {
      let f = FDistribution(df1: 1, df2: df)
      expectClose(f.survival(6.25), StudentT(df: df).twoSided(2.5), relative: 1e-13)
    }
  }

  @Test func outsideTheDomainIsNotANumber() {
    let subjects: [any Distribution] = [
      StudentT(df: 4), StudentT(df: .infinity), ChiSquared(df: 2), FDistribution(df1: 2, df2: 9),
      FDistribution(df1: 2, df2: .infinity), BetaDistribution(2, 3), StandardNormal(),
    ]
    for subject in subjects {
      for p in [-0.1, 1.1, .nan] {
        #expect(subject.quantile(p).isNaN, "\(subject) at \(p)")
        #expect(subject.upperQuantile(p).isNaN, "\(subject) at \(p)")
      }
      #expect(subject.cdf(.nan).isNaN)
      #expect(subject.survival(.nan).isNaN)
    }
    for df in [0, -1, .nan] {
      #expect(StudentT(df: df).cdf(1).isNaN)
      #expect(StudentT(df: df).quantile(0.2).isNaN)
      #expect(ChiSquared(df: df).survival(1).isNaN)
      #expect(ChiSquared(df: df).survival(.infinity).isNaN)
      #expect(FDistribution(df1: df, df2: 3).cdf(1).isNaN)
      #expect(FDistribution(df1: 3, df2: df).upperQuantile(0.1).isNaN)
      #expect(FDistribution(df1: 3, df2: df).cdf(.infinity).isNaN)
      #expect(BetaDistribution(df, 1).cdf(0.5).isNaN)
    }
  }

  @Test func endsOfTheSupport() {
    #expect(Normal.quantile(0) == -.infinity)
    #expect(Normal.quantile(1) == .infinity)
    #expect(StudentT(df: 3).quantile(0) == -.infinity)
    #expect(StudentT(df: 3).quantile(1) == .infinity)
    #expect(StudentT(df: 3).survival(.infinity) == 0)
    #expect(ChiSquared(df: 3).quantile(0) == 0)
    #expect(ChiSquared(df: 3).quantile(1) == .infinity)
    #expect(ChiSquared(df: 3).cdf(.infinity) == 1)
    #expect(FDistribution(df1: 3, df2: 4).survival(.infinity) == 0)
    #expect(FDistribution(df1: 3, df2: 4).quantile(1) == .infinity)
    #expect(BetaDistribution(2, 3).quantile(1) == 1)
    #expect(BetaDistribution(2, 3).cdf(0) == 0)
  }

  @Test func binomialTailFromBeta() {
    // P(at least 3 of 5) at 0.4 = 10·0.4³·0.6² + 5·0.4⁴·0.6 + 0.4⁵.
    expectClose(BetaDistribution(3, 3).cdf(0.4), 0.31744, relative: 1e-14)
  }

  @Test func logGammaOfFactorials() {
    expectClose(logGamma(11), 15.104412573075516, relative: 1e-14)
    expectClose(logGamma(0.5), 0.5723649429247001, relative: 1e-14)
    #expect(!logGamma(0).isFinite)
  }
}
