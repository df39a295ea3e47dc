import Columnar
import LinearAlgebra
import ModelFormula
import Streaming
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct SandwichTests {
  @Test(arguments: [
    ("weighted_Hsb82", "Hsb82.weighted.RI", "mAch ~ cses + (1 | school)", ["c1", "c2"]),
    ("weighted_Hsb82", "Hsb82.weighted.RS", "mAch ~ cses + (cses | school)", ["c1", "c2"]),
    (
      "weighted_sleepstudy", "three_level.intercepts", "Reaction ~ Days + (1 | Subject) + (1 | Group)",
      ["w1", "w2", "w3"]
    ),
    (
      "weighted_sleepstudy", "three_level.slope_at_level3",
      "Reaction ~ Days + (1 | Group) + (1 | Subject) + (0 + Days | Group)", ["w1", "w2", "w3"]
    ),
  ])
  func errorsOfBothBreadsAreThoseOfThePublishedFormulae(
    file: String, id: String, formula: String, weights: [String]
  ) throws {
    let golden = try Fixture.golden(file, id: id)["cross_product"]
    let table = file == "weighted_Hsb82" ? try Fixture.weightedHsb82() : try Fixture.groupedSleepstudy()
    for bread in InferenceOptions.Bread.allCases {
      let request = FitRequest(
        formula, weights: weights, weightsAre: .conditional, inference: InferenceOptions(bread: bread))
      let result = try MixedModel.fit(request, to: table).result
      let fixed = golden["se_sandwich_\(bread.rawValue)_bread"]
      for row in result.rows {
        expectClose(row.standardError, try fixed[row.term].number, relative: 1e-6, "\(bread) \(row.term)")
      }
      let variances = golden["se_variances_\(bread.rawValue)_bread"]
      for row in result.varianceComponents {
        var key = row.group
        if row.term2 != nil {
          key += ".cov"
        } else if let term = row.term1, variances["\(key).\(term)"].isNull == false {
          key += ".\(term)"
        }
        expectClose(try #require(row.standardError), try variances[key].number, relative: 1e-6, "\(bread) \(key)")
      }
    }
  }

  /// Schools of Hsb82 in 40 districts, districts in 4 strata.
  private func districts() throws -> Table {
    let table = try Fixture.hsb82()
    let schools = table.strings("school")
    var order: [String: Int] = [:]
    for school in schools where order[school] == nil { order[school] = order.count }
    let district = schools.map { (order[$0] ?? 0) % 40 }
    return table.adding("district", district.map { "\($0 / 4)" }).adding("stratum", district.map { "s\($0 % 4)" })
      .adding("fraction", district.map { [0.5, 0.25, 0.1, 1][$0 % 4] })
      .adding("population", district.map { [20, 40, 100, 10][$0 % 4] })
      .adding("row", schools.indices.map { "\($0)" })
  }

  private func fit(_ options: InferenceOptions) throws -> MixedModelResult {
    let request = FitRequest("mAch ~ cses + meanses + (1 | school)", method: .ml, inference: options)
    return try MixedModel.fit(request, to: try districts()).result
  }

  @Test func clustersAndStrataAddUpScoresAsTheirDefinitionSays() throws {
    let table = try districts()
    let options = InferenceOptions(standardErrors: .sandwich, psu: "district", strata: "stratum", fpc: "fraction")
    let request = FitRequest("mAch ~ cses + meanses + (1 | school)", method: .ml, inference: options)
    let model = try LinearMixedModel.of(request, table)
    let optimum = try model.optimum()
    let variances = try VarianceInference(model, optimum, withScores: true)
    let effects = try FixedEffects(model, optimum)
    #expect(effects.clusters?.count == 40)
    #expect(effects.clusters?.degreesOfFreedom == 36)

    // The definition, from the schools' scores.
    let (schools, districtOf, stratumOf, fractionOf) = (
      table.strings("school"), table.strings("district"), table.strings("stratum"), table.numbers("fraction")
    )
    let names = model.grams.groupNames(0)
    var sums: [String: [String: [Double]]] = [:]
    var fractions: [String: Double] = [:]
    for (name, score) in zip(names, variances.scores) {
      let row = try #require(schools.firstIndex(of: name))
      fractions[stratumOf[row]] = fractionOf[row]
      let known = sums[stratumOf[row], default: [:]][districtOf[row]] ?? [0, 0, 0]
      sums[stratumOf[row], default: [:]][districtOf[row]] = (0..<3).map { known[$0] + score[$0] }
    }
    var meat = Matrix(rows: 3, columns: 3)
    for (stratum, clusters) in sums {
      let count = Double(clusters.count)
      let mean = (0..<3).map { i in clusters.values.reduce(0) { $0 + $1[i] } / count }
      let factor = (1 - fractions[stratum, default: 0]) * count / (count - 1)
      for score in clusters.values {
        for i in 0..<3 {
          for j in 0..<3 { meat[i, j] += factor * (score[i] - mean[i]) * (score[j] - mean[j]) }
        }
      }
    }
    let expected = try variances.phi.congruence(meat)
    let scale = model.grams.scales[model.grams.frame.response].scale / model.grams.scales[model.fixed[1]].scale
    expectClose(effects.covariance[1, 1], scale * scale * expected[1, 1], relative: 1e-12)

    // A population size says the same as a fraction.
    let sizes = try fit(
      InferenceOptions(standardErrors: .sandwich, psu: "district", strata: "stratum", fpc: "population"))
    expectClose(
      sizes.rows.map(\.standardError), (0..<3).map { effects.covariance[$0, $0].squareRoot() }, relative: 1e-9)
    #expect(sizes.rows.map(\.degreesOfFreedom) == [36, 36, 36])
    #expect(sizes.inference.strata == 4)
  }

  @Test func namingTheTopLevelAsClustersChangesNothing() throws {
    let plain = try fit(InferenceOptions(standardErrors: .sandwich))
    let named = try fit(InferenceOptions(standardErrors: .sandwich, psu: "school"))
    #expect(plain.rows == named.rows)
    // Without the variances' errors nothing is expanded; the fixed effects' are the same.
    let cheap = try fit(InferenceOptions(standardErrors: .sandwich, varianceErrors: false))
    expectClose(cheap.rows.map(\.standardError), plain.rows.map(\.standardError), relative: 1e-9)
    #expect(cheap.varianceComponents.allSatisfy { $0.standardError == nil })
  }

  @Test func clustersThatDivideGroupsAndLonelyOnesAreRefused() throws {
    for (options, text) in [
      (InferenceOptions(standardErrors: .sandwich, psu: "row"), "whole groups"),
      (InferenceOptions(standardErrors: .sandwich, psu: "stratum", strata: "stratum"), "one cluster only"),
      (InferenceOptions(standardErrors: .sandwich, psu: "district", strata: "stratum", fpc: "school"), "fewer"),
    ] {
      let error = #expect(throws: ImmerseError.self) { try fit(options) }
      #expect(error?.kind == .badData)
      let message = error?.description ?? ""
      #expect(message.contains(text) || message.contains("differs"), "\(message)")
    }
  }

  /// The exact Hessian against differences of the exact gradient, whose own error is two orders smaller than the bound,
  /// at an optimum and far from one.
  @Test(arguments: [
    ("Reaction ~ Days + (Days | Subject) + (1 | Group)", FitRequest.Method.reml, [String]()),
    ("Reaction ~ Days + (1 | Subject) + (1 + Days || Group)", .ml, []),
    ("Reaction ~ Days + (Days | Subject) + (1 | Group)", .ml, ["w1", "w2", "w3"]),
  ])
  func hessiansAreThoseOfDifferencedGradients(
    formula: String, method: FitRequest.Method, weights: [String]
  ) throws {
    let request = FitRequest(
      formula, method: method, weights: weights, weightsAre: weights.isEmpty ? nil : .conditional)
    let model = try LinearMixedModel.of(request, try Fixture.groupedSleepstudy())
    let optimum = try model.optimum()
    let variances = try VarianceInference(model, optimum)
    let inTheta = try variances.hessianInTheta()
    let k = optimum.theta.count
    let scale = inTheta.diagonal.map(\.magnitude).max() ?? 1
    for j in 0..<k {
      func slope(_ step: Double) throws -> [Double] {
        var theta = optimum.theta
        theta[j] += step
        return try model.gradient(try model.evaluate(theta, .fitted), .fitted)
      }
      let h = 1e-3
      let (a, b, c, d) = (try slope(2 * h), try slope(h), try slope(-h), try slope(-2 * h))
      for i in 0..<k {
        let difference = (8 * (b[i] - c[i]) - (a[i] - d[i])) / (12 * h)
        expectClose(inTheta[i, j], difference, relative: 1e-7, absolute: 1e-7 * scale, "\(i), \(j)")
      }
    }
    let eigen = try SymmetricEigen(inTheta)
    let convergence = try MixedModel.fit(request, to: try Fixture.groupedSleepstudy()).result.convergence
    #expect(convergence.hessian == .exact)
    expectClose(convergence.smallestEigenvalue, eigen.values[0], relative: 1e-9)
    expectClose(convergence.largestEigenvalue, eigen.values[k - 1], relative: 1e-9)
  }
}
