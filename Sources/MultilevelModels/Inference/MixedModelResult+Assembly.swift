import Columnar
import LinearAlgebra
import ModelFormula
import Probability

extension MixedModelResult {
  init(_ model: LinearMixedModel, _ optimum: Optimum) throws(ImmerseError) {
    let grams = model.grams
    let components = try CovarianceComponents(model, optimum)
    let effects = try FixedEffects(model, optimum)
    rows = try Self.fixedEffectRows(model.fixed, grams.frame, effects, level: grams.plan.request.level)
    covariance = effects.covarianceRows
    varianceComponents = Self.varianceComponentRows(
      zip(grams.nesting.levels, model.levels).map { ($0.factor.label, $1.effects) }, components,
      try effects.varianceErrors(model), residualBy: model.residuals?.classes.column)
    inference = Inference(grams.plan.inference, effects)
    let options = grams.plan.inference
    tests = options.tests ? try effects.termTests(model.fixed, grams.frame) : []
    shares = options.shares ? try model.variancePartition(effects, optimum) : []
    (means, contrasts) = try Self.marginalMeans(model, effects)
    influence =
      try options.influence.map { factor throws(ImmerseError) in
        try model.influence(of: factor, optimum)
      } ?? []
    var furtherNotes: [Note] = []
    switch options.intervals {
    case .wald: intervals = []
    case .profile:
      intervals = try ProfileLikelihood(model, optimum, level: grams.plan.request.level).intervals()
      furtherNotes.append(
        Note(
          "profile",
          "profile intervals are of the likelihood"
            + (model.isRestricted ? ", not the restricted one: the model was refitted by ML for them" : "")))
    case .bootstrap:
      let bootstrap = try ParametricBootstrap(model, optimum).intervals(
        draws: options.draws, seed: options.seed, level: grams.plan.request.level)
      intervals = bootstrap.intervals
      furtherNotes.append(
        Note(
          "bootstrap",
          "percentile intervals of \(options.draws) draws from the model with seed \(options.seed)"
            + (bootstrap.failures > 0 ? "; \(bootstrap.failures) refits did not converge and were left out" : "")))
    }
    if options.adjustment != .none {
      furtherNotes.append(
        Note(
          "adjustment",
          "p-values and intervals of the \(contrasts.count) differences are adjusted by \(options.adjustment.rawValue)"
            + (options.adjustment == .holm ? ", the intervals by bonferroni" : "")))
    }
    criterion = Criterion(
      name: model.isRestricted ? "REML" : grams.plan.isSampled ? "pseudo-ML" : "ML",
      value: optimum.evaluation.criterion)
    groups = grams.nesting.levels.reduce(into: [:]) { $0[$1.factor.label] = $1.count }
    count = grams.rowCount
    droppedRows = Self.droppedRows(grams.plan, grams.frame, grams.dropped)
    weights = Self.weightRows(
      grams.plan, zip(["rows"] + grams.nesting.levels.map(\.factor.label), grams.weightSummaries).map { ($0, $1) })
    let certificate = try effects.variances.map { v throws(ImmerseError) in try v.certificate(model, optimum) }
    let shown = certificate ?? optimum.certificate
    pooling = nil
    convergence = Convergence(
      converged: optimum.hasConverged, scaledGradient: shown.scaledGradient, tolerance: Minimiser.tolerance,
      hessian: certificate == nil ? .differenced : .exact, smallestEigenvalue: shown.smallestEigenvalue,
      largestEigenvalue: shown.largestEigenvalue, evaluations: optimum.evaluations,
      start: optimum.start, theta: components.theta, boundary: components.boundary)
    notes =
      Self.notes(
        convergence, dependent: model.dependent.map { grams.frame.columns[$0].name }, droppedRows: grams.dropped.count)
      + furtherNotes
  }

  private static func marginalMeans(
    _ model: LinearMixedModel, _ effects: FixedEffects
  ) throws(ImmerseError) -> (means: [FixedEffectRow], contrasts: [FixedEffectRow]) {
    let (names, level) = (model.grams.plan.inference.means, model.grams.plan.request.level)
    if names.isEmpty { return ([], []) }
    let grid = try MarginalMeans(of: names, model)
    func rows(_ cells: [MarginalMeans.Cell]) throws(ImmerseError) -> [FixedEffectRow] {
      var rows: [FixedEffectRow] = []
      for cell in cells {
        rows.append(FixedEffectRow(try effects.estimate(cell.contrast), term: cell.label, level: level))
      }
      return rows
    }
    let adjustment = model.grams.plan.inference.adjustment
    return (
      try rows(grid.cells), try rows(grid.pairs).adjusted(adjustment, means: grid.cells.count, level: level)
    )
  }

