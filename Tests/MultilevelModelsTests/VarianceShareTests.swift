import Columnar
import LinearAlgebra
import TestSupport
import Testing

@testable import MultilevelModels

@Suite struct VarianceShareTests {
  /// One evaluation of every share from the rows, at β and ψ = (σ², τ₀₀, τ₁₀, τ₁₁) as the formula names them.
  private struct Rows {
    let x: [Double]
    let groups: [String]

    func shares(_ beta: [Double], _ psi: [Double]) -> [String: Double] {
      let n = Double(x.count)
      let (mean, products) = (x.reduce(0, +) / n, x.reduce(0) { $0 + $1 * $1 } / n)
      var sums: [String: (sum: Double, count: Double)] = [:]
      for (group, value) in zip(groups, x) {
        sums[group, default: (0, 0)].sum += value
        sums[group, default: (0, 0)].count += 1
      }
      // E x̄_g².
      let between = sums.values.reduce(0) { $0 + $1.sum * $1.sum / $1.count } / n
      let (slope, residual) = (beta[1] * beta[1], psi[0])
      let random = psi[1] + 2 * mean * psi[2] + products * psi[3]
      let explained = slope * (products - mean * mean) * n / (n - 1)
      let total = random + residual + explained
      let (above, within) = (slope * (between - mean * mean), slope * (products - between))
      return [
        "icc": random / (random + residual), "vpc": random / (random + residual), "r2_marginal": explained / total,
        "r2_conditional": (explained + random) / total,
        "r2_level school": above / (above + psi[1] + 2 * mean * psi[2] + between * psi[3]),
        "r2_level Residual": within / (within + (products - between) * psi[3] + residual),
      ]
    }
  }

  /// Estimates by their definitions from the rows, errors by the delta method with numeric derivatives.
  @Test func estimatesAndErrorsAreThoseOfTheirDefinitions() throws {
    let table = try Fixture.hsb82()
    // A predictor that varies within schools and between them.
    let x = zip(table.numbers("cses"), table.numbers("meanses")).map { $0 + $1 + 0.3 }
    let request = FitRequest("mAch ~ x + (x | school)", method: .ml, inference: .init(shares: true))
    let fit = try MixedModel.fit(request, to: table.adding("x", x))
    guard case .nested(let model, let optimum) = fit.fitted else { return }
    let effects = try FixedEffects(model, optimum)
    let ofPsi = try #require(try effects.varianceErrors(model)).covariance
    let components = [
      ("Residual", nil, nil), ("school", "(Intercept)", nil), ("school", "(Intercept)", "x"), ("school", "x", nil),
    ]
    let psi = try components.map { group, first, second in
      try #require(
        fit.result.varianceComponents.first {
          $0.group == group && (first == nil || $0.term1 == first) && $0.term2 == second
        }
      ).covariance
    }
    let beta = fit.result.rows.map(\.estimate)
    let rows = Rows(x: x, groups: table.strings("school"))
    let all = beta + psi
    let slopes = all.indices.map { k in
      let ends = [-1e-5, 1e-5].map { step in
        var moved = all
        moved[k] += step
        return rows.shares(Array(moved[..<2]), Array(moved[2...]))
      }
      return ends[0].reduce(into: [String: Double]()) { $0[$1.key] = ((ends[1][$1.key] ?? 0) - $1.value) / 2e-5 }
    }
    let expected = rows.shares(beta, psi)
    #expect(fit.result.shares.count == expected.count)
    for share in fit.result.shares {
      let isLevel = share.quantity == .levelR2
      let name = share.quantity.rawValue + (isLevel ? " " + (share.group ?? "") : "")
      expectClose(share.estimate, try #require(expected[name]), relative: 1e-9, name)
      let gradient = slopes.map { $0[name] ?? 0 }
      let (first, rest) = (Array(gradient[..<2]), Array(gradient[2...]))
      let variance = effects.covariance.form(first, first) + ofPsi.form(rest, rest)
      expectClose(try #require(share.standardError), variance.squareRoot(), relative: 1e-6, name)
    }
  }

  @Test func everyLevelHasItsR2() throws {
    let table = try Fixture.groupedSleepstudy()
    let request = FitRequest(
      "Reaction ~ Days + (Days | Subject) + (1 | Group)", weights: ["w1", "w2", "w3"], weightsAre: .conditional,
      inference: .init(shares: true))
    let result = try MixedModel.fit(request, to: table).result
    let levels = result.shares.filter { $0.quantity == .levelR2 }
    #expect(levels.map(\.group) == ["Residual", "Subject", "Group"])
    #expect(levels.allSatisfy { (0...1).contains($0.estimate) && $0.standardError != nil })
    // Every subject has the same days.
    let plain = FitRequest("Reaction ~ Days + (Days | Subject)", inference: .init(shares: true))
    let between = try MixedModel.fit(plain, to: table).result.shares.filter { $0.quantity == .levelR2 }
    #expect(between[0].estimate > 0.3)
    expectClose(between[1].estimate, 0, absolute: 1e-12)
  }
}
