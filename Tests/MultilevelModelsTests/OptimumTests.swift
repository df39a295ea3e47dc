import Columnar
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

/// A golden fit of lme4, carried on to the true optimum.
struct GoldenFit: CustomTestStringConvertible {
  let file: String
  let id: String
  let formula: String
  let method: FitRequest.Method

  init(_ file: String, _ id: String, _ formula: String) {
    self.file = file
    self.id = id
    self.formula = formula
    method = id.hasSuffix("REML") ? .reml : .ml
  }

  var testDescription: String { id }

  static let all = [
    GoldenFit("sleepstudy", "sleepstudy.REML", "Reaction ~ Days + (Days | Subject)"),
    GoldenFit("sleepstudy", "sleepstudy.ML", "Reaction ~ Days + (Days | Subject)"),
    GoldenFit("sleepstudy", "sleepstudy.indep.REML", "Reaction ~ Days + (Days || Subject)"),
    GoldenFit("sleepstudy", "sleepstudy.indep.ML", "Reaction ~ 1 + Days + (1 | Subject) + (0 + Days | Subject)"),
    GoldenFit("sleepstudy", "sleepstudy.RI.ML", "Reaction ~ Days + (1 | Subject)"),
    GoldenFit("sleepstudy", "sleepstudy.RI.REML", "Reaction ~ Days + (1 | Subject)"),
    GoldenFit("Dyestuff", "Dyestuff.REML", "Yield ~ 1 + (1 | Batch)"),
    GoldenFit("Dyestuff", "Dyestuff.ML", "Yield ~ 1 + (1 | Batch)"),
    GoldenFit("Dyestuff2", "Dyestuff2.ML", "Yield ~ 1 + (1 | Batch)"),
    GoldenFit("Dyestuff2", "Dyestuff2.REML", "Yield ~ 1 + (1 | Batch)"),
    GoldenFit("Pastes", "Pastes.REML", "strength ~ 1 + (1 | batch/cask)"),
    GoldenFit("Pastes", "Pastes.ML", "strength ~ 1 + (1 | batch/cask)"),
    GoldenFit("Penicillin", "Penicillin.REML", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
    GoldenFit("Penicillin", "Penicillin.ML", "diameter ~ 1 + (1 | sample) + (1 | plate)"),
    GoldenFit("Hsb82", "Hsb82.null.REML", "mAch ~ 1 + (1 | school)"),
    GoldenFit("Hsb82", "Hsb82.meanses.REML", "mAch ~ meanses + (1 | school)"),
    GoldenFit("Hsb82", "Hsb82.cses.REML", "mAch ~ cses + (cses | school)"),
    GoldenFit("Hsb82", "Hsb82.cses.RI.ML", "mAch ~ cses + (1 | school)"),
    GoldenFit("Hsb82", "Hsb82.iaso.REML", "mAch ~ (meanses + sector)*cses + (cses | school)"),
    GoldenFit("Hsb82", "Hsb82.iaso.ML", "mAch ~ (meanses + sector)*cses + (cses | school)"),
    GoldenFit("Hsb82", "Hsb82.iaso.RI.REML", "mAch ~ (meanses + sector)*cses + (1 | school)"),
    GoldenFit("Exam", "Exam.null.ML", "normexam ~ 1 + (1 | school)"),
    GoldenFit("Exam", "Exam.RI.ML", "normexam ~ standLRT + (1 | school)"),
    GoldenFit("Exam", "Exam.RS.ML", "normexam ~ standLRT + (standLRT | school)"),
    GoldenFit("Exam", "Exam.full.ML", "normexam ~ standLRT + sex + schgend + schavg + (standLRT | school)"),
    GoldenFit("Exam", "Exam.full.REML", "normexam ~ standLRT + sex + schgend + schavg + (standLRT | school)"),
  ]

  /// The table with the golden's reference levels.
  func table() throws -> Table {
    switch file {
    case "Hsb82": try Fixture.hsb82()
    case "Exam": try Fixture.table("Exam.csv").declaring("schgend", ["mixed", "boys", "girls"])
    default: try Fixture.table("\(file).csv")
    }
  }
}

@Suite struct OptimumTests {
  @Test(arguments: GoldenFit.all) func fitsAreThoseOfLme4AtItsTrueOptimum(fit: GoldenFit) throws {
    let golden = try Fixture.golden(fit.file, id: fit.id)
    let optimum = golden["optimum"]
    let model = try MixedModel.fit(
      FitRequest(fit.formula, method: fit.method), to: try fit.table(), engine: Engine(threads: 2))
    let result = model.result
    #expect(result.convergence.converged)
    #expect(result.count == Int(try golden["nobs"].number))
    let reference = try optimum["criterion"].number
    #expect(result.criterion.value <= reference + 1e-6)
    expectClose(result.criterion.value, reference, relative: 1e-9, "criterion")

    #expect(Set(result.rows.map(\.term)) == Set(optimum["fixed"].keys))
    for row in result.rows {
      let expected = optimum["fixed", row.term]
      expectClose(row.estimate, try expected["estimate"].number, relative: 1e-6, absolute: 1e-8, row.term)
      expectClose(row.standardError, try expected["se"].number, relative: 1e-5, row.term)
    }
    for component in optimum["varcomp"].list {
      let group = try component["group"].string
      let row = try #require(
        result.varianceComponents.first {
          $0.group == String(group.prefix { $0 != "." }) && $0.term1 == component["var1"].value as? String
            && $0.term2 == component["var2"].value as? String
        }, "\(group)")
      expectClose(row.covariance, try component["vcov"].number, relative: 1e-4, absolute: 1e-6, group)
    }
    let components = optimum["varcomp"].list.count
    #expect(result.varianceComponents.count == components)
    #expect(result.varianceComponents.last?.group == "Residual")
    expectClose(
      try model.criterion(at: result.convergence.theta), result.criterion.value, relative: 1e-12, "at printed theta")
  }

