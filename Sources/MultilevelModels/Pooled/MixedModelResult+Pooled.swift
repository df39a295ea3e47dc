import Columnar
import SurveyStatistics

extension MixedModelResult {
  /// The results of all imputations as one: means, with the variance of the replicates where there are such and Rubin's
  /// rules over the imputations.
  init(_ nests: [[PooledMember]], _ plan: ModelPlan, replicates count: Int) throws(ImmerseError) {
    let members = nests.flatMap(\.self)
    let first = members[0].model.result
    guard
      members.allSatisfy({
        $0.model.result.rows.map(\.term) == first.rows.map(\.term)
          && $0.model.result.varianceComponents.count == first.varianceComponents.count
      })
    else {
      throw ImmerseError(.badData, "the imputations do not have the same terms", remedy: "look at their missing values")
    }
    let design = plan.request.replicates
    let spread = try design.map { own throws(ImmerseError) in try own.spread(count: count) }
    /// The estimate at a position among fixed effects and variance components.
    func pool(_ position: Int) -> PooledEstimate {
      PooledEstimate(
        nests.map { nest in
          nest.map { member in
            let result = member.model.result
            let own = result.estimate(at: position)
            guard let spread else { return own }
            let variance = spread.variance(of: member.replicates.map { $0[position] }, estimate: own.estimate)
            return (own.estimate, variance.squareRoot(), Double(count - 1))
          }
        })
    }
    self = first
    let level = plan.request.level
    var parts: [Pooling.Part] = []
    for index in rows.indices {
      let pooled = pool(index)
      rows[index] = FixedEffectRow(
        FixedEffects.ContrastEstimate(
          estimate: pooled.estimate, standardError: pooled.standardError, degreesOfFreedom: pooled.degreesOfFreedom),
        term: rows[index].term, level: level)
      parts.append(
        Pooling.Part(
          term: rows[index].term, samplingVariance: pooled.samplingVariance,
          imputationVariance: pooled.imputationVariance, missingInformation: pooled.missingInformation))
    }
    for index in varianceComponents.indices {
      let pooled = pool(rows.count + index)
      varianceComponents[index].covariance = pooled.estimate
      varianceComponents[index].standardError = pooled.standardError.isFinite ? pooled.standardError : nil
      if varianceComponents[index].standardDeviation != nil {
        varianceComponents[index].standardDeviation = max(0, pooled.estimate).squareRoot()
      }
    }
    // Correlations of the means.
    for index in varianceComponents.indices where varianceComponents[index].correlation != nil {
      let row = varianceComponents[index]
      let variances = [row.term1, row.term2].compactMap { term in
        varianceComponents.first { $0.group == row.group && $0.term1 == term && $0.term2 == nil }?.covariance
      }
      let product = variances.reduce(1, *)
      varianceComponents[index].correlation = product > 0 ? row.covariance / product.squareRoot() : nil
    }
    criterion.value = members.reduce(0) { $0 + $1.model.result.criterion.value } / Double(members.count)
    // Tests of whole terms would need the covariances of the pooled estimates.
    tests = []
    covariance = nil
    if design != nil { inference.standardErrors = .replicates }
    pooling = Pooling(
      imputations: members.count, replicates: design == nil ? nil : count, method: design?.method.name,
      level: members[0].level, unconverged: members.reduce(0) { $0 + $1.unconverged }, rows: parts)
    convergence.converged =
      members.allSatisfy(\.model.result.convergence.converged) && pooling?.unconverged == 0
    if members.count > 1 {
      notes.append(
        Note(
          "imputation_df",
          "imputations are combined by Rubin's rules; degrees of freedom are those of Barnard and Rubin (1999)"))
    }
    if design != nil {
      notes.append(
        Note(
          "replicates",
          "standard errors are those of \(count) replicates, which multiply the weights of \(members[0].level ?? ""); "
            + "degrees of freedom are the replicates less one"))
    }
  }

  /// A fixed effect, or after them a variance component, with what it is referred to.
  private func estimate(at position: Int) -> (estimate: Double, standardError: Double, degreesOfFreedom: Double) {
    if position < rows.count {
      let row = rows[position]
      return (row.estimate, row.standardError, row.degreesOfFreedom ?? .infinity)
    }
    let row = varianceComponents[position - rows.count]
    return (row.covariance, row.standardError ?? .nan, .infinity)
  }
}
