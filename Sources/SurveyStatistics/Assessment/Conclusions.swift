import Columnar
import Expressions
import Streaming

/// How a request for a model or a test becomes the totals it needs and what is made of them.
enum Conclusions {
  /// - Throws: `usage` where the request is not one the kind takes, `badData` where the rows do not allow it.
  static func of(
    _ context: ModelContext, _ dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) -> (statistic: Statistic, conclusion: any Conclusion) {
    let request = context.request
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
    let (model, conclusion) = try regression(context, dataset, engine)
    let statistic = Statistic(
      term: request.variables[0], terms: .scores(model.scores), function: .first, comparison: nil)
    return (statistic, conclusion)
  }

  private static func regression(
    _ context: ModelContext, _ dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) -> (FittedModel, any Conclusion) {
    let request = context.request
    var design = try ModelDesign(request, dataset.profile)
    func reduced(_ model: FittedModel) throws(ImmerseError) -> BellMcCaffrey? {
      request.standardErrors == .cr2 ? try BellMcCaffrey(model, context, dataset, engine) : nil
    }
    switch request.kind {
    case .ranktest:
      let distribution = try dataset.fit(ResponseFit(context: context, design: design), with: engine)
      guard !distribution.isEmpty else { throw .noRowsOfModel }
      guard design.intercept != nil, design.columns.count > 1 else {
        throw ImmerseError(
          .usage, "\"\(request.variables[0])\" names no groups to compare", remedy: "write it as \"y ~ g\"")
      }
      design = design.ranked(by: RankScores(request.test, of: distribution))
      let model = try FittedModel(design, context, dataset, engine)
      return (model, RankConclusion(model: model, test: request.test))
    case .ttest:
      let model = try FittedModel(design, context, dataset, engine)
      guard model.design.names.count <= 2 else {
        throw ImmerseError(
          .badData, "compares more than two groups", variable: request.variables[0], remedy: "choose two with --where")
      }
      return (model, TTestConclusion(model: model, reduced: try reduced(model)))
    default:
      let model = try FittedModel(design, context, dataset, engine)
      var conclusion = ModelConclusion(model: model, reduced: try reduced(model))
      if !request.terms.isEmpty {
        let tested = model.design.parameters(of: request.terms)
        try checkTerms(request.terms, of: design)
        // Of the reduced model only the deviance counts, which is the full sample's.
        var fullSample = context
        fullSample.replicates = nil
        let reduced = try FittedModel(design.without(tested), fullSample, dataset, engine)
        conclusion.test = TermTestPlan(terms: request.terms, parameters: tested, reducedDeviance: reduced.deviance)
      }
      return (model, conclusion)
    }
  }

  private static func checkTerms(_ terms: [String], of design: ModelDesign) throws(ImmerseError) {
    let known = design.terms
    if let unknown = terms.first(where: { !known.contains($0) }) {
      throw ImmerseError(
        .usage, "is no term of the model", variable: unknown,
        remedy: "its terms are \(Spelling.list(known))")
    }
    guard Set(known) != Set(terms) else {
      throw ImmerseError(.usage, "all terms of the model are tested, so none is left", remedy: "leave the intercept in")
    }
  }
}