  @Test(arguments: GoldenFit.all) func conditionalModesAreThoseOfLme4(fit: GoldenFit) throws {
    let golden = try Fixture.golden(fit.file, id: fit.id)["ranef", "values"]
    if golden.isNull { return }
    let model = try MixedModel.fit(
      FitRequest(fit.formula, method: fit.method), to: try fit.table(), engine: Engine(threads: 1))
    let modes = try model.conditionalModes()
    for factor in golden.keys {
      let found = try #require(modes.first { $0.group == factor })
      for level in golden[factor].list {
        let group = try #require(found.groups.firstIndex(of: try level["level"].string))
        for term in level["effects"].keys {
          let effect = try #require(found.terms.firstIndex(of: term))
          let expected = level["effects", term]
          expectClose(found.modes[effect][group], try expected["blup"].number, relative: 1e-4, absolute: 1e-5, term)
          expectClose(
            found.standardDeviations[effect][group], try expected["cond_sd"].number, relative: 1e-5, absolute: 1e-9,
            term)
        }
      }
    }
  }

  /// sleepstudy in four groups, slopes at either level: lme4 with its optimiser driven to the end.
  @Test(arguments: [
    ("slopes_below.REML", "Reaction ~ Days + (Days | Subject) + (1 | Group)"),
    ("slopes_below.ML", "Reaction ~ Days + (1 | Group) + (Days | Subject)"),
    ("slopes_above.REML", "Reaction ~ Days + (1 | Subject) + (1 + Days | Group)"),
  ])
  func threeLevelsWithSlopesAreThoseOfLme4(id: String, formula: String) throws {
    let golden = try Fixture.golden("three_levels", id: id)
    let request = FitRequest(formula, method: id.hasSuffix("REML") ? .reml : .ml)
    let model = try MixedModel.fit(request, to: try Fixture.groupedSleepstudy())
    expectClose(
      try model.criterion(at: try golden["fixed_theta"].numbers), try golden["criterion_at_fixed_theta"].number,
      relative: 1e-12)
    let result = model.result
    #expect(result.criterion.value <= (try golden["criterion"].number) + 1e-9)
    expectClose(result.convergence.theta, try golden["theta"].numbers, relative: 1e-6)
    expectClose(result.rows.map(\.estimate), try golden["beta"].numbers, relative: 1e-7)
    expectClose(result.rows.map(\.standardError), try golden["se"].numbers, relative: 1e-6)
    expectClose(result.component("Residual").squareRoot(), try golden["sigma"].number, relative: 1e-7)
    for modes in try model.conditionalModes() {
      let expected = golden["ranef", modes.group]
      let groups = try expected["groups"].list.map { try $0.string }
      #expect(groups.sorted() == modes.groups.sorted())
      for effect in expected["effects"].list {
        let term = try #require(modes.terms.firstIndex(of: try effect["term"].string))
        for (group, name) in groups.enumerated() {
          let position = try #require(modes.groups.firstIndex(of: name))
          expectClose(
            modes.modes[term][position], try effect["modes"][group].number, relative: 1e-5, absolute: 1e-5, name)
          expectClose(
            modes.standardDeviations[term][position], try effect["sds"][group].number, relative: 1e-6, name)
        }
      }
    }
  }
}
