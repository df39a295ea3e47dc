import Columnar
import ModelFormula
import Streaming
import SurveyStatistics

/// A request that has been checked, with its defaults filled in.
struct ModelPlan: Sendable {
  let request: FitRequest
  private(set) var formula: Formula
  let method: FitRequest.Method
  /// With its defaults filled in, save what depends on the number of groups.
  let inference: InferenceOptions
  let factors: [GroupingFactor]

  /// Whether weights stand for rows and groups that were not drawn: there is no likelihood, only a pseudo-likelihood.
  var isSampled: Bool { !request.weights.isEmpty && request.weightsKind == .sampling }
  /// Columns that tell rows apart besides the factors: residual classes, clusters and strata of the sample.
  var furtherGroups: [String] { [request.residualBy].compactMap(\.self) + inference.designColumns }

  var columns: [ColumnRequest] {
    get throws(ImmerseError) {
      var columns: [ColumnRequest] = []
      for plan in try imputed.flatMap(\.self) { columns += try plan.formula.columnRequests }
      columns += request.weights.map { .number($0) } + furtherGroups.map { .category($0) }
      if let replicates = request.replicates { columns += try replicates.replicateColumns.map { .number($0) } }
      return columns.merged
    }
  }

  /// - Throws: `usage` where the request contradicts itself.
  init(_ request: FitRequest) throws(ImmerseError) {
    let formula = try Formula(parsing: request.formula)
    guard !formula.random.isEmpty else {
      throw ImmerseError(
        .usage, "the formula has no random term",
        remedy: "add one such as (1 | school), or estimate a model without groups in another program")
    }
    let factors = GroupingFactor.all(in: formula)
    try Self.checkPooling(request, formula)
    let isSampled = !request.weights.isEmpty && request.weightsKind == .sampling
    try Self.checkWeights(request, factors)
    guard request.level > 0 && request.level < 1 else {
      throw ImmerseError(
        .usage, "a confidence level of \(request.level)", remedy: "give one between 0 and 1, such as 0.95")
    }
    self.request = request
    self.formula = formula
    self.factors = factors
    method = request.method ?? (isSampled ? .ml : .reml)
    inference = try request.inference.resolved(
      isWeighted: !request.weights.isEmpty, isSampled: isSampled, hasResidualClasses: request.residualBy != nil,
      method: method)
  }

  /// The same plan for another column of the response.
  func responding(with column: String) -> ModelPlan {
    var plan = self
    plan.formula = formula.responding(with: column)
    return plan
  }

  private static func checkWeights(_ request: FitRequest, _ factors: [GroupingFactor]) throws(ImmerseError) {
    let weights = request.weights
    if weights.isEmpty {
      if request.weightScaling != .none {
        throw ImmerseError(.usage, "weights are to be scaled but none are given", remedy: "name them with --weights")
      }
      return
    }
    if request.method == .reml && request.weightsKind == .sampling {
      throw ImmerseError(
        .usage, "restricted maximum likelihood is not defined with sampling weights", remedy: "leave --reml out")
    }
    if weights.count > factors.count + 1 {
      throw ImmerseError(
        .usage, "\(weights.count) weights for a model of \(factors.count + 1) levels",
        remedy: "name at most one weight for the rows and one for each grouping factor, from the rows to the top")
    }
    if Set(weights).count < weights.count {
      throw ImmerseError(.usage, "one weight is named for two levels", remedy: "give every level its own column")
    }
    if request.weightsKind != .sampling {
      try checkExactWeights(request)
      return
    }
    if weights.count > 1 && request.weightsAre == nil {
      throw ImmerseError(
        .usage, "it is not said whether the weights are conditional or unconditional",
        remedy: "add --weights-are conditional where each is the inverse chance of selection within the group above, "
          + "--weights-are unconditional where each is the inverse overall chance")
    }
    if request.weightScaling == .gk && factors.count > 1 {
      throw ImmerseError(
        .usage, "the scaling gk is defined for two levels only", remedy: "use size or effective")
    }
  }

  /// Weights with which there is a likelihood.
  private static func checkExactWeights(_ request: FitRequest) throws(ImmerseError) {
    let kind = request.weightsKind.rawValue
    if request.weightScaling != .none {
      throw ImmerseError(
        .usage, "\(kind) weights are not scaled: they mean what they are", remedy: "leave the scaling out")
    }
    if request.weightsAre == .unconditional {
      throw ImmerseError(
        .usage, "\(kind) weights have no unconditional form", remedy: "leave --weights-are out")
    }
    if request.weightsKind == .precision && request.weights.count > 1 {
      throw ImmerseError(
        .usage, "precision weights are those of rows", remedy: "name one column; groups have no precision of their own")
    }
  }
}

/// What groups are made of: one column, or the combinations of several; and the random terms that vary over it.
struct GroupingFactor: Sendable, Equatable {
  let label: String
  let columns: [String]
  /// Positions in the formula's random terms.
  let terms: [Int]

  static func all(in formula: Formula) -> [GroupingFactor] {
    var factors: [GroupingFactor] = []
    for (index, term) in formula.random.enumerated() {
      if let known = factors.firstIndex(where: { Set($0.columns) == Set(term.group) }) {
        let factor = factors[known]
        factors[known] = GroupingFactor(label: factor.label, columns: factor.columns, terms: factor.terms + [index])
      } else {
        factors.append(GroupingFactor(label: term.groupLabel, columns: term.group, terms: [index]))
      }
    }
    return factors
  }
}
