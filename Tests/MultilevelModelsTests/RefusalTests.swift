import Columnar
import Foundation
import MultilevelModels
import Streaming
import TestSupport
import Testing

@Suite struct RefusalTests {
  static let table = Table([
    ("y", Column([1, 2, 4, 3, 5, 9, 7, 8])), ("x", Column([1, 2, 3, 4, 5, 6, 7, 9])),
    ("flat", Column([2, 2, 2, 2, 2, 2, 2, 2])), ("sum", Column([3, 5, 7, 9, 11, 13, 15, 19])),
    ("ofgroup", Column([3, 3, 1, 1, 4, 4, 9, 9])),
    ("unit", Column([Double](repeating: 1, count: 8))), ("empty", Column([Double](repeating: .nan, count: 8))),
    ("w", Column([1, 1, 2, 2, 1, 1, 2, 2])), ("minus", Column([1, 1, -1, 1, 1, 1, 1, 1])),
    ("g", Column(["a", "a", "b", "b", "c", "c", "d", "d"])), ("h", Column(["u", "u", "u", "u", "v", "v", "v", "v"])),
    ("cross", Column(["u", "v", "u", "v", "u", "v", "u", "v"])),
    ("same", Column(["1", "1", "2", "2", "3", "3", "4", "4"])),
    ("one", Column([String?](repeating: "only", count: 8))), ("id", Column((0..<8).map { "i\($0)" })),
  ])

  @Test(arguments: [
    ("y ~ x", "the formula has no random term"),
    ("y ~ x + (1 | g) + (1 + x | g)", "(Intercept) varies over g in two random terms"),
    ("y ~ x + (1 | g", "formula \"y ~ x + (1 | g\", character 15"),
  ])
  func impossibleFormulasAreUsage(formula: String, problem: String) {
    let error = #expect(throws: ImmerseError.self) { try MixedModel.fit(FitRequest(formula), to: Self.table) }
    #expect(error?.kind == .usage)
    #expect(error?.problem.hasPrefix(problem) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    (FitRequest("y ~ x + (1 | g)", method: .reml, weights: ["w"]), "restricted maximum likelihood"),
    (FitRequest("y ~ x + (1 | g)", weights: ["w", "x"]), "it is not said whether the weights"),
    (FitRequest("y ~ x + (1 | g)", weights: ["w", "x", "y"], weightsAre: .conditional), "3 weights for a model of 2"),
    (FitRequest("y ~ x + (1 | g)", weights: ["w", "w"], weightsAre: .conditional), "one weight is named for two"),
    (FitRequest("y ~ x + (1 | g)", weightScaling: .size), "weights are to be scaled but none"),
    (FitRequest("y ~ x + (1 | g) + (1 | h)", weights: ["w"], weightScaling: .gk), "the scaling gk"),
    (FitRequest("y ~ x + (1 | g)", level: 95), "a confidence level of 95"),
  ])
  func contradictoryRequestsAreUsage(request: FitRequest, problem: String) {
    for body in [{ try request.validate() }, { _ = try MixedModel.fit(request, to: Self.table) }] {
      let error = #expect(throws: ImmerseError.self) { try body() }
      #expect(error?.kind == .usage)
      #expect(error?.problem.hasPrefix(problem) == true, "\(error?.description ?? "")")
    }
  }

  @Test(arguments: [
    (FitRequest("y ~ x + (1 | one)"), "one", "has one group only"),
    (FitRequest("y ~ x + (1 | id)"), "id", "has as many groups as there are rows"),
    (FitRequest("y ~ x + (x | g)"), "g", "4 groups with 2 random effects each, but only 8 rows"),
    (FitRequest("y ~ x + (1 | g) + (1 | same)"), "g", "g and same are the same groups"),
    (FitRequest("flat ~ x + (1 | g)"), "flat", "is the same in all rows used"),
    (FitRequest("sum ~ x + (1 | g)"), "sum", "is an exact linear combination of the fixed effects"),
    (FitRequest("ofgroup ~ x + (1 | g)"), "ofgroup", "does not vary within the groups of g"),
    (FitRequest("y ~ x + (flat | h)"), "h", "flat does not vary apart from the other random effects over h"),
    (FitRequest("y ~ empty + (1 | g)"), "", "no row has a value in every variable"),
    (FitRequest("y ~ nowhere + (1 | g)"), "nowhere", "there is no such column"),
    (FitRequest("g ~ x + (1 | h)"), "g", "holds text where"),
    (FitRequest("y ~ x + (1 | g)", weights: ["minus"]), "minus", "holds negative weights"),
    (
      FitRequest("y ~ x + (1 | h)", weights: ["x", "w"], weightsAre: .conditional), "w",
      "differs between rows of one group"
    ),
    (
      FitRequest("y ~ x + (1 | g) + (1 | h)", weights: ["x", "unit", "w"], weightsAre: .conditional), "w",
      "differs between rows of one group of h"
    ),
  ])
  func contradictoryDataAreNamed(request: FitRequest, variable: String, problem: String) {
    let error = #expect(throws: ImmerseError.self) { try MixedModel.fit(request, to: Self.table) }
    #expect(error?.kind == .badData)
    if !variable.isEmpty { #expect(error?.variable == variable) }
    #expect(error?.problem.hasPrefix(problem) == true, "\(error?.description ?? "")")
  }

  @Test func requestsReadTheirOptionsByName() throws {
    let json = """
      {"formula": "y ~ x + (1 | g)", "method": "ml", "weights": ["w1", "w2"], "weights_are": "unconditional",
       "weight_scaling": "effective", "standard_errors": "model", "level": 0.9}
      """
    let request = try JSONDecoder().decode(FitRequest.self, from: Data(json.utf8))
    #expect(
      request
        == FitRequest(
          "y ~ x + (1 | g)", method: .ml, weights: ["w1", "w2"], weightsAre: .unconditional,
          weightScaling: .effective, inference: InferenceOptions(standardErrors: .model), level: 0.9))
    let short = try JSONDecoder().decode(FitRequest.self, from: Data("{\"formula\": \"y ~ 1 + (1 | g)\"}".utf8))
    #expect(short == FitRequest("y ~ 1 + (1 | g)"))
    let encoded = try JSONEncoder().encode(request)
    #expect(try JSONDecoder().decode(FitRequest.self, from: encoded) == request)
  }
}
