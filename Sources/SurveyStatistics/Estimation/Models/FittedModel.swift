import Columnar
import LinearAlgebra
import ModelFormula
import Streaming

/// A regression at its weighted maximum, found by Newton steps of one pass each.
struct FittedModel: Sendable {
  let scores: ModelScores
  /// The inverse of the information, of the scaled columns.
  let inverse: Matrix
  /// With weights of mean 1.
  let deviance: Double
  let meanWeight: Double
  let iterations: Int
  private(set) var hasConverged: Bool
  /// By replicate, the parameters of the scaled columns; nil where the variance is linearised.
  private(set) var replicates: [[Double]]?

  private static let iterationLimit = 50

  var design: ModelDesign { scores.design }

  /// The model of the full sample and, where there are replicates, fitted anew in each of them from where it ended.
  ///
  /// - Throws: `badData` for collinear columns, separation, or a response the family does not have, in a replicate too.
  init(
    _ design: ModelDesign, _ context: ModelContext, _ dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) {
    try self.init(design, context, dataset, engine, from: nil)
    guard let weights = context.replicates else { return }
    var found: [[Double]] = []
    for replicate in 0..<weights.count {
      var own = context
      own.replicate = replicate
      do throws(ImmerseError) {
        let model = try FittedModel(self.design, own, dataset, engine, from: scores.parameters)
        hasConverged = hasConverged && model.hasConverged
        found.append(model.scores.parameters)
      } catch {
        var error = error
        error.problem = "in \(weights.name(replicate)): " + error.problem
        throw error
      }
    }
    replicates = found
  }

  private init(
    _ design: ModelDesign, _ context: ModelContext, _ dataset: Dataset, _ engine: Engine, from known: [Double]?
  ) throws(ImmerseError) {
    func step(_ design: ModelDesign, _ parameters: [Double]?) throws(ImmerseError) -> ModelSums {
      try dataset.fit(ModelStepFit(context: context, design: design, parameters: parameters), with: engine)
    }
    func solve(_ step: ModelSums) throws(ImmerseError) -> [Double] {
      do { return try Cholesky(step.information).solve(step.score) } catch {
        // Where fitted shares are all but 0 and 1, no information is left.
        if design.family.canSeparate && step.reach > 10 { throw .separation(design.frame.variableNames[0]) }
        throw ImmerseError(.failure, "the model's equations could not be solved: \(error)")
      }
    }

    let (design, start) =
      if let known { (design, known as [Double]?) } else {
        try design.started(context, dataset, engine)
      }
    var current = try step(design, start)
    guard current.count > 0 else { throw .noRowsOfModel }
    guard current.sumOfWeights.isFinite else {
      throw ImmerseError(
        .badData, "the weights sum to more than a number can hold", variable: context.request.design.weights,
        remedy: "rescale the weights")
    }
    if let dependent = current.information.dependentColumns().first {
      throw ImmerseError(
        .badData, "adds nothing to the columns before it, so its coefficient is not defined",
        variable: design.names[dependent], remedy: "leave it out of the formula")
    }
    let first = try solve(current)
    var parameters = start.map { zip($0, first).map { $0 + $1 } } ?? first
    var previous = (parameters: start ?? parameters, deviance: start == nil ? Double.infinity : current.deviance)
    var (iterations, converged) = (0, false)
    while !converged && iterations < FittedModel.iterationLimit {
      iterations += 1
      current = try step(design, parameters)
      // A step too long raises the deviance or leaves the numbers; half of it is tried.
      if !(current.deviance <= previous.deviance * (1 + 1e-9)) {
        parameters = zip(parameters, previous.parameters).map { ($0 + $1) / 2 }
        continue
      }
      previous = (parameters, current.deviance)
      let change = try solve(current)
      let decrement = zip(change, current.score).reduce(0) { $0 + $1.0 * $1.1 }
      let size = current.information.form(parameters, parameters)
      parameters = zip(parameters, change).map { $0 + $1 }
      converged = decrement <= 1e-22 * current.deviance + 1e-27 * size
    }
    if !converged && design.family.canSeparate && current.reach > 20 {
      throw .separation(design.frame.variableNames[0])
    }
    scores = ModelScores(design: design, parameters: parameters)
    inverse = try numerically { () throws(NumericalError) in try Cholesky(current.information).inverse() }
    meanWeight = current.sumOfWeights / Double(current.count)
    deviance = current.deviance / meanWeight
    self.iterations = iterations
    hasConverged = converged
  }

