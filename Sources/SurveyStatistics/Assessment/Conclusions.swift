import Columnar
import Expressions
import Streaming

/// How a request for a model or a test becomes the totals it needs and what is made of them.
enum Conclusions {
  /// - Throws: `usage` where the request is not one the kind takes, `badData` where the rows do not allow it.
  static func of(
    _ request: EstimateRequest, _ dataset: Dataset, _ domains: DomainKeys, _ filter: Expression?,
    _ known: (tree: UnitTree, weights: [Double])?, _ engine: Engine
  ) throws(ImmerseError) -> (statistic: Statistic, conclusion: any Conclusion) {
    if request.kind == .chisq {
      let statistic = try Statistic.all(request, dataset.profile)[0]
      guard case .table(let a, let b, let rows, let columns) = statistic.terms else {
        throw ImmerseError(.usage, "\"\(request.variables[0])\" is not a table", remedy: "write it as row:column")
      }
      return (
        statistic,
        IndependenceTest(
          rowVariable: a, columnVariable: b, rowCount: rows, columnCount: columns, statistic: request.statistic)
      )
    }
    let isTest = request.kind == .ttest
    let model = try FittedModel(request, dataset, domains, filter, known, engine)
    guard !isTest || model.names.count <= 2 else {
      throw ImmerseError(
        .badData, "compares more than two groups", variable: request.variables[0], remedy: "choose two with --where")
    }
    let statistic = Statistic(
      term: request.variables[0], terms: .scores(model.scores), function: .first, comparison: nil)
    return (statistic, ModelConclusion(model: model, isTest: isTest))
  }
}
