import Columnar
import LinearAlgebra
import ModelFormula

/// What leaving one group out does to the estimates, everything refitted.
public struct GroupInfluence: Sendable, Hashable, Codable {
  public var group: String
  public var unit: String
  /// (β̂₋ − β̂)'Cov(β̂)⁻¹(β̂₋ − β̂)/p with the model's covariance.
  public var cooksDistance: Double
  /// Change of each fixed effect, in the order of the rows.
  public var changes: [Double]
  /// Change of the residual standard deviation.
  public var sigmaChange: Double

  enum CodingKeys: String, CodingKey {
    case group, unit
    case cooksDistance = "cooks_distance"
    case changes
    case sigmaChange = "sigma_change"
  }
}

extension LinearMixedModel {
  /// Refits the model without each group of one factor in turn, from the cross-products, starting at the estimates.
  ///
  /// - Throws: `usage` where there is no such factor.
  /// - Complexity: O(groups²) of the model's evaluations' cost per group, a few evaluations each.
  func influence(of factor: String, _ optimum: Optimum) throws(ImmerseError) -> [GroupInfluence] {
    let labels = grams.nesting.levels.map(\.factor.label)
    guard let depth = labels.firstIndex(of: factor) else {
      throw ImmerseError(
        .usage, "\(factor) is no group of the model", variable: factor,
        remedy: "name one of \(labels.joined(separator: ", "))")
    }
    let map = FixedEffects.rawFromStored(fixed, grams.frame, grams.scales).map
    let names = grams.groupNames(depth)
    let metric: Matrix
    let whole: [Double]
    do {
      metric = try VarianceInference(self, optimum).metric()
      whole = try map * optimum.evaluation.coefficients
    } catch { throw .unsolvable }
    let scale = grams.scales[grams.frame.response].scale
    let sigma = optimum.evaluation.residualVariance.squareRoot()
    var result: [GroupInfluence] = []
    for group in 0..<levels[depth].count {
      var rest = self
      rest.remove(group: group, of: depth)
      let found = try rest.optimum(near: optimum.theta, metric: metric)
      let moved = zip(found.evaluation.coefficients, optimum.evaluation.coefficients).map { $0 - $1 }
      // Cov⁻¹ = K/σ² of the stored coefficients.
      let factor = optimum.evaluation.information.factor
      var square = 0.0
      for j in moved.indices {
        var sum = 0.0
        for i in j..<moved.count { sum += factor[i, j] * moved[i] }
        square += sum * sum
      }
      let estimates: [Double]
      do { estimates = try map * found.evaluation.coefficients } catch { throw .unsolvable }
      result.append(
        GroupInfluence(
          group: labels[depth], unit: names[group],
          cooksDistance: square / (sigma * sigma * Double(moved.count)),
          changes: zip(estimates, whole).map { $0 - $1 },
          sigmaChange: scale * (found.evaluation.residualVariance.squareRoot() - sigma)))
    }
    return result
  }
}
