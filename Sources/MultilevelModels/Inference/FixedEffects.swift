import Columnar
import LinearAlgebra
import ModelFormula

/// Estimates of the fixed effects and their covariance, for the columns as the formula names them, and what their
/// statistics are referred to.
struct FixedEffects {
  let estimates: [Double]
  let covariance: Matrix
  /// The variances' own, in φ = (θ, σ), where it was asked for.
  let varianceCovariance: Matrix?
  let variances: VarianceInference?
  /// Those of crossed factors, where they were asked for.
  let crossedErrors: VarianceErrors?
  let clusters: Clusters?
  /// The degrees of freedom as they were chosen.
  let method: InferenceOptions.DegreesOfFreedom
  private let smallSample: any SmallSample
  /// β of the columns from β of the stored ones, less the response's shift: y = m + s ỹ, x = m + s x̃.
  private let map: Matrix

  init(_ model: LinearMixedModel, _ optimum: Optimum) throws(ImmerseError) {
    let options = model.grams.plan.inference
    let evaluation = optimum.evaluation
    let isSmall = model.levels[0].count <= InferenceOptions.unaskedLimit
    let method = options.degreesOfFreedom ?? (isSmall ? .satterthwaite : .containment)
    // The restricted likelihood is no sum over groups, so it has no scores of the variances.
    let hasScores = options.standardErrors != .sandwich || !model.isRestricted
    let wantsVariances = hasScores && options.varianceErrors ?? isSmall
    clusters = options.standardErrors == .sandwich ? try Clusters(model.grams) : nil
    if options.standardErrors == .cr2 { try BiasReducedSandwich.check(model) }
    let (map, shift) = Self.rawFromStored(model.fixed, model.grams.frame, model.grams.scales)
    do {
      var estimates = try map * evaluation.coefficients
      for i in estimates.indices { estimates[i] += shift[i] }
      let isExpanded =
        wantsVariances || options.bread == .joint
        || [.satterthwaite, .kenwardRoger, .kenwardRogerObserved].contains(method) && options.standardErrors == .model
      let variances =
        isExpanded ? try VarianceInference(model, optimum, withScores: options.standardErrors == .sandwich) : nil
      let constant = ConstantDegreesOfFreedom(value: .infinity)
      let stored: Matrix
      var ofVariances = wantsVariances ? try variances?.covariance() : nil
      var smallSample: any SmallSample = constant
      switch options.standardErrors ?? .model {
      case .model, .replicates:
        stored = try evaluation.information.inverse().scaled(by: evaluation.residualVariance)
      case .cr2:
        let sandwich = try BiasReducedSandwich(model, evaluation)
        stored = sandwich.covariance
        smallSample = sandwich
      case .sandwich:
        guard let clusters else { throw NumericalError.notConverged }
        if let variances {
          let sandwich = try Self.sandwich(variances, clusters, options.bread)
          stored = sandwich.fixed
          if wantsVariances { ofVariances = sandwich.variances }
        } else {
          stored = try Self.sandwich(model, evaluation, clusters)
        }
      }
      var adjusted = stored
      switch method {
      case .none: smallSample = constant
      case .containment: smallSample = Containment(model)
      case .design:
        let groups = model.levels[model.levels.count - 1].count
        smallSample = ConstantDegreesOfFreedom(value: Double(clusters?.degreesOfFreedom ?? groups - 1))
      case .satterthwaite:
        if options.standardErrors == .model, let variances { smallSample = try Satterthwaite(variances) }
      case .kenwardRoger, .kenwardRogerObserved:
        if let variances {
          let kenwardRoger = try KenwardRoger(variances, observed: method == .kenwardRogerObserved)
          adjusted = kenwardRoger.adjusted
          smallSample = kenwardRoger
        }
      }
      self.estimates = estimates
      covariance = try map.congruence(adjusted)
      varianceCovariance = ofVariances
      self.variances = variances
      self.smallSample = smallSample
    } catch { throw .unsolvable }
    self.method = method
    crossedErrors = nil
    self.map = map
  }

  /// Of crossed factors: the model's standard errors, referred to the normal distribution or by Satterthwaite's degrees of
  /// freedom.
  init(_ model: CrossedModel, _ optimum: OptimumOf<CrossedEvaluation>) throws(ImmerseError) {
    let options = model.grams.plan.inference
    let profile = optimum.evaluation.profile
    let isSmall = model.factors[0].count <= InferenceOptions.unaskedLimit
    method = options.degreesOfFreedom ?? (isSmall ? .satterthwaite : InferenceOptions.DegreesOfFreedom.none)
    let wantsVariances = options.varianceErrors ?? isSmall
    let crossed = wantsVariances || method == .satterthwaite ? try CrossedVariances(model, optimum) : nil
    let (map, shift) = Self.rawFromStored(model.fixed, model.grams.frame, model.grams.scales)
    do {
      estimates = zip(try map * profile.coefficients, shift).map(+)
      let phi = try profile.information.inverse().scaled(by: profile.residualVariance)
      covariance = try map.congruence(phi)
      if method == .satterthwaite, let crossed {
        smallSample = Satterthwaite(crossed, phi: phi)
      } else {
        smallSample = ConstantDegreesOfFreedom(value: .infinity)
      }
      let scale = model.grams.scales[model.grams.frame.response].scale
      crossedErrors = wantsVariances ? try crossed?.errors(responseScale: scale) : nil
    } catch { throw .unsolvable }
    varianceCovariance = nil
    variances = nil
    clusters = nil
    self.map = map
  }

