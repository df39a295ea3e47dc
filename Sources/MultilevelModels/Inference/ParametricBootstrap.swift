import Columnar
import LinearAlgebra
import ModelFormula
import Probability

/// Refits of the model to responses drawn from it, from the cross-products alone.
///
/// For a group with the cross-products S of its n rows' columns, of rank r, and coefficients a = β + Σ b of its ancestors,
/// the new response's products are S a + c with c ~ N(0, σ²S), and its square a'Sa + 2a'c + c'S⁺c + σ²χ²(n − r): exactly
/// those of y = Xβ + Zb + e, of which no row is formed.
struct ParametricBootstrap {
  private let model: LinearMixedModel
  private let optimum: Optimum
  private let sigma: Double
  private let metric: Matrix
  /// Of each lowest group a root of S, column by column, and its rank.
  private let roots: [Matrix]

  /// - Complexity: O(groups · columns³), once.
  init(_ model: LinearMixedModel, _ optimum: Optimum) throws(ImmerseError) {
    self.model = model
    self.optimum = optimum
    sigma = optimum.evaluation.residualVariance.squareRoot()
    let others = Array(0..<model.layout.count - 1)
    var roots: [Matrix] = []
    do {
      metric = try VarianceInference(model, optimum).metric()
      for group in 0..<model.levels[0].count {
        let eigen = try SymmetricEigen(model.crossProducts(of: group).submatrix(rows: others, columns: others))
        let limit = 1e-12 * (eigen.values.last ?? 0)
        let kept = eigen.values.indices.filter { eigen.values[$0] > limit }
        var root = Matrix(rows: others.count, columns: kept.count)
        for (j, index) in kept.enumerated() {
          for i in others { root[i, j] = eigen.values[index].squareRoot() * eigen.vectors[i, index] }
        }
        roots.append(root)
      }
    } catch { throw .unsolvable }
    self.roots = roots
  }

  /// The triangles of the lowest groups with a response drawn from the model.
  func draw(_ stream: inout RandomStream) -> [Double] {
    let width = model.layout.count
    let size = packedCount(width)
    // Coefficients of the groups, over the columns of their level without the response.
    var above = [optimum.evaluation.coefficients]
    for (depth, level) in model.levels.enumerated().reversed() {
      let shape = level.shape
      let factor = optimum.evaluation.factors[depth]
      above = (0..<level.count).map { group in
        var own = [Double](repeating: 0, count: shape.firstUpper) + above[level.parents[group]]
        let u = (0..<shape.effects).map { _ in sigma * stream.normal() }
        for (z, position) in shape.positions.enumerated() {
          for r in 0..<shape.effects {
            let effect = factor[z * shape.effects + r] * u[r]
            own[position] += effect
          }
        }
        return own
      }
    }
    var triangles = model.lowest
    for group in roots.indices {
      let (root, a, base) = (roots[group], above[group], group * size)
      let z = (0..<root.columns).map { _ in sigma * stream.normal() }
      let rest = model.grams.sizes[group] - Double(root.columns)
      var square = z.reduce(0) { $0 + $1 * $1 }
      if rest > 0.5 { square += sigma * sigma * ChiSquared(df: rest).quantile(stream.uniform()) }
      let row = base + packed(width - 1, 0)
      for i in 0..<width - 1 {
        var product = 0.0
        for j in 0..<width - 1 { product += triangles[base + packed(max(i, j), min(i, j))] * a[j] }
        var noise = 0.0
        for j in z.indices { noise += root[i, j] * z[j] }
        square += a[i] * (product + 2 * noise)
        triangles[row + i] = product + noise
      }
      triangles[row + width - 1] = square
    }
    return triangles
  }

  /// Percentile intervals, and how many refits failed.
  func intervals(
    draws: Int, seed: UInt64, level: Double
  ) throws(ImmerseError) -> (intervals: [ParameterInterval], failures: Int) {
    let streams = RandomStreams(seed: seed, purpose: "parametric bootstrap")
    var intervals = try parameters(model, optimum)
    var samples = Array(repeating: [Double](), count: intervals.count)
    var failures = 0
    for draw in 0..<draws {
      var stream = streams[draw]
      var replicate = model
      replicate.replaceResponse(by: self.draw(&stream))
      guard let found = try? replicate.optimum(near: optimum.theta, metric: metric), found.hasConverged,
        let estimates = try? parameters(replicate, found)
      else {
        failures += 1
        continue
      }
      for (k, interval) in estimates.enumerated() where interval.estimate.isFinite {
        samples[k].append(interval.estimate)
      }
    }
    for k in intervals.indices {
      let sorted = samples[k].sorted()
      intervals[k].confidenceLow = Self.quantile(sorted, (1 - level) / 2)
      intervals[k].confidenceHigh = Self.quantile(sorted, (1 + level) / 2)
    }
    return (intervals, failures)
  }

  /// Fixed effects, standard deviations, correlations.
  private func parameters(
    _ model: LinearMixedModel, _ optimum: Optimum
  ) throws(ImmerseError) -> [ParameterInterval] {
    let (map, shift) = FixedEffects.rawFromStored(model.fixed, model.grams.frame, model.grams.scales)
    let fixed: [Double]
    do { fixed = try map * optimum.evaluation.coefficients } catch { throw .unsolvable }
    var rows = model.fixed.indices.map { index in
      ParameterInterval(
        parameter: .fixed, term1: model.grams.frame.columns[model.fixed[index]].name,
        estimate: fixed[index] + shift[index])
    }
    let components = try CovarianceComponents(model, optimum)
    for (depth, level) in model.levels.enumerated() {
      let (covariance, names) = (components.covariances[depth], level.effects.names)
      let group = model.grams.nesting.levels[depth].factor.label
      for i in names.indices {
        rows.append(
          ParameterInterval(
            parameter: .standardDeviation, group: group, term1: names[i], estimate: covariance[i, i].squareRoot()))
      }
      for element in level.effects.elements where element.row != element.column {
        let (i, j) = (element.column, element.row)
        rows.append(
          ParameterInterval(
            parameter: .correlation, group: group, term1: names[i], term2: names[j],
            estimate: covariance[i, j] / (covariance[i, i] * covariance[j, j]).squareRoot()))
      }
    }
    rows.append(
      ParameterInterval(
        parameter: .standardDeviation, group: "Residual", estimate: components.residualVariance.squareRoot()))
    return rows
  }

  /// The quantile at position (n + 1) p of the ordered values, as the bootstrap's percentile intervals have it.
  private static func quantile(_ sorted: [Double], _ p: Double) -> Double? {
    guard sorted.count > 1 else { return nil }
    let position = min(max(Double(sorted.count + 1) * p, 1), Double(sorted.count))
    let lower = Int(position)
    let upper = min(lower + 1, sorted.count)
    return sorted[lower - 1] + (position - Double(lower)) * (sorted[upper - 1] - sorted[lower - 1])
  }
}