  /// The covariance that the parameters of the columns as they are would have if the model held and the rows were a simple
  /// random sample, for a dispersion of 1 and weights of mean 1.
  var naiveCovariance: Matrix {
    get throws(ImmerseError) {
      try numerically { () throws(NumericalError) in
        try design.unscaling.congruence(inverse).scaled(by: meanWeight)
      }
    }
  }
}

extension ImmerseError {
  static let noRowsOfModel = ImmerseError(
    .badData, "no row has all variables of the model and a weight", remedy: "check --where")

  fileprivate static func separation(_ response: String) -> ImmerseError {
    ImmerseError(
      .badData, "is told without error by the covariates in some rows (separation), so no finite coefficients exist",
      variable: response, remedy: "leave out the covariate, or join its levels")
  }
}

/// A request's formula and what it becomes once the columns are known.
struct ModelText {
  let request: EstimateRequest

  init(_ request: EstimateRequest) { self.request = request }

  /// - Throws: `usage` where the text is no formula or has random terms.
  private var parsed: Formula {
    get throws(ImmerseError) {
      guard request.variables.count == 1 else {
        throw ImmerseError(
          .usage, "a model is one formula, not \(request.variables.count)", remedy: "write it as \"y ~ x + z\"")
      }
      let text = request.kind == .ttest ? ModelText.oneSample(request.variables[0]) : request.variables[0]
      let formula = try Formula(parsing: text)
      guard formula.random.isEmpty else {
        throw ImmerseError(
          .usage, "\"\(text)\" has random terms", remedy: "fit multilevel models with `immerse-stats fit`")
      }
      guard formula.offsets.isEmpty, formula.termsOfAllRows.isEmpty else {
        throw ImmerseError(
          .usage, "\"\(text)\" has an offset or a term that depends on all rows",
          remedy: "derive a column, or fit it with `immerse-stats fit`")
      }
      return formula
    }
  }

  /// The columns the model reads; a response may hold text where the family has categories.
  var columns: [ColumnRequest] {
    get throws(ImmerseError) {
      let formula = try parsed
      guard request.family.canSeparate, case .column(let name) = formula.response else {
        return try formula.columnRequests
      }
      let own: ColumnRequest = request.family == .ordinal ? .category(name) : .automatic(name)
      return try formula.columnRequests.filter { $0.name != name } + [own]
    }
  }

  /// The column of an ordinal response.
  ///
  /// - Throws: `usage` where the response is computed.
  var responseColumn: String {
    get throws(ImmerseError) {
      guard case .column(let name) = try parsed.response else {
        throw ImmerseError(
          .usage, "an ordinal response is a column of categories, not \(try parsed.response.label)",
          remedy: "derive a column of its categories first")
      }
      return name
    }
  }

  /// The formula, with a category for a response replaced by an indicator: of the second of two levels where the family is
  /// binomial, of any where it is ordinal and only the presence of a value counts.
  func formula(_ profile: Profile) throws(ImmerseError) -> Formula {
    let formula = try parsed
    guard request.family.canSeparate, case .column(let name) = formula.response,
      let levels = profile.levels[name], request.family == .ordinal || profile.numbers[name] == nil
    else { return formula }
    guard request.family == .ordinal || levels.count == 2 else {
      throw ImmerseError(
        .badData, "has \(levels.count) levels where a binomial response has two", variable: name,
        remedy: "recode it, or name one level as in I(\(name) == \"...\")")
    }
    guard let last = levels.names.last, let tilde = formula.source.firstIndex(of: "~") else { return formula }
    let level = last.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    return try Formula(parsing: "I(`\(name)` == \"\(level)\") " + formula.source[tilde...])
  }

  /// `y ~ 0`, by which R asks for a test of the mean, as the model of a mean.
  private static func oneSample(_ text: String) -> String {
    guard let tilde = text.firstIndex(of: "~") else { return text }
    let right = text[text.index(after: tilde)...].filter { !$0.isWhitespace }
    return right == "0" ? text[...tilde] + " 1" : text
  }
}
