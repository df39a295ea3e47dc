import Columnar
import LinearAlgebra
import ModelFormula
import Probability

/// The coefficients of a fitted model with the variance that the design gives them (Binder 1983, International Statistical
/// Review 51, 279-292): that of the scores between two inverse informations.
struct ModelConclusion: Conclusion {
  let model: FittedModel
  var test: TermTestPlan?
  /// For few clusters, in place of the design's variance.
  var reduced: BellMcCaffrey?

  var hasConverged: Bool { model.hasConverged }

  var notes: [Note] {
    let family = model.design.family
    let steps =
      "\(family.rawValue) model: deviance \(NumberText.shortest(model.deviance)) with weights of mean 1, after "
      + "\(model.iterations) steps; "
    if let reduced { return [Note("model", steps + reduced.convention)] }
    let counted = family == .ordinal ? "coefficients, the cut points counting for one" : "coefficients"
    var notes = [
      Note(
        "model",
        steps + "the variance is the design's, its degrees of freedom those of the design plus 1 less "
          + "the number of \(counted)")
    ]
    if !hasConverged { notes.append(Note("not_converged", "the model did not converge in \(model.iterations) steps")) }
    return notes
  }

  func conclude(_ domain: DomainTotals, by groups: [Group], level: Double) throws(ImmerseError) -> Concluded {
    let coefficients = try ModelCoefficients(model, domain, reduced)
    let cuts = model.design.thresholds.count
    let df = Double(domain.degreesOfFreedom + 1 - coefficients.names.count + max(0, cuts - 1))
    let rows = coefficients.names.indices.map { index in
      coefficients.row(index, by: groups, df: reduced?.degreesOfFreedom[index] ?? df, level: level, domain)
    }
    return Concluded(
      rows: rows,
      covariance: Covariance(terms: coefficients.names, matrix: coefficients.covariance),
      tests: try test.map { plan throws(ImmerseError) in try plan.tests(model, coefficients, residualDF: df) } ?? [])
  }
}

/// A t test: the coefficient of the group, or the mean, and one degree of freedom less than the design's.
struct TTestConclusion: Conclusion {
  let model: FittedModel
  /// For few clusters, in place of the design's variance.
  let reduced: BellMcCaffrey?

  var hasConverged: Bool { model.hasConverged }
  var notes: [Note] { reduced.map { [Note("standard_errors", $0.convention)] } ?? [] }

  func conclude(_ domain: DomainTotals, by groups: [Group], level: Double) throws(ImmerseError) -> Concluded {
    let coefficients = try ModelCoefficients(model, domain, reduced)
    let isMean = coefficients.names.count == 1
    let index = isMean ? 0 : 1
    let df = reduced?.degreesOfFreedom[index] ?? Double(domain.degreesOfFreedom - 1)
    var row = coefficients.row(index, by: groups, df: df, level: level, domain)
    if isMean { row.term = model.design.frame.formula.response.label }
    return Concluded(rows: [row])
  }
}

/// The coefficients of the columns as they are, and their covariance under the design.
struct ModelCoefficients {
  let names: [String]
  let estimates: [Double]
  let covariance: Matrix

  /// - Parameter reduced: what the covariance is where it is not the design's.
  /// - Throws: `badData` where the design leaves a variance undefined.
  init(_ model: FittedModel, _ domain: DomainTotals, _ reduced: BellMcCaffrey? = nil) throws(ImmerseError) {
    names = model.design.names
    let map = model.design.unscaling
    let bread = try numerically { () throws(NumericalError) in try map * model.inverse }
    estimates = try numerically { () throws(NumericalError) in try map * model.scores.parameters }
    if let replicates = model.replicates {
      let own = try replicates.map { parameters throws(ImmerseError) in
        try numerically { () throws(NumericalError) in try map * parameters }
      }
      covariance =
        domain.covariance(ofReplicates: own, about: estimates) ?? Matrix(rows: names.count, columns: names.count)
      return
    }
    let gradients = (0..<bread.rows).map { row in (0..<bread.columns).map { bread[row, $0] } }
    covariance = if let reduced { reduced.covariance } else { try domain.covariance(of: gradients) }
  }

  func row(_ index: Int, by groups: [Group], df: Double, level: Double, _ domain: DomainTotals) -> Estimate {
    let (estimate, error) = (estimates[index], covariance[index, index].squareRoot())
    let t = df > 0 ? StudentT(df: df) : nil
    let statistic = error > 0 ? estimate / error : nil
    let reach = t.map { $0.criticalValue(level: level) * error }
    return Estimate(
      term: names[index], by: groups, form: .coefficient, estimate: estimate, standardError: error,
      confidenceLow: reach.map { estimate - $0 }, confidenceHigh: reach.map { estimate + $0 },
      degreesOfFreedom: df > 0 ? df : nil, count: domain.count, smallestCell: domain.smallestCell,
      statistic: statistic, pValue: t.flatMap { t in statistic.map { t.twoSided($0) } })
  }

  /// b'V⁻¹b / q of some coefficients: a Wald statistic, as an F.
  ///
  /// - Throws: `failure` where their covariance has no inverse, as where they outnumber the design's units.
  func wald(_ indices: [Int]) throws(ImmerseError) -> Double {
    let own = covariance.submatrix(rows: indices, columns: indices)
    let chosen = indices.map { estimates[$0] }
    do {
      let solved = try Cholesky(own).solve(chosen)
      return zip(chosen, solved).reduce(0) { $0 + $1.0 * $1.1 } / Double(indices.count)
    } catch {
      throw ImmerseError(
        .badData, "the design has too few units to test \(indices.count) coefficients together",
        remedy: "test fewer, or compare fewer groups")
    }
  }
}
