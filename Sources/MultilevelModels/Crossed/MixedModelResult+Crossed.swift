import Columnar
import ModelFormula

extension MixedModelResult {
  init(_ model: CrossedModel, _ optimum: OptimumOf<CrossedEvaluation>) throws(ImmerseError) {
    let grams = model.grams
    let components = try CovarianceComponents(model, optimum)
    let effects = try FixedEffects(model, optimum)
    rows = try Self.fixedEffectRows(model.fixed, grams.frame, effects, level: grams.plan.request.level)
    covariance = effects.covarianceRows
    varianceComponents = Self.varianceComponentRows(
      model.factors.map { ($0.factor.label, $0.effects) }, components,
      effects.crossedErrors)
    inference = Inference(grams.plan.inference, effects)
    tests = grams.plan.inference.tests ? try effects.termTests(model.fixed, grams.frame) : []
    let options = grams.plan.inference
    guard options.intervals == .wald, !options.shares, options.means.isEmpty, options.influence == nil else {
      throw ImmerseError(
        .usage, "intervals by profile and bootstrap, r2, means and influence are there for nested factors only",
        remedy: "leave them out; the factors of this model cross")
    }
    (intervals, shares, means, contrasts, influence) = ([], [], [], [], [])
    criterion = Criterion(name: model.isRestricted ? "REML" : "ML", value: optimum.evaluation.profile.criterion)
    groups = model.factors.reduce(into: [:]) { $0[$1.factor.label] = $1.count }
    count = grams.rowCount
    droppedRows = Self.droppedRows(grams.plan, grams.frame, grams.dropped)
    weights = Self.weightRows(grams.plan, [("rows", grams.rowWeights)])
    pooling = nil
    convergence = Convergence(
      converged: optimum.hasConverged, scaledGradient: optimum.certificate.scaledGradient,
      tolerance: Minimiser.tolerance, hessian: .differenced, smallestEigenvalue: optimum.certificate.smallestEigenvalue,
      largestEigenvalue: optimum.certificate.largestEigenvalue, evaluations: optimum.evaluations, start: optimum.start,
      theta: components.theta, boundary: components.boundary)
    notes = Self.notes(
      convergence, dependent: model.dependent.map { grams.frame.columns[$0].name }, droppedRows: grams.dropped.count)
  }
}
