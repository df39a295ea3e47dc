import Columnar
import DataFormats
import Foundation
import LinearAlgebra
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

extension CrossedModel {
  /// The engine of crossed factors, whether or not the factors cross.
  static func of(_ request: FitRequest, _ table: some Source) throws -> CrossedModel {
    let engine = Engine(threads: 1)
    let columns = try MixedModel.columns(request)
    let dataset = try Dataset(table, columns: columns, engine: engine)
    let fit = try GramFit(try ModelPlan(request), profile: dataset.profile)
    var partial = fit.makePartial()
    for chunk in 0..<dataset.chunkCount { try partial.absorb(try dataset.chunk(chunk, columns)) }
    return try CrossedModel(try CrossedGrams(partial, of: fit))
  }
}

@Suite struct CrossedTests {
  /// Teachers and pupils who meet in several rows, with slopes over both.
  static func meetings(seed: UInt64 = 4) -> Table {
    var random = SplitMix64(state: seed)
    let (pupils, teachers) = (40, 9)
    let pupil = (0..<pupils).map { _ in Double.random(in: -2...2, using: &random) }
    let teacher = (0..<teachers).map { _ in Double.random(in: -1...1, using: &random) }
    var (y, x, w): ([Double], [Double], [Double]) = ([], [], [])
    var (p, t, room): ([String], [String], [String]) = ([], [], [])
    for _ in 0..<400 {
      let (i, j) = (Int.random(in: 0..<pupils, using: &random), Int.random(in: 0..<teachers, using: &random))
      x.append(50 + 10 * Double.random(in: -1...1, using: &random))
      w.append(Double.random(in: 0.5...2, using: &random))
      y.append(pupil[i] + teacher[j] * (1 + 0.1 * x[x.count - 1]) + Double.random(in: -2...2, using: &random))
      p.append("p\(i)")
      t.append("t\(j)")
      room.append("r\(Int.random(in: 0..<4, using: &random))")
    }
    return Table([("y", Column(y)), ("x", Column(x)), ("w", Column(w))]).adding("pupil", p).adding("teacher", t)
      .adding("room", room)
  }

  @Test func criteriaOfPenicillinAtFixedTheta() throws {
    for (id, method) in [("Penicillin.ML", FitRequest.Method.ml), ("Penicillin.REML", .reml)] {
      let golden = try Fixture.golden("Penicillin", id: id)
      let request = FitRequest("diameter ~ 1 + (1 | plate) + (1 | sample)", method: method)
      let model = try MixedModel.fit(request, to: try Fixture.table("Penicillin.csv"))
      for value in golden["criterion_at_fixed_theta", "values"].list {
        let expected = try value[method == .ml ? "minus2loglik" : "reml_criterion"].number
        expectClose(try model.criterion(at: try value["theta"].numbers), expected, relative: 1e-12)
      }
    }
  }

  /// Nested groups through both engines.
  @Test(arguments: [
    FitRequest("Reaction ~ Days + (Days | Subject) + (1 | Group)", method: .reml),
    FitRequest("Reaction ~ Days + (1 | Subject) + (Days || Group)", method: .ml),
    FitRequest("Reaction ~ Days + (Days | Subject) + (1 | Group)", weights: ["w1"], weightsKind: .frequency),
    FitRequest("Reaction ~ Days + (0 + Days | Subject) + (1 | Group)", weights: ["w1"], weightsKind: .precision),
  ])
  func nestedGroupsAreASpecialCase(request: FitRequest) throws {
    let table = try Fixture.groupedSleepstudy()
    let (crossed, nested) = (try CrossedModel.of(request, table), try LinearMixedModel.of(request, table))
    #expect(crossed.factors.map(\.factor.label) == ["Subject", "Group"])
    let theta = (0..<nested.thetaCount).map { 0.9 - 0.2 * Double($0) }
    for coordinates in [ThetaCoordinates.raw, .fitted] {
      let (a, b) = (try crossed.evaluate(theta, coordinates), try nested.evaluate(theta, coordinates))
      expectClose(a.profile.criterion, b.criterion, relative: 1e-12)
      expectClose(a.profile.coefficients, b.coefficients, relative: 1e-10)
      expectClose(try crossed.gradient(a, coordinates), try nested.gradient(b, coordinates), relative: 1e-8)
    }
    let (a, b) = (try crossed.optimum(), try nested.optimum())
    expectClose(a.evaluation.profile.criterion, b.evaluation.criterion, relative: 1e-11)
    let (modesA, modesB) = (try crossed.conditionalModes(a), try nested.conditionalModes(b))
    for (x, y) in zip(modesA, modesB) {
      #expect(Set(x.groups) == Set(y.groups))
      for effect in x.terms.indices {
        for (group, name) in x.groups.enumerated() {
          let other = try #require(y.groups.firstIndex(of: name))
          expectClose(x.modes[effect][group], y.modes[effect][other], relative: 1e-4, absolute: 1e-4)
          expectClose(
            x.standardDeviations[effect][group], y.standardDeviations[effect][other], relative: 1e-4, absolute: 1e-6)
        }
      }
    }
  }

