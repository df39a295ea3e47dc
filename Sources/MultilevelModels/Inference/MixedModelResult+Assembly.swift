import Columnar
import LinearAlgebra
import ModelFormula
import Probability

extension MixedModelResult {
  init(_ model: LinearMixedModel, _ optimum: Optimum) throws(ImmerseError) {
    let grams = model.grams
    let components = try CovarianceComponents(model, optimum)
    let effects = try FixedEffects(model, optimum)
    rows = try Self.fixedEffectRows(model, effects)
    varianceComponents = Self.varianceComponentRows(model, components, try effects.varianceErrors(model))
    inference = Inference(model, effects)
    tests = grams.plan.inference.tests ? try effects.termTests(model) : []
    criterion = Criterion(
      name: model.isRestricted ? "REML" : grams.plan.isSampled ? "pseudo-ML" : "ML",
      value: optimum.evaluation.criterion)
    groups = grams.nesting.levels.reduce(into: [:]) { $0[$1.factor.label] = $1.count }
    count = grams.rowCount
    droppedRows = Self.droppedRows(grams)
    weights = Self.weightRows(grams)
    let certificate = try effects.variances.map { v throws(ImmerseError) in try v.certificate(model, optimum) }
    let shown = certificate ?? optimum.certificate
    convergence = Convergence(
      converged: optimum.hasConverged, scaledGradient: shown.scaledGradient, tolerance: Minimiser.tolerance,
      hessian: certificate == nil ? .differenced : .exact, smallestEigenvalue: shown.smallestEigenvalue,
      largestEigenvalue: shown.largestEigenvalue, evaluations: optimum.evaluations,
      start: optimum.start, theta: components.theta, boundary: components.boundary)
    notes = Self.notes(model, convergence, droppedRows: grams.dropped.count)
  }

  private static func fixedEffectRows(
    _ model: LinearMixedModel, _ effects: FixedEffects
  ) throws(ImmerseError) -> [FixedEffectRow] {
    let level = model.grams.plan.request.level
    var rows: [FixedEffectRow] = []
    for (index, column) in model.fixed.enumerated() {
      let contrast = model.fixed.indices.map { $0 == index ? 1.0 : 0 }
      rows.append(
        FixedEffectRow(try effects.estimate(contrast), term: model.grams.frame.columns[column].name, level: level))
    }
    return rows
  }

  private static func varianceComponentRows(
    _ model: LinearMixedModel, _ components: CovarianceComponents, _ errors: VarianceErrors?
  ) -> [VarianceComponentRow] {
    var rows: [VarianceComponentRow] = []
    for (depth, level) in model.levels.enumerated() {
      let group = model.grams.nesting.levels[depth].factor.label
      let (names, covariance) = (level.effects.names, components.covariances[depth])
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
      for element in level.effects.elements where element.row != element.column { add(element.column, element.row) }
    }
    let column = model.residuals?.classes.column ?? ""
    let residuals: [(name: String?, variance: Double)] =
      components.residualClasses.isEmpty
      ? [(nil, components.residualVariance)] : components.residualClasses.map { (column + $0.name, $0.variance) }
    for residual in residuals {
      rows.append(
        VarianceComponentRow(
          group: "Residual", term1: residual.name, term2: nil, covariance: residual.variance,
          standardDeviation: residual.variance.squareRoot(), correlation: nil,
          standardError: residuals.count == 1 ? errors?.residual : nil))
    }
    return rows
  }

  private static func droppedRows(_ grams: NestedGrams) -> [DroppedRowsEntry] {
    var entries = zip(grams.frame.variableNames, grams.dropped.missing).filter { $0.1 > 0 }.map {
      DroppedRowsEntry(variable: $0, reason: .missing, rows: $1)
    }
    if grams.dropped.zeroWeight > 0 {
      let names = grams.plan.request.weights.joined(separator: ", ")
      entries.append(DroppedRowsEntry(variable: names, reason: .zeroWeight, rows: grams.dropped.zeroWeight))
    }
    return entries
  }

  private static func weightRows(_ grams: NestedGrams) -> [WeightsRow] {
    let request = grams.plan.request
    let names = request.weights
    if names.isEmpty { return [] }
    let levels = ["rows"] + grams.nesting.levels.map(\.factor.label)
    return zip(levels, grams.weightSummaries).enumerated().map { index, row in
      WeightsRow(
        level: row.0, variable: index < names.count ? names[index] : nil, kind: request.weightsKind,
        given: index < names.count ? request.weightsAre : nil, scaling: index == 0 ? request.weightScaling : .none,
        count: row.1.count, sum: row.1.sum,
        effectiveCount: row.1.sum * row.1.sum / row.1.sumOfSquares)
    }
  }

  private static func notes(_ model: LinearMixedModel, _ convergence: Convergence, droppedRows: Int) -> [Note] {
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
    if !model.dependent.isEmpty {
      let names = model.dependent.map { model.grams.frame.columns[$0].name }
      notes.append(
        Note("rank_deficient", "left out as linear combinations of earlier terms: \(names.joined(separator: ", "))"))
    }
    if droppedRows > 0 {
      notes.append(Note("rows_dropped", "\(droppedRows) rows with missing values or a weight of zero were left out"))
    }
    return notes
  }
}
