import Columnar
import LinearAlgebra
import ModelFormula

/// Estimates of the fixed effects and their covariance, for the columns as the formula names them.
struct FixedEffects: Sendable {
  let estimates: [Double]
  let covariance: Matrix

  init(
    _ model: LinearMixedModel, _ evaluation: Evaluation, standardErrors: FitRequest.StandardErrors
  ) throws(ImmerseError) {
    let scales = model.grams.scales
    let columns = model.grams.frame.columns
    let response = scales[model.grams.frame.response]
    // β of the columns from β of the stored ones: y = m + s ỹ, x = m + s x̃.
    var map = Matrix(rows: model.fixed.count, columns: model.fixed.count)
    let intercept = model.fixed.firstIndex { columns[$0].isIntercept }
    for (j, column) in model.fixed.enumerated() {
      map[j, j] = response.scale / scales[column].scale
      if let intercept, j != intercept { map[intercept, j] = -map[j, j] * scales[column].shift }
    }
    do {
      var estimates = try map * evaluation.coefficients
      if let intercept { estimates[intercept] += response.shift }
      let stored =
        switch standardErrors {
        case .model: try Self.modelCovariance(evaluation)
        case .sandwich: try Self.sandwich(model, evaluation)
        }
      self.estimates = estimates
      covariance = try map.congruence(stored)
    } catch { throw .unsolvable }
  }

  /// σ²K⁻¹.
  private static func modelCovariance(_ evaluation: Evaluation) throws(NumericalError) -> Matrix {
    var covariance = try evaluation.information.inverse()
    for k in covariance.elements.indices { covariance.elements[k] *= evaluation.residualVariance }
    return covariance
  }

  /// The sandwich over top-level groups with the fixed effects' block of the information as bread and the factor
  /// J/(J − 1), as Stata's `mixed` and WeMix have it: K⁻¹ (Σ_g s_g s_g') K⁻¹, s_g = w_g M_g b.
  private static func sandwich(_ model: LinearMixedModel, _ evaluation: Evaluation) throws(NumericalError) -> Matrix {
    let scores = model.topScores(evaluation)
    let meat = Matrix(rows: model.fixed.count, columns: scores.count, elements: scores.flatMap(\.self))
    let half = try evaluation.information.solve(meat).transposed
    var covariance = try half.crossProduct()
    let groups = Double(scores.count)
    for k in covariance.elements.indices { covariance.elements[k] *= groups / (groups - 1) }
    return covariance
  }
}

extension LinearMixedModel {
  /// The score of the fixed effects of each top-level group, times σ²: w (A_x• b − C_x'(C b)).
  func topScores(_ evaluation: Evaluation) -> [[Double]] {
    let top = levels.count - 1
    let (level, grams) = (levels[top], evaluation.sweep.grams[top])
    let shape = level.shape
    let (q, m, p) = (shape.effects, shape.upperCount, fixed.count)
    let b = evaluation.contrast
    var scores: [[Double]] = []
    forEachBlock(of: top, evaluation) { block, first, count in
      for lane in 0..<count {
        let own = (first + lane) * shape.gramSize
        let projected = (0..<q).map { r in
          (0..<m).reduce(0.0) { $0 + block.projected[r * m + $1][lane] * b[$1] }
        }
        scores.append(
          (0..<p).map { x in
            var sum = 0.0
            for a in 0..<m {
              sum += grams[own + packed(shape.firstUpper + max(a, x), shape.firstUpper + min(a, x))] * b[a]
            }
            for r in 0..<q { sum -= block.projected[r * m + x][lane] * projected[r] }
            return level.weights[first + lane] * sum
          })
      }
    }
    return scores
  }

  /// Visits the groups of a level by up to four siblings at a time, solved at the evaluation's θ.
  func forEachBlock(
    of depth: Int, _ evaluation: Evaluation, _ visit: (_ block: SiblingBlock, _ first: Int, _ count: Int) -> Void
  ) {
    let level = levels[depth]
    let block = SiblingBlock(level.shape, lambda: evaluation.factors[depth])
    defer { block.deallocate() }
    evaluation.sweep.grams[depth].withUnsafeBufferPointer { grams in
      guard let grams = grams.baseAddress else { return }
      for segment in level.segments {
        for first in stride(from: segment.lowerBound, to: segment.upperBound, by: 4) {
          let count = min(4, segment.upperBound - first)
          block.load(grams, group: first, count: count)
          _ = block.factor()
          block.solve()
          visit(block, first, count)
        }
      }
    }
  }
}
