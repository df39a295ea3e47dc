import Columnar
import Streaming
import SurveyStatistics
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct PooledTests {
  /// Hsb82 with overall weights, six jackknife replicates that drop a sixth of the schools each, and three imputations of
  /// the response.
  private func table() throws -> (table: Table, factors: [[Double]]) {
    let hsb = try Fixture.weightedHsb82()
    let schools = hsb.strings("school")
    var order: [String: Int] = [:]
    for school in schools where order[school] == nil { order[school] = order.count }
    let (c1, c2) = (hsb.numbers("c1"), hsb.numbers("c2"))
    var table = hsb.adding("overall", zip(c1, c2).map { $0 * $1 })
    var factors: [[Double]] = []
    for replicate in 0..<6 {
      let own = schools.map { (order[$0] ?? 0) % 6 == replicate ? 0 : 1.2 }
      factors.append(own)
      table = table.adding("rw\(replicate + 1)", own.indices.map { own[$0] * c1[$0] * c2[$0] })
    }
    let y = hsb.numbers("mAch")
    for value in 1...3 {
      table = table.adding("PV\(value)", y.indices.map { y[$0] + Double(($0 * 7 + value * 13) % 11 - 5) / 4 })
    }
    return (table, factors)
  }

  private let design = ReplicateDesign(.jk1, columns: ["rw1-rw6"])

  /// Every replicate by itself, with its weights written out, and the jackknife's formula.
  @Test(arguments: [true, false]) func replicatesAreFitsWithTheirWeights(isUnconditional: Bool) throws {
    let (table, factors) = try table()
    let weights = isUnconditional ? ["overall", "c2"] : ["c1", "c2"]
    var request = FitRequest(
      "mAch ~ cses + (cses | school)", weights: weights, weightsAre: isUnconditional ? .unconditional : .conditional,
      weightScaling: .size)
    let full = try MixedModel.fit(request, to: table).result
    var estimates: [[Double]] = []
    for own in factors {
      // The lowest groups' weights take the factor; a school that weighs nothing is left out.
      let (rows, c2) = (own.indices.filter { own[$0] > 0 }, table.numbers("c2"))
      let (row, school) = (table.numbers(weights[0]), c2.indices.map { c2[$0] * own[$0] })
      let multiplied = table.adding("c2", school)
        .adding(weights[0], row.indices.map { isUnconditional ? row[$0] * own[$0] : row[$0] }).rows(rows)
      let result = try MixedModel.fit(request, to: multiplied).result
      estimates.append(result.rows.map(\.estimate) + result.varianceComponents.map(\.covariance))
    }
    request.replicates = design
    let pooled = try MixedModel.fit(request, to: table).result
    expectClose(pooled.rows.map(\.estimate), full.rows.map(\.estimate), relative: 1e-9)
    let errors = pooled.rows.map(\.standardError) + pooled.varianceComponents.compactMap(\.standardError)
    #expect(errors.count == estimates[0].count)
    for (index, error) in errors.enumerated() {
      let values = estimates.map { $0[index] }
      let mean = values.reduce(0, +) / 6
      let variance = 5.0 / 6 * values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      expectClose(error, variance.squareRoot(), relative: 1e-4)
    }
    #expect(pooled.rows.allSatisfy { $0.degreesOfFreedom == 5 })
    #expect(pooled.pooling?.replicates == 6)
    #expect(pooled.pooling?.level == "school")
    #expect(pooled.inference.standardErrors == .replicates)
  }

  @Test func plausibleValuesFollowRubinsRules() throws {
    let (table, _) = try table()
    let values = PlausibleValues("math", columns: ["PV1-PV3"])
    let request = FitRequest("math ~ cses + (1 | school)", method: .ml, plausible: [values])
    let pooled = try MixedModel.fit(request, to: table).result
    let fits = try (1...3).map {
      try MixedModel.fit(FitRequest("PV\($0) ~ cses + (1 | school)", method: .ml), to: table).result
    }
    for (index, row) in pooled.rows.enumerated() {
      let estimates = fits.map { $0.rows[index].estimate }
      let within = fits.reduce(0) { $0 + $1.rows[index].standardError * $1.rows[index].standardError } / 3
      let mean = estimates.reduce(0, +) / 3
      let between = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2
      expectClose(row.estimate, mean, relative: 1e-12)
      expectClose(row.standardError, (within + 4.0 / 3 * between).squareRoot(), relative: 1e-9)
    }
    let variances = fits.map { $0.component("school") }
    expectClose(pooled.component("school"), variances.reduce(0, +) / 3, relative: 1e-9)
    #expect(pooled.pooling?.imputations == 3)
    #expect(pooled.notes.contains { $0.code == "imputation_df" })
  }

  @Test func bothTogether() throws {
    let (table, _) = try table()
    func request(_ response: String, _ plausible: [PlausibleValues]) -> FitRequest {
      FitRequest(
        "\(response) ~ cses + (1 | school)", weights: ["c1", "c2"], weightsAre: .conditional, replicates: design,
        plausible: plausible)
    }
    let pooled = try MixedModel.fit(
      request("math", [PlausibleValues("math", columns: ["PV1-PV3"])]), to: table, engine: Engine(threads: 3)
    ).result
    let fits = try (1...3).map { try MixedModel.fit(request("PV\($0)", []), to: table).result }
    let within = fits.reduce(0) { $0 + $1.rows[1].standardError * $1.rows[1].standardError } / 3
    let part = try #require(pooled.pooling?.rows[1])
    expectClose(part.samplingVariance ?? .nan, within, relative: 1e-9)
    expectClose(
      pooled.rows[1].standardError,
      (within + (part.imputationVariance ?? .nan)).squareRoot(), relative: 1e-12)
  }

  @Test func whatCannotBePooledIsRefused() throws {
    let (table, _) = try table()
    let row = table.numbers("overall").enumerated().map { $0 % 2 == 0 ? $1 : 2 * $1 }
    let split = table.adding("rw1", row)
    let base = FitRequest("mAch ~ cses + (1 | school)", weights: ["overall"], replicates: design)
    let varying = #expect(throws: ImmerseError.self) { try MixedModel.fit(base, to: split) }
    #expect(varying?.kind == .badData)
    #expect(varying?.variable == "rw1")
    var cases = [base, base, base, base]
    cases[0].weights = []
    cases[1].replicates = ReplicateDesign(.jkn, columns: ["rw1-rw6"])
    cases[2].plausible = [PlausibleValues("other", columns: ["PV1-PV3"])]
    cases[3].inference.standardErrors = .sandwich
    for request in cases {
      let error = #expect(throws: ImmerseError.self) { try MixedModel.fit(request, to: table) }
      #expect(error?.kind == .usage)
    }
    #expect(throws: ImmerseError.self) { try SavedFit(base, of: table) }
  }
}
