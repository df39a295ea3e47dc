import Columnar
import ModelFormula
import Probability

/// A rank test as a regression of rank scores on the group, the scores counting as fixed (Lumley and Scott 2013): under
/// the hypothesis their own variance adds nothing.
///
/// Two groups give the difference of their mean scores and its t; more give the Wald statistic of all differences as an F.
struct RankConclusion: Conclusion {
  let model: FittedModel
  let test: RankTest

  var hasConverged: Bool { model.hasConverged }

  var notes: [Note] {
    [
      Note(
        "statistic",
        "a \(test.rawValue) test: ranks are estimated for the population, tied values share the middle of their ranks")
    ]
  }

  func conclude(_ domain: DomainTotals, by groups: [Group], level: Double) throws(ImmerseError) -> Concluded {
    let coefficients = try ModelCoefficients(model, domain)
    let differences = Array(coefficients.names.indices.dropFirst())
    let q = differences.count
    if q == 1 {
      let df = Double(domain.degreesOfFreedom - 1)
      return Concluded(rows: [coefficients.row(1, by: groups, df: df, level: level, domain)])
    }
    let wald = try coefficients.wald(differences)
    let residual = Double(domain.degreesOfFreedom - q)
    return Concluded(rows: [
      Estimate(
        term: model.design.frame.formula.source, by: groups, form: .test, degreesOfFreedom: Double(q),
        count: domain.count, smallestCell: domain.smallestCell, statistic: wald,
        pValue: residual > 0 ? FDistribution(df1: Double(q), df2: residual).survival(wald) : nil,
        residualDegreesOfFreedom: residual > 0 ? residual : nil)
    ])
  }
}
