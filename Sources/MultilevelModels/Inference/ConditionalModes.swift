import Columnar
import LinearAlgebra
import ModelFormula

/// Predictions of the random effects of every group of one factor (BLUPs), with θ and the fixed effects held at their
/// estimates, as lme4's `ranef` gives them.
public struct ConditionalModes: Sendable, Hashable, Codable {
  public let group: String
  /// The groups by name, in the order of the tree.
  public let groups: [String]
  /// The rows of each group.
  public let rowCounts: [Int]
  /// The effects, as the formula names their columns.
  public let terms: [String]
  /// For each effect the conditional modes of the groups.
  public let modes: [[Double]]
  /// For each effect the conditional standard deviations of the groups. Under sampling weights these are quantities of
  /// the model, not of the design.
  public let standardDeviations: [[Double]]
  /// For each effect the standard deviations of the prediction errors of the groups, which take in that the fixed effects
  /// are estimated; the variances count as known. Nil for crossed factors.
  public let predictionErrors: [[Double]]?

  enum CodingKeys: String, CodingKey {
    case group, groups
    case rowCounts = "n"
    case terms, modes
    case standardDeviations = "std_devs"
    case predictionErrors = "prediction_errors"
  }
}

extension LinearMixedModel {
  /// The modes and conditional variances from the top level down (Bates et al. 2015, section 2.2, for several levels):
  ///
  ///     u = G v      Var(u) = T⁻¹ + G Cov(v) G'      v: [−β; 1] and the effects of the groups above
  ///
  /// With β held Cov(v) begins at the top as zero; with the covariance of β it ends as that of the prediction errors.
  ///
  /// - Returns: for each level, lowest first, modes and standard deviations by effect.
  /// - Complexity: O(groups · columns²).
  func conditionalModes(_ optimum: Optimum) throws(ImmerseError) -> [ConditionalModes] {
    let p = fixed.count
    let inverse: Matrix
    do { inverse = try optimum.evaluation.information.inverse() } catch { throw .unsolvable }
    var estimated = [Double](repeating: 0, count: (p + 1) * (p + 1))
    for i in 0..<p {
      for j in 0..<p { estimated[i * (p + 1) + j] = inverse[i, j] }
    }
    let held = try modes(optimum, covariance: estimated.map { _ in 0 })
    let errors = try modes(optimum, covariance: estimated).map(\.deviations)
    var counts = grams.rowCounts
    return levels.indices.map { depth in
      defer {
        var above = [Int](repeating: 0, count: levels[depth].parentCount)
        for (group, count) in counts.enumerated() { above[levels[depth].parents[group]] += count }
        counts = above
      }
      return ConditionalModes(
        group: grams.nesting.levels[depth].factor.label, groups: grams.groupNames(depth), rowCounts: counts,
        terms: levels[depth].effects.names, modes: held[depth].modes, standardDeviations: held[depth].deviations,
        predictionErrors: errors[depth])
    }
  }

  private func modes(
    _ optimum: Optimum, covariance: [Double]
  ) throws(ImmerseError) -> [(modes: [[Double]], deviations: [[Double]])] {
    let evaluation = optimum.evaluation
    let responseScale = grams.scales[grams.frame.response].scale
    let sigma = evaluation.residualVariance.squareRoot() * responseScale
    let rawFactors: [Matrix]
    do { rawFactors = try self.rawFactors(optimum.theta) } catch { throw .unsolvable }
    // What the groups above contribute: a vector over the columns and its covariance over σ².
    var vectors = evaluation.contrast
    var covariances = covariance
    var result: [(modes: [[Double]], deviations: [[Double]])] = []
    for (depth, level) in levels.enumerated().reversed() {
      let shape = level.shape
      let (q, m, width) = (shape.effects, shape.upperCount, shape.width)
      let raw = rawFactors[depth]
      var modes = [[Double]](repeating: [Double](repeating: 0, count: level.count), count: q)
      var deviations = modes
      var own = [Double](repeating: 0, count: depth > 0 ? level.count * width : 0)
      var ownCovariances = [Double](repeating: 0, count: depth > 0 ? level.count * width * width : 0)
      forEachBlock(of: depth, evaluation) { block, first, count in
        let parent = level.parents[first]
        for lane in 0..<count {
          let group = first + lane
          let g = { (r: Int, a: Int) in block.solution[r * m + a][lane] }
          let u = (0..<q).map { r in (0..<m).reduce(0) { $0 + g(r, $1) * vectors[parent * m + $1] } }
          var variance = Matrix(rows: q, columns: q)
          for r in 0..<q {
            // Row r of G Cov(v).
            let row = (0..<m).map { a in
              (0..<m).reduce(0) { $0 + g(r, $1) * covariances[(parent * m + $1) * m + a] }
            }
            for s in 0..<q {
              variance[r, s] = block.inverse[r * q + s][lane] + (0..<m).reduce(0) { $0 + row[$1] * g(s, $1) }
            }
          }
          for effect in 0..<q {
            modes[effect][group] = responseScale * (0..<q).reduce(0) { $0 + raw[effect, $1] * u[$1] }
            let square = (0..<q).reduce(0) { sum, r in
              sum + (0..<q).reduce(0) { $0 + raw[effect, r] * variance[r, $1] * raw[effect, $1] }
            }
            deviations[effect][group] = sigma * max(0, square).squareRoot()
          }
          guard depth > 0 else { continue }
          for a in 0..<m { own[group * width + shape.firstUpper + a] = vectors[parent * m + a] }
          for z in 0..<shape.carriers {
            own[group * width + shape.positions[z]] -= block.carried(z) { u[$0] }
          }
          covariances.withUnsafeBufferPointer { above in
            ownCovariances.withUnsafeMutableBufferPointer { target in
              guard let above = above.baseAddress, let target = target.baseAddress else { return }
              block.writeAdjoint(
                lane: lane, adjoint: above + parent * m * m, weight: 1, logAdjoint: 2,
                to: target + group * width * width)
            }
          }
        }
      }
      result.append((modes, deviations))
      (vectors, covariances) = (own, ownCovariances)
    }
    return result.reversed()
  }
}

extension NestedGrams {
  /// The groups of a level by the text of their columns' levels, joined by colons.
  func groupNames(_ depth: Int) -> [String] {
    frame.groupNames(nesting.levels[depth].factor, nesting.levels[depth].codes)
  }
}

extension ModelFrame {
  /// Groups by the text of their columns' levels, joined by colons.
  func groupNames(_ factor: GroupingFactor, _ codes: [Int32]) -> [String] {
    let levels = factor.columns.compactMap { name in groups.first { $0.name == name }?.levels }
    return stride(from: 0, to: codes.count, by: max(1, levels.count)).map { first in
      levels.indices.map { levels[$0][Int(codes[first + $0])] }.joined(separator: ":")
    }
  }
}