  var covarianceRows: [[Double]] {
    estimates.indices.map { row in estimates.indices.map { covariance[row, $0] } }
  }

  /// Estimates of the coefficients as the formula names them.
  static func estimates(
    _ fixed: [Int], _ frame: ModelFrame, _ scales: [ColumnScale], _ profile: ProfiledEstimates
  ) throws(ImmerseError) -> [Double] {
    let (map, shift) = rawFromStored(fixed, frame, scales)
    do { return zip(try map * profile.coefficients, shift).map(+) } catch { throw .unsolvable }
  }

  /// The map from stored to raw coefficients, and what is to be added.
  static func rawFromStored(
    _ fixed: [Int], _ frame: ModelFrame, _ scales: [ColumnScale]
  ) -> (map: Matrix, shift: [Double]) {
    let columns = frame.columns
    let response = scales[frame.response]
    var map = Matrix(rows: fixed.count, columns: fixed.count)
    var shift = [Double](repeating: 0, count: fixed.count)
    let intercept = fixed.firstIndex { columns[$0].isIntercept }
    for (j, column) in fixed.enumerated() {
      map[j, j] = response.scale / scales[column].scale
      if let intercept, j != intercept { map[intercept, j] = -map[j, j] * scales[column].shift }
    }
    if let intercept { shift[intercept] = response.shift }
    return (map, shift)
  }

  /// Over top-level scores with the fixed effects' block of the information as bread, which costs no expansion:
  /// K⁻¹ (Σ_g s_g s_g') K⁻¹, s_g = w_g M_g b.
  private static func sandwich(
    _ model: LinearMixedModel, _ evaluation: Evaluation, _ clusters: Clusters
  ) throws(NumericalError) -> Matrix {
    let meat = try clusters.meat(model.topScores(evaluation))
    return try evaluation.information.inverse().congruence(meat)
  }

  /// Of the fixed effects and of φ, with the chosen bread.
  private static func sandwich(
    _ variances: VarianceInference, _ clusters: Clusters, _ bread: InferenceOptions.Bread
  ) throws(NumericalError) -> (fixed: Matrix, variances: Matrix) {
    let meat = try clusters.meat(variances.scores)
    let p = variances.phi.rows
    let (first, rest) = (Array(0..<p), Array(p..<meat.rows))
    let own = try variances.hessian(profiled: false).scaled(by: 0.5)
    switch bread {
    case .block:
      let inverse = try SymmetricEigen(own).pseudoInverse(tolerance: 1e-8)
      return (
        try variances.phi.congruence(meat.submatrix(rows: first, columns: first)),
        try inverse.congruence(meat.submatrix(rows: rest, columns: rest))
      )
    case .joint:
      let information = try Cholesky(variances.phi).inverse()
      let cross = try variances.crossInformation()
      var jacobian = Matrix(rows: meat.rows, columns: meat.rows)
      for i in 0..<meat.rows {
        for j in 0..<meat.rows {
          jacobian[i, j] =
            switch (i < p, j < p) {
            case (true, true): information[i, j]
            case (true, false): cross[i, j - p]
            case (false, true): cross[j, i - p]
            case (false, false): own[i - p, j - p]
            }
        }
      }
      let whole = try SymmetricEigen(jacobian).pseudoInverse(tolerance: 1e-12).congruence(meat)
      return (whole.submatrix(rows: first, columns: first), whole.submatrix(rows: rest, columns: rest))
    }
  }

  // MARK: Tests

  /// A contrast of raw coefficients as one of the stored ones.
  func storedContrast(_ contrast: [Double]) throws(ImmerseError) -> [Double] {
    do { return try map.transposed * contrast } catch { throw .unsolvable }
  }

  /// The covariance of the stored coefficients.
  func storedCovariance() throws(NumericalError) -> Matrix {
    // The map is upper triangular in the intercept's row alone.
    var inverse = Matrix.identity(map.rows)
    for j in 0..<map.rows {
      for i in 0..<map.rows where i != j { inverse[i, j] = -map[i, j] / (map[i, i] * map[j, j]) }
      inverse[j, j] = 1 / map[j, j]
    }
    return try inverse.congruence(covariance)
  }

  /// Of a contrast of the coefficients as the formula names them.
  func degreesOfFreedom(_ contrast: [Double]) throws(ImmerseError) -> Double {
    let stored = try storedContrast(contrast)
    do { return try smallSample.degreesOfFreedom(stored) } catch { throw .unsolvable }
  }

  /// The F test that several contrasts, the columns of a matrix, are zero; nil where they depend on each other.
  func test(_ contrasts: Matrix) throws(ImmerseError) -> (statistic: Double, df: Double)? {
    do {
      let values = try contrasts.transposed * estimates
      guard let cholesky = try? Cholesky(try contrasts.transposed.congruence(covariance)) else { return nil }
      let solved = try cholesky.solve(values)
      let square = zip(values, solved).reduce(0) { $0 + $1.0 * $1.1 }
      let (scale, df) = try smallSample.denominator(try map.transposedTimes(contrasts))
      return (scale * square / Double(contrasts.columns), df)
    } catch { throw .unsolvable }
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