  static func fixedEffectRows(
    _ fixed: [Int], _ frame: ModelFrame, _ effects: FixedEffects, level: Double
  ) throws(ImmerseError) -> [FixedEffectRow] {
    var rows: [FixedEffectRow] = []
    for (index, column) in fixed.enumerated() {
      let contrast = fixed.indices.map { $0 == index ? 1.0 : 0 }
      rows.append(FixedEffectRow(try effects.estimate(contrast), term: frame.columns[column].name, level: level))
    }
    return rows
  }

  static func varianceComponentRows(
    _ factors: [(label: String, effects: RandomEffects)], _ components: CovarianceComponents, _ errors: VarianceErrors?,
    residualBy column: String? = nil
  ) -> [VarianceComponentRow] {
    var rows: [VarianceComponentRow] = []
    for (depth, (group, effects)) in factors.enumerated() {
      let (names, covariance) = (effects.names, components.covariances[depth])
      func add(_ i: Int, _ j: Int) {
        let product = (covariance[i, i] * covariance[j, j]).squareRoot()
        rows.append(
          VarianceComponentRow(
            group: group, term1: names[i], term2: i == j ? nil : names[j], covariance: covariance[i, j],
            standardDeviation: i == j ? product.squareRoot() : nil,
            correlation: i == j || product == 0 ? nil : covariance[i, j] / product,
            standardError: errors?[depth, i, j]))
      }
      for i in names.indices { add(i, i) }
      for element in effects.elements where element.row != element.column { add(element.column, element.row) }
    }
    let residuals: [(name: String?, variance: Double)] =
      components.residualClasses.isEmpty
      ? [(nil, components.residualVariance)]
      : components.residualClasses.map { ((column ?? "") + $0.name, $0.variance) }
    for residual in residuals {
      rows.append(
        VarianceComponentRow(
          group: "Residual", term1: residual.name, term2: nil, covariance: residual.variance,
          standardDeviation: residual.variance.squareRoot(), correlation: nil,
          standardError: residuals.count == 1 ? errors?.residual : nil))
    }
    return rows
  }

  static func droppedRows(_ plan: ModelPlan, _ frame: ModelFrame, _ dropped: DroppedRows) -> [DroppedRowsEntry] {
    var entries = zip(frame.variableNames, dropped.missing).filter { $0.1 > 0 }.map {
      DroppedRowsEntry(variable: $0, reason: .missing, rows: $1)
    }
    if dropped.zeroWeight > 0 {
      let names = plan.request.weights.joined(separator: ", ")
      entries.append(DroppedRowsEntry(variable: names, reason: .zeroWeight, rows: dropped.zeroWeight))
    }
    return entries
  }

  static func weightRows(
    _ plan: ModelPlan, _ levels: [(label: String, weights: NestedGrams.WeightSummary)]
  ) -> [WeightsRow] {
    let request = plan.request
    let names = request.weights
    if names.isEmpty { return [] }
    return levels.enumerated().map { index, row in
      WeightsRow(
        level: row.label, variable: index < names.count ? names[index] : nil, kind: request.weightsKind,
        given: index < names.count ? request.weightsAre : nil, scaling: index == 0 ? request.weightScaling : .none,
        count: row.weights.count, sum: row.weights.sum,
        effectiveCount: row.weights.sum * row.weights.sum / row.weights.sumOfSquares)
    }
  }

  static func notes(_ convergence: Convergence, dependent: [String], droppedRows: Int) -> [Note] {
    var notes: [Note] = []
    if !convergence.converged {
      notes.append(
        Note(
          "not_converged",
          "the search ended with a scaled gradient of \(convergence.scaledGradient), not below "
            + "\(convergence.tolerance); do not use these estimates"))
    }
    for zero in convergence.boundary {
      notes.append(
        Note("boundary", "\(zero) is estimated as zero: the data show no such variation beyond the residual one"))
    }
    if !dependent.isEmpty {
      notes.append(
        Note(
          "rank_deficient", "left out as linear combinations of earlier terms: \(dependent.joined(separator: ", "))"))
    }
    if droppedRows > 0 {
      notes.append(Note("rows_dropped", "\(droppedRows) rows with missing values or a weight of zero were left out"))
    }
    return notes
  }
}
