import Columnar
import LinearAlgebra
import ModelFormula

/// A share of the response's variance, with its standard error by the delta method.
public struct VarianceShare: Sendable, Hashable, Codable {
  public enum Quantity: String, Sendable, Codable {
    /// The correlation of two rows of one group, their fixed effects apart: the variance between groups of this level
    /// and above over that of all.
    case intraclassCorrelation = "icc"
    /// The variance between groups of this level over that of all.
    case variancePartition = "vpc"
    /// The share of the fixed effects (Nakagawa and Schielzeth 2013).
    case marginalR2 = "r2_marginal"
    /// The share of fixed and random effects.
    case conditionalR2 = "r2_conditional"
  }

  public var quantity: Quantity
  /// Nil for the R2.
  public var group: String?
  public var estimate: Double
  public var standardError: Double?

  enum CodingKeys: String, CodingKey {
    case quantity, group, estimate
    case standardError = "std_error"
  }
}

extension LinearMixedModel {
  /// Variances are those of a row drawn from all, under the weights: f of the fixed effects over the rows, and for each
  /// level tr(Ψ M), M the mean of zz' over the rows (Johnson 2014), which for intercepts alone is their variance.
  func variancePartition(_ effects: FixedEffects, _ optimum: Optimum) throws(ImmerseError) -> [VarianceShare] {
    let n = size
    let evaluation = optimum.evaluation
    let beta = evaluation.coefficients
    let p = fixed.count
    do {
      // f over σ²'s units: the stored response's.
      var spread = pooled.submatrix(rows: fixed, columns: fixed)
      if let intercept = grams.frame.columns.firstIndex(where: \.isIntercept) {
        let sums = fixed.map { pooled[$0, intercept] }
        for i in 0..<p {
          for j in 0..<p { spread[i, j] -= sums[i] * sums[j] / pooled[intercept, intercept] }
        }
      }
      spread = spread.scaled(by: 1 / (n - 1))
      let explained = spread.form(beta, beta)
      let parameters = VarianceParameters(self)
      // Of each level tr(ΨM) and its derivatives by ψ, σ² first.
      var parts: [Double] = []
      var slopes = Array(repeating: [Double](repeating: 0, count: parameters.count), count: levels.count)
      var next = 1
      for (depth, level) in levels.enumerated() {
        let columns = level.effects.columns
        let mean = pooled.submatrix(rows: columns, columns: columns).scaled(by: 1 / n)
        let factor = Matrix(
          rows: level.shape.effects, columns: level.shape.carriers, elements: evaluation.factors[depth]
        ).transposed
        parts.append(evaluation.residualVariance * mean.traceOfProduct(try factor.timesTransposed(factor)))
        for derivative in try parameters.derivatives(of: depth) {
          slopes[depth][next] = mean.traceOfProduct(derivative)
          next += 1
        }
      }
      let random = parts.reduce(0, +)
      let within = random + evaluation.residualVariance
      let total = within + explained
      // The covariance of (β, ψ); they are taken as independent, as they are in the model.
      var ofPsi: Matrix?
      if let variances = effects.variances, let own = effects.varianceCovariance {
        ofPsi = try variances.slopes.congruence(own)
      }
      let ofBeta = try effects.storedCovariance()
      let fixedSlopes = try (spread * beta).map { 2 * $0 }

      /// The share of a sum of levels, and of the fixed effects or not, in a total with or without these.
      func share(
        _ quantity: VarianceShare.Quantity, _ group: String?, levels members: [Int], fixedIn: Bool, fixedOver: Bool
      ) -> VarianceShare {
        let numerator = members.reduce(fixedIn ? explained : 0) { $0 + parts[$1] }
        let denominator = fixedOver ? total : within
        let estimate = numerator / denominator
        var error: Double?
        if let ofPsi {
          let gradient = (0..<parameters.count).map { k in
            let upper = members.reduce(0) { $0 + slopes[$1][k] }
            let lower = slopes.reduce(k == 0 ? 1 : 0) { $0 + $1[k] }
            return (upper - estimate * lower) / denominator
          }
          var variance = ofPsi.form(gradient, gradient)
          if fixedOver {
            let weight = ((fixedIn ? 1 : 0) - estimate) / denominator
            variance += weight * weight * ofBeta.form(fixedSlopes, fixedSlopes)
          }
          error = max(0, variance).squareRoot()
        }
        return VarianceShare(quantity: quantity, group: group, estimate: estimate, standardError: error)
      }

      var shares: [VarianceShare] = []
      for depth in levels.indices {
        let label = grams.nesting.levels[depth].factor.label
        let above = Array(depth..<levels.count)
        shares.append(
          share(.intraclassCorrelation, label, levels: above, fixedIn: false, fixedOver: false))
        shares.append(share(.variancePartition, label, levels: [depth], fixedIn: false, fixedOver: false))
      }
      shares.append(share(.marginalR2, nil, levels: [], fixedIn: true, fixedOver: true))
      shares.append(share(.conditionalR2, nil, levels: Array(levels.indices), fixedIn: true, fixedOver: true))
      return shares
    } catch { throw .unsolvable }
  }
}
