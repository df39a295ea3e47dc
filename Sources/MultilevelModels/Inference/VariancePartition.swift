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
    /// The share of the fixed effects in what varies at one level: between its groups within a group above, or between
    /// rows (Rights and Sterba 2019, for any number of levels).
    case levelR2 = "r2_level"
  }

  public var quantity: Quantity
  /// Nil for the R2 of all levels; `Residual` for the rows.
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
      for (location, level) in try levelVariances(evaluation).enumerated() {
        let explained = level.fixed.form(beta, beta)
        let total =
          explained + level.random.reduce(0) { $0 + $1.variance } + (location == 0 ? evaluation.residualVariance : 0)
        // Squares of what rounding leaves of columns that do not vary there are nothing.
        let estimate = explained > 1e-24 * total ? explained / total : 0
        var error: Double?
        if let ofPsi, total > 0 {
          var gradient = [Double](repeating: 0, count: parameters.count)
          if location == 0 { gradient[0] = -estimate / total }
          for part in level.random {
            for (k, slope) in part.slopes { gradient[k] -= estimate * slope / total }
          }
          let ofFixed = try (level.fixed * beta).map { 2 * (1 - estimate) / total * $0 }
          error = max(0, ofPsi.form(gradient, gradient) + ofBeta.form(ofFixed, ofFixed)).squareRoot()
        }
        shares.append(
          VarianceShare(
            quantity: .levelR2, group: location == 0 ? "Residual" : grams.nesting.levels[location - 1].factor.label,
            estimate: estimate, standardError: error))
      }
      return shares
    } catch { throw .unsolvable }
  }

  /// What varies between the groups of one level within a group above, or between rows.
  private struct LevelVariance {
    /// The fixed columns' covariance there.
    var fixed: Matrix
    /// Of each factor the variance there, and its derivatives by some ψ.
    var random: [(variance: Double, slopes: [(Int, Double)])]
  }

  /// With x̄_l the mean over a row's group at level l, rows the first level and all rows the last, a column varies at level
  /// l as x̄_l − x̄_(l+1); a factor's effects on z vary there so below their own level, and as z̄ at their own. Empty without
  /// an intercept, whose cross-products give the means.
  private func levelVariances(_ evaluation: Evaluation) throws(NumericalError) -> [LevelVariance] {
    guard let means = meanProducts() else { return [] }
    let parameters = VarianceParameters(self)
    var result: [LevelVariance] = []
    for location in 0...levels.count {
      var between = means[location]
      between.add(means[location + 1], times: -1)
      var random: [(variance: Double, slopes: [(Int, Double)])] = []
      var next = 1
      for (depth, level) in levels.enumerated() {
        let derivatives = try parameters.derivatives(of: depth)
        defer { next += derivatives.count }
        guard depth + 1 >= location else { continue }
        let columns = level.effects.columns
        let products = (depth + 1 == location ? means[location] : between).submatrix(rows: columns, columns: columns)
        let factor = Matrix(
          rows: level.shape.effects, columns: level.shape.carriers, elements: evaluation.factors[depth]
        ).transposed
        random.append(
          (
            evaluation.residualVariance * products.traceOfProduct(try factor.timesTransposed(factor)),
            derivatives.enumerated().map { (next + $0, products.traceOfProduct($1)) }
          ))
      }
      result.append(LevelVariance(fixed: between.submatrix(rows: fixed, columns: fixed), random: random))
    }
    return result
  }

  /// The mean over the rows of x̄_l x̄_l' over the frame's columns, for the rows, every level, and all rows.
  private func meanProducts() -> [Matrix]? {
    guard let intercept = grams.frame.columns.firstIndex(where: \.isIntercept) else { return nil }
    let width = grams.frame.columns.count
    let triangle = packedCount(width)
    var sums = levels[0].totalWeights.enumerated().map { group, weight in
      (0..<width).map { column in
        weight * grams.grams[group * triangle + packed(max(column, intercept), min(column, intercept))]
      }
    }
    var means = [pooled.scaled(by: 1 / size)]
    for depth in 0...levels.count {
      var products = Matrix(rows: width, columns: width)
      for sum in sums where sum[intercept] > 0 {
        for i in 0..<width {
          for j in 0..<width { products[i, j] += sum[i] * sum[j] / (sum[intercept] * size) }
        }
      }
      means.append(products)
      guard depth < levels.count else { break }
      let level = levels[depth]
      var above = Array(repeating: [Double](repeating: 0, count: width), count: level.parentCount)
      for (group, sum) in sums.enumerated() {
        for column in 0..<width { above[level.parents[group]][column] += sum[column] }
      }
      sums = above
    }
    return means
  }
}
