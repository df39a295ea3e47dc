import Columnar
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct CriterionTests {
  @Test(arguments: [
    ("sleepstudy", "sleepstudy.REML", "Reaction ~ Days + (Days | Subject)"),
    ("Dyestuff2", "Dyestuff2.ML", "Yield ~ 1 + (1 | Batch)"),
    ("Pastes", "Pastes.REML", "strength ~ 1 + (1 | batch/cask)"),
    ("Hsb82", "Hsb82.null.REML", "mAch ~ 1 + (1 | school)"),
    ("Exam", "Exam.RI.ML", "normexam ~ standLRT + (1 | school)"),
    ("Exam", "Exam.RS.ML", "normexam ~ standLRT + (standLRT | school)"),
  ])
  func criterionAtFixedThetaIsThatOfLme4(file: String, id: String, formula: String) throws {
    let golden = try Fixture.golden(file, id: id)
    let table = try Fixture.table("\(file).csv")
    let ml = try LinearMixedModel.of(FitRequest(formula, method: .ml), table)
    let reml = try LinearMixedModel.of(FitRequest(formula, method: .reml), table)
    let points = golden["criterion_at_fixed_theta", "values"].list
    #expect(!points.isEmpty)
    for point in points {
      let theta = point["theta"].list.isEmpty ? [try point["theta"].number] : try point["theta"].numbers
      expectClose(try ml.evaluate(theta, .raw).criterion, try point["minus2loglik"].number, relative: 1e-10)
      expectClose(try reml.evaluate(theta, .raw).criterion, try point["reml_criterion"].number, relative: 1e-10)
    }
  }

  @Test func gradientsAreThoseOfThePrototype() throws {
    let table = try Fixture.hsb82()
    for point in try Fixture.golden("Hsb82", id: "Hsb82.iaso.gradient")["values"].list {
      for method in FitRequest.Method.allCases {
        let model = try LinearMixedModel.of(
          FitRequest("mAch ~ (meanses + sector)*cses + (cses | school)", method: method), table)
        let golden = point[method.rawValue]
        let evaluation = try model.evaluate(try point["theta"].numbers, .raw)
        expectClose(evaluation.criterion, try golden["criterion"].number, relative: 1e-10)
        expectClose(try model.gradient(evaluation, .raw), try golden["gradient"].numbers, relative: 1e-9)
      }
    }
  }

  @Test func weightedGradientsAreThoseOfThePrototype() throws {
    let hsb82 = try LinearMixedModel.of(
      FitRequest("mAch ~ cses + (cses | school)", weights: ["c1", "c2"], weightsAre: .conditional),
      try Fixture.weightedHsb82())
    let sleepstudy = try LinearMixedModel.of(
      FitRequest(
        "Reaction ~ Days + (1 | Subject) + (1 | Group)", weights: ["w1", "w2", "w3"], weightsAre: .conditional),
      try Fixture.groupedSleepstudy())
    let goldens = [
      (hsb82, try Fixture.golden("weighted_Hsb82", id: "Hsb82.weighted.RS")["gradient_check"]),
      (sleepstudy, try Fixture.golden("weighted_sleepstudy", id: "three_level.intercepts")["gradient_check"]),
    ]
    for (model, golden) in goldens {
      let evaluation = try model.evaluate(try golden["theta"].numbers, .raw)
      expectClose(evaluation.criterion, try golden["minus2logPL"].number, relative: 1e-10)
      expectClose(try model.gradient(evaluation, .raw), try golden["gradient"].numbers, relative: 1e-9)
    }
  }

  /// Three levels, slopes at two of them, correlated and not, with and without weights.
  @Test(arguments: [
    FitRequest("Reaction ~ Days + (Days | Subject) + (Days | Group)", method: .reml),
    FitRequest("Reaction ~ Days + (Days || Subject) + (1 | Group)", method: .ml),
    FitRequest("Reaction ~ Days + (1 + Days + I(Days^2) | Subject) + (0 + Days | Group)", method: .reml),
    FitRequest(
      "Reaction ~ 0 + Days + (Days | Subject) + (0 + Days | Group)", weights: ["w1", "w2", "w3"],
      weightsAre: .unconditional, weightScaling: .effective),
  ])
  func gradientIsTheDerivativeOfTheCriterion(request: FitRequest) throws {
    let table = try Fixture.groupedSleepstudy().adding(
      "Days", try Fixture.groupedSleepstudy().numbers("Days").map { $0 + 3 })
    let model = try LinearMixedModel.of(request, table)
    var random = SplitMix64(state: 11)
    for coordinates in [ThetaCoordinates.raw, .fitted] {
      let theta = (0..<model.thetaCount).map { _ in Double.random(in: -0.5...0.9, using: &random) }
      let gradient = try model.gradient(try model.evaluate(theta, coordinates), coordinates)
      for k in theta.indices {
        // Richardson's extrapolation of central differences.
        func difference(_ width: Double) throws -> Double {
          var (up, down) = (theta, theta)
          up[k] += width
          down[k] -= width
          let rise = try model.evaluate(up, coordinates).criterion - model.evaluate(down, coordinates).criterion
          return rise / (2 * width)
        }
        let derivative = (4 * (try difference(5e-4)) - (try difference(1e-3))) / 3
        expectClose(gradient[k], derivative, relative: 1e-6, absolute: 1e-6, "theta \(k)")
      }
    }
  }

  /// Chem97, 31,022 pupils in 2,410 schools in 131 authorities.
  @Test func threeLevelsOfChem97() throws {
    guard let file = TestFiles.reference("multilevel/Chem97.csv.gz") else { return }
    let table = try Fixture.table(file)
    let golden = try Fixture.golden("Chem97", id: "Chem97.ML")
    let request = FitRequest("score ~ gcsecnt + (1 | lea) + (1 | school)", method: .ml)
    let model = try LinearMixedModel.of(request, table)
    for method in FitRequest.Method.allCases {
      var request = request
      request.method = method
      let model = try LinearMixedModel.of(request, table)
      let point = golden["gradient_check"]
      let evaluation = try model.evaluate(try point["theta"].numbers, .raw)
      expectClose(evaluation.criterion, try point[method.rawValue, "criterion"].number, relative: 1e-10)
      expectClose(
        try model.gradient(evaluation, .raw), try point[method.rawValue, "gradient"].numbers, relative: 1e-8)
    }
    let fitted = try MixedModel.fit(request, to: table)
    let optimum = golden["exact_optimum"]
    #expect(fitted.result.criterion.value <= (try optimum["criterion"].number) + 1e-6)
    expectClose(fitted.result.rows.map(\.estimate), try optimum["beta"].numbers, relative: 1e-6)
    expectClose(fitted.result.rows.map(\.standardError), try optimum["se"].numbers, relative: 1e-5)
    expectClose(fitted.result.convergence.theta, try optimum["theta"].numbers, relative: 1e-5)
    #expect(fitted.result.groups == ["school": 2_410, "lea": 131])
    #expect(model.levels.map(\.count) == [2_410, 131])
  }
}