  /// Satterthwaite's degrees of freedom and the variances' errors, which the nested engine has from SAS's models.
  @Test(arguments: [
    FitRequest("Reaction ~ Days + (Days | Subject) + (1 | Group)"),
    FitRequest("Reaction ~ Days + (1 | Subject) + (1 | Group)", method: .ml),
    FitRequest("Reaction ~ Days + (1 | Subject) + (1 | Group)", weights: ["w1"], weightsKind: .precision),
  ])
  func smallSampleInferenceIsThatOfNestedGroups(request: FitRequest) throws {
    var request = request
    request.inference = InferenceOptions(degreesOfFreedom: .satterthwaite, varianceErrors: true)
    let table = try Fixture.groupedSleepstudy()
    let (crossed, nested) = (try CrossedModel.of(request, table), try LinearMixedModel.of(request, table))
    let (a, b) = (
      try FixedEffects(crossed, try crossed.optimum()), try FixedEffects(nested, try nested.optimum())
    )
    for contrast in [[1.0, 0], [0, 1], [1, 4.5]] {
      let (x, y) = (try a.estimate(contrast), try b.estimate(contrast))
      expectClose(x.standardError, y.standardError, relative: 1e-7)
      expectClose(x.degreesOfFreedom, y.degreesOfFreedom, relative: 1e-5)
    }
    let (x, y) = (try #require(a.crossedErrors).covariance, try #require(try b.varianceErrors(nested)).covariance)
    for k in 0..<x.rows { expectClose(x[k, k], y[k, k], relative: 1e-4, absolute: 1e-6 * y[0, 0]) }
  }

  @Test func degreesOfFreedomOfCrossedFactorsAreGivenUnasked() throws {
    let request = FitRequest("diameter ~ 1 + (1 | plate) + (1 | sample)", inference: .init(tests: true))
    let result = try MixedModel.fit(request, to: try Fixture.table("Penicillin.csv")).result
    #expect(result.inference.degreesOfFreedom == .satterthwaite)
    // Of the mean over few samples: near 5, the samples less one.
    let df = try #require(result.rows[0].degreesOfFreedom)
    #expect(df > 4.5 && df < 6)
    #expect(result.varianceComponents.allSatisfy { $0.standardError != nil })
  }

  @Test(arguments: [
    FitRequest("y ~ x + (x | pupil) + (x | teacher)", method: .reml),
    FitRequest("y ~ x + (1 | pupil) + (x | teacher) + (1 | room)", method: .ml),
    FitRequest("y ~ x + (x || teacher) + (0 + x | room)", method: .reml, weights: ["w"], weightsKind: .precision),
  ])
  func theGradientIsThatOfDifferences(request: FitRequest) throws {
    let model = try CrossedModel.of(request, Self.meetings())
    let theta = (0..<model.thetaCount).map { 0.4 + 0.1 * Double($0) }
    let gradient = try model.gradient(try model.evaluate(theta, .fitted), .fitted)
    for k in theta.indices {
      let width = 1e-4
      let ends = try [-2.0, -1, 1, 2].map { step in
        var moved = theta
        moved[k] += step * width
        return try model.evaluate(moved, .fitted).profile.criterion
      }
      let numeric = (8 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12 * width)
      expectClose(gradient[k], numeric, relative: 1e-7, absolute: 1e-6)
    }
  }

  @Test func neitherOrderNorChunksNorThreadsMatter() throws {
    let table = Self.meetings()
    let request = FitRequest("y ~ x + (x | teacher) + (1 | pupil)")
    let plain = try MixedModel.fit(request, to: table, engine: Engine(threads: 1))
    let threaded = try MixedModel.fit(request, to: table, engine: Engine(threads: 3))
    #expect(plain.result == threaded.result)
    #expect(plain.result.convergence.converged)
    var random = SplitMix64(state: 8)
    let shuffled = try MixedModel.fit(request, to: table.rows((0..<table.rowCount).shuffled(using: &random)))
    expectClose(shuffled.result.criterion.value, plain.result.criterion.value, relative: 1e-12)
    expectClose(shuffled.result.rows.map(\.estimate), plain.result.rows.map(\.estimate), relative: 1e-8)
  }

  @Test(arguments: [
    (FitRequest("y ~ x + (1 | pupil) + (1 | teacher)", weights: ["w"]), "the groups of pupil and teacher cross, and"),
    (FitRequest("y ~ x + (1 | pupil) + (1 | teacher)", residualBy: "room"), "residual variances by room"),
    (
      FitRequest("y ~ x + (1 | pupil) + (1 | teacher)", inference: InferenceOptions(standardErrors: .sandwich)),
      "the groups of pupil and teacher cross, so there are no independent groups"
    ),
  ])
  func whatCrossedFactorsDoNotHaveIsRefused(request: FitRequest, problem: String) {
    let error = #expect(throws: ImmerseError.self) { try MixedModel.fit(request, to: Self.meetings()) }
    #expect(error?.kind == .usage)
    #expect(error?.problem.hasPrefix(problem) == true, "\(error?.description ?? "")")
  }

  @Test func lectureEvaluations() throws {
    guard let file = TestFiles.reference("multilevel/InstEval.csv.gz") else { return }
    let golden = try Fixture.golden("InstEval", id: "InstEval.service.ML")
    let request = FitRequest("y ~ factor(service) + (1 | s) + (1 | d) + (1 | dept)", method: .ml)
    let model = try MixedModel.fit(request, to: try DataFile.open(file.path))
    for value in golden["criterion_at_fixed_theta", "values"].list {
      let theta = try value["theta"].numbers
      expectClose(try model.criterion(at: theta), try value["minus2loglik"].number, relative: 1e-11)
    }
    let result = model.result
    #expect(result.convergence.converged)
    let optimum = golden["optimum"]
    #expect(result.criterion.value <= (try optimum["criterion"].number) + 1e-6)
    for (row, name) in zip(result.rows, ["(Intercept)", "service1"]) {
      expectClose(row.estimate, try optimum["fixed", name, "estimate"].number, relative: 1e-6)
      expectClose(row.standardError, try optimum["fixed", name, "se"].number, relative: 1e-5)
    }
    for (component, expected) in zip(result.varianceComponents, optimum["varcomp"].list) {
      expectClose(component.covariance, try expected["vcov"].number, relative: 1e-4, component.group)
    }
  }
}
