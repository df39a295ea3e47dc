public import Columnar
import LinearAlgebra
import ModelFormula
import Probability
import RealModule
public import Streaming

/// Likelihood-ratio tests between nested models of the same rows, as R's `anova` lays them out.
public struct ModelComparison: Sendable, Hashable, Codable {
  /// By ascending number of parameters; tests are against the row before.
  public var rows: [Row]
  public var notes: [Note]

  public struct Row: Sendable, Hashable, Codable {
    public var formula: String
    /// Fixed effects, variances and covariances.
    public var parameters: Int
    public var aic: Double
    /// With the number of rows.
    public var bic: Double
    /// −2 log (restricted) likelihood.
    public var criterion: Double
    /// The difference of criteria; nil in the first row, as what follows.
    public var statistic: Double?
    public var degreesOfFreedom: Int?
    public var pValue: Double?

    enum CodingKeys: String, CodingKey {
      case formula, parameters, aic, bic, criterion, statistic
      case degreesOfFreedom = "df"
      case pValue = "p_value"
    }
  }

  /// - Throws: `usage` where the likelihoods cannot be compared: pseudo-likelihoods, restricted ones of different fixed
  ///   effects, different methods, models that are not nested; `badData` where other rows were used.
  public init(_ models: [MixedModel]) throws(ImmerseError) {
    let models = models.sorted { $0.parameterCount < $1.parameterCount }
    rows = []
    notes = []
    for (index, model) in models.enumerated() {
      let (criterion, count) = (model.result.criterion.value, model.parameterCount)
      var row = Row(
        formula: model.request.formula, parameters: count, aic: criterion + 2 * Double(count),
        bic: criterion + .log(Double(model.result.count)) * Double(count), criterion: criterion)
      if index > 0 {
        let smaller = models[index - 1]
        try Self.check(smaller, model)
        row.statistic = max(0, smaller.result.criterion.value - criterion)
        row.degreesOfFreedom = count - smaller.parameterCount
        row.pValue = ChiSquared(df: Double(count - smaller.parameterCount)).survival(row.statistic ?? 0)
        if smaller.randomElements != model.randomElements {
          notes.append(
            Note(
              "boundary_test",
              "a variance of zero lies at the edge of what is possible: the p-value against \(model.request.formula) "
                + "is too large, by up to twice"))
        }
      }
      rows.append(row)
    }
  }

  private static func check(_ a: MixedModel, _ b: MixedModel) throws(ImmerseError) {
    let names = [a.result.criterion.name, b.result.criterion.name]
    guard !names.contains("pseudo-ML") else {
      throw ImmerseError(
        .usage, "ratios of pseudo-likelihoods do not follow a chi-squared distribution",
        remedy: "test terms with --tests, whose F statistics use the sandwich")
    }
    guard names[0] == names[1] else {
      throw ImmerseError(.usage, "one model is fitted by REML and the other by ML", remedy: "fit both by ML")
    }
    let (fixedA, fixedB) = (Set(a.result.rows.map(\.term)), Set(b.result.rows.map(\.term)))
    guard names[0] == "ML" || fixedA == fixedB else {
      throw ImmerseError(
        .usage, "restricted likelihoods of models with different fixed effects cannot be compared", remedy: "add --ml")
    }
    guard try Formula(parsing: a.request.formula).response == Formula(parsing: b.request.formula).response else {
      throw ImmerseError(.usage, "the models have different responses")
    }
    guard a.hasSameRows(as: b) else {
      throw ImmerseError(
        .badData, "the models use different rows: \(a.result.count) and \(b.result.count)",
        remedy: "leave out the rows in which a variable of either model is missing, with --where")
    }
    guard fixedA.isSubset(of: fixedB), a.randomElements.isSubset(of: b.randomElements),
      a.parameterCount < b.parameterCount
    else {
      throw ImmerseError(
        .usage, "the models are not nested, so their likelihood ratio has no known distribution",
        remedy: "compare their aic, fitting each by itself")
    }
  }
}

extension MixedModel {
  /// Fixed effects, variances and covariances.
  fileprivate var parameterCount: Int { result.rows.count + result.varianceComponents.count }

  /// The variances and covariances by group and effects, the residual ones apart.
  fileprivate var randomElements: Set<[String]> {
    Set(
      result.varianceComponents.filter { $0.group != "Residual" }.map { row in
        [row.group] + [row.term1, row.term2 ?? row.term1].compactMap(\.self).sorted()
      })
  }

  /// By the number of rows, and for nested models by the response's moments.
  fileprivate func hasSameRows(as other: MixedModel) -> Bool {
    guard result.count == other.result.count else { return false }
    guard case .nested(let a, _) = fitted, case .nested(let b, _) = other.fitted else { return true }
    return a.hasSameResponse(as: b)
  }

  /// Fits several models to one source, reading it as often as one.
  ///
  /// - Throws: as `fit` does for each.
  public static func fit(
    _ requests: [FitRequest], to source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> [MixedModel] {
    var columns: [ColumnRequest] = []
    for request in requests { columns += try self.columns(request) }
    let dataset = try Dataset(source, columns: columns.merged, engine: engine)
    var pass = Pass()
    // Models of several fits read the rows by themselves.
    var tickets: [Pass.Ticket<ModelGrams>?] = []
    for request in requests {
      tickets.append(request.isPooled ? nil : pass.add(try grams(request, of: dataset, with: engine)))
    }
    let results = try pass.run(over: dataset, with: engine)
    var models: [MixedModel] = []
    for (request, ticket) in zip(requests, tickets) {
      if let ticket {
        models.append(try MixedModel(try results[ticket], threads: engine.threads, cancellation: engine.cancellation))
      } else {
        models.append(try fit(request, to: dataset, engine: engine))
      }
    }
    return models
  }
}

extension LinearMixedModel {
  /// By the response's moments.
  fileprivate func hasSameResponse(as other: LinearMixedModel) -> Bool {
    func moments(_ model: LinearMixedModel) -> (Double, Double) {
      let frame = model.grams.frame
      let scale = model.grams.scales[frame.response]
      let n = Double(model.grams.rowCount)
      let intercept = frame.columns.firstIndex(where: \.isIntercept)
      let sum = intercept.map { model.pooled[$0, frame.response] } ?? 0
      let square = model.pooled[frame.response, frame.response]
      return (n * scale.shift + scale.scale * sum, scale.scale * scale.scale * (square - sum * sum / n))
    }
    let (a, b) = (moments(self), moments(other))
    let hasIntercepts = [self, other].allSatisfy { $0.grams.frame.columns.contains(where: \.isIntercept) }
    return !hasIntercepts
      || ((a.0 - b.0).magnitude <= 1e-9 * max(a.0.magnitude, a.1.squareRoot())
        && (a.1 - b.1).magnitude <= 1e-9 * max(a.1, b.1))
  }
}
