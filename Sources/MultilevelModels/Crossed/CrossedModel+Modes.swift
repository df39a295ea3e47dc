import Columnar
import LinearAlgebra
import ModelFormula

extension CrossedModel: MixedLikelihood {
  var randomFactors: [(effects: RandomEffects, weightOfGroups: Double)] {
    factors.map { ($0.effects, Double($0.count)) }
  }

  var furtherMetric: [Double] { [] }

  func profile(_ evaluation: CrossedEvaluation) -> ProfiledEstimates { evaluation.profile }

  func checkResidual(_ far: CrossedEvaluation) throws(ImmerseError) {
    try Identification.checkResidual(
      far.profile.residualSquares, pooled: grams.pooled, grams.frame,
      label: factors.map(\.factor.label).joined(separator: " and "))
  }

  func checkEnd(_ theta: [Double]) throws(ImmerseError) {}

  /// The modes u = G[−β; 1] and the variances T⁻¹ of every factor, in terms of the effects the formula names.
  ///
  /// - Complexity: that of one evaluation with its gradient.
  func conditionalModes(_ optimum: OptimumOf<CrossedEvaluation>) throws(ImmerseError) -> [ConditionalModes] {
    let evaluation = optimum.evaluation
    let scale = grams.scales[grams.frame.response].scale
    let sigma = evaluation.profile.residualVariance.squareRoot() * scale
    let inverse: Matrix
    do { inverse = try evaluation.tail.inverse() } catch { throw .unsolvable }
    let headVariances = try headVariances(evaluation, inverse)
    let contrast = Matrix(rows: columns.count, columns: 1, elements: evaluation.profile.contrast)
    let solved = try residuals(evaluation, contrast)
    var result: [ConditionalModes] = []
    var first = 0
    for (f, factor) in factors.enumerated() {
      let q = factor.effects.count
      let raw: Matrix
      do { raw = try factor.effects.rawFactor(optimum.theta[first..<first + factor.effects.thetaCount]) } catch {
        throw .unsolvable
      }
      first += factor.effects.thetaCount
      var modes = [[Double]](repeating: [], count: q)
      var deviations = modes
      for group in 0..<factor.count {
        let start = effectOffsets[f] + group * q
        let u = (0..<q).map { solved[f].effects[group * q + $0] }
        let variance = { (r: Int, s: Int) -> Double in
          f == 0 ? headVariances[(group * q + r) * q + s] : inverse[start + r, start + s]
        }
        for effect in 0..<q {
          modes[effect].append(scale * (0..<q).reduce(0) { $0 + raw[effect, $1] * u[$1] })
          let square = (0..<q).reduce(0.0) { sum, r in
            sum + (0..<q).reduce(0.0) { $0 + raw[effect, r] * variance(r, $1) * raw[effect, $1] }
          }
          deviations[effect].append(sigma * max(0, square).squareRoot())
        }
      }
      result.append(
        ConditionalModes(
          group: factor.factor.label, groups: grams.frame.groupNames(factor.factor, factor.codes),
          rowCounts: factor.rowCounts, terms: factor.effects.names, modes: modes, standardDeviations: deviations,
          predictionErrors: nil))
    }
    return result
  }

  /// The head groups' blocks of T⁻¹: T_j⁻¹ + T_j⁻¹Λ₀' X_j Λ₀T_j⁻¹, row by row.
  private func headVariances(_ evaluation: CrossedEvaluation, _ inverse: Matrix) throws(ImmerseError) -> [Double] {
    let (c, q) = (factors[0].carriers, factors[0].effects.count)
    let (spreads, gains) = (try headSpreads(evaluation, inverse), evaluation.head.gains)
    var variances = evaluation.head.inverses
    for j in 0..<factors[0].count {
      for r in 0..<q {
        for s in 0..<q {
          for z in 0..<c {
            for y in 0..<c {
              variances[(j * q + r) * q + s] +=
                gains[(j * c + z) * q + r] * spreads[(j * c + z) * c + y] * gains[(j * c + y) * q + s]
            }
          }
        }
      }
    }
    return variances
  }
}
