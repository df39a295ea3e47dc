import Columnar
import LinearAlgebra
import ModelFormula
import Probability

/// The coefficients of a fitted model with the variance that the design gives them (Binder 1983, International Statistical
/// Review 51, 279-292): that of the scores between two inverse informations.
struct ModelConclusion: Conclusion {
  let model: FittedModel
  /// The rows of a t test: the coefficient of the group, or the mean, and one degree of freedom less than the design's.
  let isTest: Bool

  var hasConverged: Bool { model.hasConverged }

  var notes: [Note] {
    let family = model.scores.family
    var notes = [
      Note(
        "model",
        "\(family.rawValue) model: deviance \(NumberText.shortest(model.deviance)) with weights of mean 1, after "
          + "\(model.iterations) steps; the variance is the design's, its degrees of freedom those of the design plus 1 less "
          + "the number of coefficients")
    ]
    if !hasConverged { notes.append(Note("not_converged", "the model did not converge in \(model.iterations) steps")) }
    return notes
  }

  func rows(_ domain: DomainTotals, by groups: [Group], level: Double) throws(ImmerseError) -> [Estimate] {
    let map = model.unscaling
    let (coefficients, covariance) = try estimates(domain, map)
    let names = model.names
    let df = isTest ? domain.degreesOfFreedom - 1 : domain.degreesOfFreedom + 1 - names.count
    let t = df > 0 ? StudentT(df: Double(df)) : nil
    let reported = isTest && names.count > 1 ? names.indices.dropFirst() : names.indices[...]
    return reported.map { index in
      let (estimate, error) = (coefficients[index], covariance[index, index].squareRoot())
      let statistic = error > 0 ? estimate / error : nil
      let reach = t.map { $0.criticalValue(level: level) * error }
      let isMean = isTest && names.count == 1
      return Estimate(
        term: isMean ? model.scores.frame.formula.response.label : names[index], by: groups, form: .coefficient,
        estimate: estimate, standardError: error, confidenceLow: reach.map { estimate - $0 },
        confidenceHigh: reach.map { estimate + $0 }, degreesOfFreedom: df > 0 ? Double(df) : nil,
        count: domain.count, smallestCell: domain.smallestCell, statistic: statistic,
        pValue: t.flatMap { t in statistic.map { t.twoSided($0) } })
    }
  }

  /// The coefficients of the columns as they are, and their covariance.
  private func estimates(_ domain: DomainTotals, _ map: Matrix) throws(ImmerseError) -> ([Double], Matrix) {
    let bread = try numerically { () throws(NumericalError) in try map * model.inverse }
    let coefficients = try numerically { () throws(NumericalError) in try map * model.scores.coefficients }
    let gradients = (0..<bread.rows).map { row in (0..<bread.columns).map { bread[row, $0] } }
    return (coefficients, try domain.covariance(of: gradients))
  }
}
