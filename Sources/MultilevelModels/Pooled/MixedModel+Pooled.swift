import Columnar
import ModelFormula
import Streaming
import SurveyStatistics
import Synchronization

extension MixedModel {
  /// Fits a request with replicate weights or plausible values: every imputation of the response, and each with the
  /// weights of every replicate, from one reading of the rows.
  ///
  /// A replicate multiplies the weights of whole groups, which leaves the cross-products as they are (the factor is that
  /// of the highest level within whose groups all replicates are constant). Where it does not, it is refused.
  static func pooled(
    _ plan: ModelPlan, _ dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) -> MixedModel {
    let imputed = try plan.imputed
    let replicates =
      try plan.request.replicates.map { design throws(ImmerseError) in try design.replicateColumns } ?? []
    var pass = Pass()
    var tickets: [Pass.Ticket<ModelGrams>] = []
    var fits: [GramFit] = []
    for own in imputed.flatMap(\.self) {
      let fit = try gramFit(own, of: dataset, with: engine)
      fits.append(fit)
      tickets.append(pass.add(fit))
    }
    let factors = replicates.isEmpty ? nil : pass.add(ReplicateFactorsFit(grams: fits[0], replicates: replicates))
    let models = try pass.run(over: dataset, with: engine)
    let found = try factors.map { ticket throws(ImmerseError) in try models[ticket] }
    var members: [PooledMember] = []
    for ticket in tickets {
      members.append(
        try PooledMember(try models[ticket], factors: found, threads: engine.threads, engine.cancellation))
    }
    let size = imputed[0].count
    let nests = stride(from: 0, to: members.count, by: size).map { Array(members[$0..<$0 + size]) }
    return MixedModel(
      request: plan.request, result: try MixedModelResult(nests, plan, replicates: replicates.count),
      fitted: members[0].model.fitted)
  }
}

/// The fit of one imputation, and its estimates under every replicate.
struct PooledMember: Sendable {
  let model: MixedModel
  /// By replicate: fixed effects, then variances and covariances in the order of the result.
  let replicates: [[Double]]
  /// Replicates whose search did not converge.
  let unconverged: Int
  /// The factor whose groups' weights the replicates multiply.
  let level: String?

  init(
    _ grams: ModelGrams, factors: ReplicateFactorsPartial?, threads: Int, _ cancellation: Cancellation?
  ) throws(ImmerseError) {
    let model = try MixedModel(grams, threads: threads, cancellation: cancellation)
    self.model = model
    guard let factors else {
      (replicates, unconverged, level) = ([], 0, nil)
      return
    }
    guard case .nested(let nested) = grams.structure, case .nested(let full, let optimum) = model.fitted else {
      throw ImmerseError(.usage, "replicate weights are those of nested groups, and these cross")
    }
    let (depth, byReplicate) = nested.nesting.highest(constant: try factors.byGroup(of: nested.nesting))
    level = nested.nesting.levels[depth].factor.label
    let estimates = Mutex([[Double]](repeating: [], count: byReplicate.count))
    let failures = Mutex(0)
    try parallelForEach(byReplicate.count, threads: threads) { (replicate: Int) throws(ImmerseError) in
      let own = try LinearMixedModel(nested.multiplied(byReplicate[replicate], at: depth), threads: 1)
      guard own.fixed == full.fixed else {
        throw ImmerseError(
          .badData, "replicate \(replicate + 1) leaves no rows to estimate every term from",
          remedy: "join levels that few groups have")
      }
      let found = try own.optimum(from: optimum.theta, cancellation: cancellation)
      let values = try own.estimates(found)
      estimates.withLock { $0[replicate] = values }
      if !found.hasConverged { failures.withLock { $0 += 1 } }
    }
    replicates = estimates.withLock { $0 }
    unconverged = failures.withLock { $0 }
  }
}

extension LinearMixedModel {
  /// Fixed effects, then variances and covariances, as the result lists them.
  fileprivate func estimates(_ optimum: Optimum) throws(ImmerseError) -> [Double] {
    let components = MixedModelResult.varianceComponentRows(
      zip(grams.nesting.levels, levels).map { ($0.factor.label, $1.effects) },
      try CovarianceComponents(self, optimum), nil)
    return try FixedEffects.estimates(fixed, grams.frame, grams.scales, optimum.evaluation.profile)
      + components.map(\.covariance)
  }
}

extension NestedGrams {
  /// The same cross-products with the weights of one level's groups multiplied.
  fileprivate func multiplied(_ factors: [Double], at depth: Int) -> NestedGrams {
    var copy = self
    for (group, factor) in factors.enumerated() { copy.weights[depth][group] *= factor }
    return copy
  }
}

extension Nesting {
  /// The highest level within whose groups factors of the lowest groups are constant, and its groups' factors.
  fileprivate func highest(constant factors: [[Double]]) -> (depth: Int, factors: [[Double]]) {
    var (depth, known) = (0, factors)
    while depth + 1 < levels.count {
      let parents = levels[depth].parents
      var above = known.map { _ in [Double](repeating: .nan, count: levels[depth + 1].count) }
      for (replicate, own) in known.enumerated() {
        for (group, factor) in own.enumerated() {
          let parent = parents[group]
          if above[replicate][parent].isNaN {
            above[replicate][parent] = factor
          } else if (above[replicate][parent] - factor).magnitude > 1e-4 * max(above[replicate][parent], factor) {
            return (depth, known)
          }
        }
      }
      (depth, known) = (depth + 1, above)
    }
    return (depth, known)
  }
}
