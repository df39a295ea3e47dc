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
    let golden = try Fixture.goldens(file, id: id)
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
}
