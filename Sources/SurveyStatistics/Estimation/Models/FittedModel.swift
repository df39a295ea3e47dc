import Columnar
import Expressions
import LinearAlgebra
import ModelFormula
import Streaming

/// A generalised linear model at its weighted maximum, found by Newton steps of one pass each.
struct FittedModel: Sendable {
  let scores: ModelScores
  /// The inverse of X'WX, of the scaled columns.
  let inverse: Matrix
  let deviance: Double
  let iterations: Int
  let hasConverged: Bool

  private static let iterationLimit = 50

  /// - Throws: `usage` for a formula that is none, `badData` for collinear columns, separation, or a response the family
  ///   does not have.
  init(
    _ request: EstimateRequest, _ dataset: Dataset, _ domains: DomainKeys, _ filter: Expression?,
    _ known: (tree: UnitTree, weights: [Double])?, _ engine: Engine
  ) throws(ImmerseError) {
    let frame = try ModelFrame(try ModelText(request).formula(dataset.profile), profile: dataset.profile)
    var scales = try frame.fixed.map { index throws(ImmerseError) in try frame.provisionalScales()[index] }
    let hasIntercept = frame.fixed.contains { frame.columns[$0].isIntercept }
    if !hasIntercept { for index in scales.indices { scales[index].shift = 0 } }

    func step(_ coefficients: [Double]?) throws(ImmerseError) -> ModelStepFit.Partial {
      try dataset.fit(
        ModelStepFit(
          request: request, frame: frame, scales: scales, coefficients: coefficients, domains: domains,
          filter: filter, known: known), with: engine)
    }
    func solve(_ step: ModelStepFit.Partial) throws(ImmerseError) -> [Double] {
      do { return try Cholesky(step.information).solve(step.score) } catch {
        // Where fitted shares are all but 0 and 1, no information is left.
        if request.family == .binomial && step.reach > 10 { throw .separation(frame.variableNames[0]) }
        throw ImmerseError(.failure, "the model's equations could not be solved: \(error)")
      }
    }

    var current = try step(nil)
    guard current.count > 0 else {
      throw ImmerseError(.badData, "no row has all variables of the model and a weight", remedy: "check --where")
    }
    if let dependent = current.information.dependentColumns().first {
      throw ImmerseError(
        .badData, "adds nothing to the columns before it, so its coefficient is not defined",
        variable: frame.columns[frame.fixed[dependent]].name, remedy: "leave it out of the formula")
    }
    var coefficients = try solve(current)
    var previous = (coefficients: coefficients, deviance: Double.infinity)
    var (iterations, converged) = (0, false)
    while !converged && iterations < FittedModel.iterationLimit {
      iterations += 1
      current = try step(coefficients)
      // A step too long raises the deviance or leaves the numbers; half of it is tried.
      if !(current.deviance <= previous.deviance * (1 + 1e-9)) {
        coefficients = zip(coefficients, previous.coefficients).map { ($0 + $1) / 2 }
        continue
      }
      previous = (coefficients, current.deviance)
      let change = try solve(current)
      let decrement = zip(change, current.score).reduce(0) { $0 + $1.0 * $1.1 }
      let size = current.information.form(coefficients, coefficients)
      coefficients = zip(coefficients, change).map { $0 + $1 }
      converged = decrement <= 1e-22 * current.deviance + 1e-27 * size
    }
    if !converged && request.family == .binomial && current.reach > 20 {
      throw .separation(frame.variableNames[0])
    }
    scores = ModelScores(frame: frame, family: request.family, scales: scales, coefficients: coefficients)
    inverse = try numerically { () throws(NumericalError) in try Cholesky(current.information).inverse() }
    deviance = current.deviance * Double(current.count) / current.sumOfWeights
    self.iterations = iterations
    hasConverged = converged
  }

  /// The coefficients' names, as R prints them.
  var names: [String] { scores.frame.fixed.map { scores.frame.columns[$0].name } }

  /// Turns coefficients of the scaled columns into those of the columns as they are.
  var unscaling: Matrix {
    var map = Matrix.identity(names.count)
    let intercept = scores.frame.fixed.firstIndex { scores.frame.columns[$0].isIntercept }
    for (index, scale) in scores.scales.enumerated() {
      map[index, index] = 1 / scale.scale
      if let intercept, index != intercept { map[intercept, index] = -scale.shift / scale.scale }
    }
    return map
  }
}

extension ImmerseError {
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

  /// The columns the model reads; a response may hold text where the family is binomial.
  var columns: [ColumnRequest] {
    get throws(ImmerseError) {
      let formula = try parsed
      guard request.family == .binomial, case .column(let name) = formula.response else {
        return try formula.columnRequests
      }
      return try formula.columnRequests.filter { $0.name != name } + [.automatic(name)]
    }
  }

  /// The formula, with a response of two levels replaced by the indicator of the second.
  func formula(_ profile: Profile) throws(ImmerseError) -> Formula {
    let formula = try parsed
    guard request.family == .binomial, case .column(let name) = formula.response,
      let levels = profile.levels[name], profile.numbers[name] == nil
    else { return formula }
    guard levels.count == 2 else {
      throw ImmerseError(
        .badData, "has \(levels.count) levels where a binomial response has two", variable: name,
        remedy: "recode it, or name one level as in I(\(name) == \"...\")")
    }
    let level = levels[1].split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    guard let tilde = formula.source.firstIndex(of: "~") else { return formula }
    return try Formula(parsing: "I(`\(name)` == \"\(level)\") " + formula.source[tilde...])
  }

  /// `y ~ 0`, by which R asks for a test of the mean, as the model of a mean.
  private static func oneSample(_ text: String) -> String {
    guard let tilde = text.firstIndex(of: "~") else { return text }
    let right = text[text.index(after: tilde)...].filter { !$0.isWhitespace }
    return right == "0" ? text[...tilde] + " 1" : text
  }
}
