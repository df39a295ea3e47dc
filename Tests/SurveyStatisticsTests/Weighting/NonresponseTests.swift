import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

struct NonresponseTests {
  static let table = Table([
    ("sex", Column(["f", "f", "f", "f", "m", "m", "m", "m"])), ("d", Column([1, 2, 3, 4, 1, 1, 2, 2])),
    ("age", Column([1, 2, 3, 4, 5, 6, 7, 8])), ("answered", Column([1, 0, 1, 1, 0, 1, 1, 0])),
  ])

  static func weights(_ request: NonresponseRequest) throws -> [Double] {
    let model = try Nonresponse.run(request, on: table)
    return try table.applying(model).chunk(0, [.number("weight")]).numbers("weight").array
  }

  @Test func classesKeepTheirWeight() throws {
    let weights = try NonresponseTests.weights(
      NonresponseRequest(weights: "d", respondents: "answered", classes: ["sex"]))
    // Girls: 10 over 8; boys: 6 over 3.
    expectClose(weights, [1.25, 0, 3.75, 5, 0, 2, 4, 0], relative: 1e-12)
  }

  /// A model that is saturated in one factor divides by the response rate of each level.
  @Test func aSaturatedModelIsWeightingByClass() throws {
    let weights = try NonresponseTests.weights(
      NonresponseRequest(weights: "d", respondents: "answered", covariates: ["sex"]))
    expectClose(weights, [1.25, 0, 3.75, 5, 0, 2, 4, 0], relative: 1e-10)
  }

  /// Each respondent is divided by the fitted probability of a weighted logistic regression in R.
  @Test func propensitiesAreThoseOfGlm() throws {
    let weights = try NonresponseTests.weights(
      NonresponseRequest(weights: "d", respondents: "answered", covariates: ["age"]))
    let golden = try GoldenJSON(TestFiles.golden("survey/nonresponse.json"))["values", "inverse_propensity"].numbers
    expectClose(weights, golden, relative: 1e-8)
  }

  @Test func propensityClassesKeepTheSum() throws {
    let weights = try NonresponseTests.weights(
      NonresponseRequest(weights: "d", respondents: "answered", covariates: ["age", "sex"], propensityClasses: 2))
    let sum = weights.reduce(0, +)
    expectClose(sum, 16, relative: 1e-12)
  }

  @Test func aClassWithoutRespondentsIsNamed() throws {
    let table = Table([
      ("sex", Column(["f", "f", "m", "m"])), ("answered", Column([1, 0, 0, 0])),
    ])
    let error = #expect(throws: ImmerseError.self) {
      try Nonresponse.run(NonresponseRequest(respondents: "answered", classes: ["sex"]), on: table)
    }
    #expect(error?.problem.contains("\"m\"") == true)
  }

  @Test func separationIsRefused() throws {
    let table = Table([
      ("age", Column([1, 2, 3, 4])), ("answered", Column([0, 0, 1, 1])),
    ])
    let error = #expect(throws: ImmerseError.self) {
      try Nonresponse.run(NonresponseRequest(respondents: "answered", covariates: ["age"]), on: table)
    }
    #expect(error?.kind == .badData)
  }

  @Test func otherCodesOfResponseAreRefused() throws {
    let table = Table([("answered", Column([1, 2]))])
    let error = #expect(throws: ImmerseError.self) {
      try Nonresponse.run(NonresponseRequest(respondents: "answered"), on: table)
    }
    #expect(error?.variable == "answered")
  }
}
