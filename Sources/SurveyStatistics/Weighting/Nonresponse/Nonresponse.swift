public import Columnar
public import Streaming

/// Adjusts the weights of respondents for the rows that did not respond.
///
/// Within a class, respondents are multiplied by Σ d of all over Σ d of the respondents; non-respondents get 0. The
/// classes are given, or cut from response propensities, or each row is divided by its own propensity (Little 1986).
public enum Nonresponse {
  /// - Throws: `badData` where a class has no respondent, or the model of response has no finite fit.
  /// - Complexity: One pass; the model is fitted to the distinct combinations of covariates.
  public static func run(
    _ request: NonresponseRequest, on source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> NonresponseModel {
    let dataset = try Dataset(source, columns: try columns(request, of: source), engine: engine)
    return try dataset.fit(try cells(request, of: dataset), with: engine)
  }

  /// The columns the step needs; covariates are numbers or categories as they come.
  ///
  /// - Throws: `usage` where the request contradicts itself, `badData` where a column is missing.
  static func columns(_ request: NonresponseRequest, of source: any Source) throws(ImmerseError) -> [ColumnRequest] {
    try request.validate()
    return CellsPlan.columns(weights: request.weights, classifiers: [request.respondents] + request.classes)
      + (try source.resolve(request.covariates.map { ColumnRequest($0, .automatic) }))
  }

  static func cells(
    _ request: NonresponseRequest, of dataset: Dataset
  ) throws(ImmerseError) -> CellsFit<NonresponseModel> {
    let numbers = request.covariates.filter { dataset.profile.levels[$0] == nil }
    let factors = request.covariates.filter { dataset.profile.levels[$0] != nil }
    let plan = try CellsPlan(
      weights: request.weights, classifiers: [request.respondents] + request.classes + factors, numbers: numbers,
      collectsPatterns: true, dataset.profile)
    return CellsFit(plan: plan, purpose: "\(request)") { (cells) throws(ImmerseError) in
      let codes = try responseCodes(plan)
      return try request.covariates.isEmpty ? byClass(request, cells, codes) : byPropensity(request, cells, codes)
    }
  }

  /// Whether each level of the column of respondents is one.
  private static func responseCodes(_ plan: CellsPlan) throws(ImmerseError) -> [Bool] {
    var responds: [Bool] = []
    for level in plan.classes.levels[0].names {
      guard level == "0" || level == "1" else {
        throw ImmerseError(
          .badData, "has values other than 1 for respondents and 0 for non-respondents",
          variable: plan.classes.columns[0], remedy: "derive such a column")
      }
      responds.append(level == "1")
    }
    return responds
  }

  private static func byClass(
    _ request: NonresponseRequest, _ cells: CellsPartial, _ responds: [Bool]
  ) throws(ImmerseError) -> NonresponseModel {
    let levels = cells.plan.classes.levels
    let weights = cells.weights
    // A class is the cell without its first digit, the response. Sorted, so that the order of rows does not matter.
    let rests = cells.cells.keys.map { key in
      zip(levels, levels.codes(ofCombination: key)).dropFirst().reduce(UInt64(0)) {
        $0 * UInt64($1.0.count) + UInt64($1.1)
      }
    }
    let index = KeyIndex(Set(rests).sorted())
    let classOfCell = rests.map { index.find($0) ?? 0 }
    let names = index.keys.map { key in
      let others = Array(levels.dropFirst())
      return zip(others, others.codes(ofCombination: key)).map { $0[$1] }.joined(separator: ":")
    }
    let isRespondent = cells.cells.keys.map { responds[levels.codes(ofCombination: $0)[0]] }
    let classes = try ResponseClasses(
      names: names, request: request,
      (0..<cells.rows.count).map {
        (group: classOfCell[$0], responds: isRespondent[$0], weight: weights[$0], count: Double(cells.rows[$0]))
      })
    return NonresponseModel(
      request: request, plan: cells.plan, cells: cells.cells, responds: responds,
      adjustment: .classes(classOfCell, factors: classes.factors), summary: classes.summary)
  }

  private static func byPropensity(
    _ request: NonresponseRequest, _ cells: CellsPartial, _ responds: [Bool]
  ) throws(ImmerseError) -> NonresponseModel {
    let model = try ResponseModel(cells, responds)
    let units = model.units
    let propensities = units.map { model.propensity(of: $0) }
    guard let count = request.propensityClasses else {
      let summary = try NonresponseSummary(
        units.map { (responds: $0.responds, weight: $0.weight, count: $0.count) }, factors: propensities.map { 1 / $0 },
        rows: [], iterations: model.iterations)
      return NonresponseModel(
        request: request, plan: cells.plan, cells: cells.cells, responds: responds, adjustment: .propensity(model),
        summary: summary)
    }
    let cuts = ResponseModel.cuts(propensities, weights: units.map(\.weight), classes: count)
    let classes = try ResponseClasses(
      names: (0..<cuts.count + 1).map { "\($0 + 1)" }, request: request,
      units.indices.map { unit in
        (
          group: cuts.count { $0 < propensities[unit] }, responds: units[unit].responds, weight: units[unit].weight,
          count: units[unit].count
        )
      })
    var summary = classes.summary
    summary.iterations = model.iterations
    return NonresponseModel(
      request: request, plan: cells.plan, cells: cells.cells, responds: responds,
      adjustment: .propensityClasses(model, cuts: cuts, factors: classes.factors), summary: summary)
  }
}

/// The factor of every class: Σ d of all rows over Σ d of the respondents.
struct ResponseClasses {
  let factors: [Double]
  let summary: NonresponseSummary

  /// - Throws: `badData` where a class with weight has no respondent.
  init(
    names: [String], request: NonresponseRequest,
    _ units: [(group: Int, responds: Bool, weight: Double, count: Double)]
  ) throws(ImmerseError) {
    var (all, responding) = (names.map { _ in 0.0 }, names.map { _ in 0.0 })
    var (rows, respondents) = (all, all)
    for unit in units {
      all[unit.group] += unit.weight
      rows[unit.group] += unit.count
      if unit.responds {
        responding[unit.group] += unit.weight
        respondents[unit.group] += unit.count
      }
    }
    if let empty = names.indices.first(where: { all[$0] > 0 && responding[$0] == 0 }) {
      let others = names.indices.count { all[$0] > 0 && responding[$0] == 0 } - 1
      throw ImmerseError(
        .badData,
        "the class \"\(names[empty])\"\(others > 0 ? " (and \(others) more)" : "") has no respondent who could stand "
          + "for it", variable: request.classes.isEmpty ? request.respondents : request.classes.joined(separator: ":"),
        remedy: "merge it with another class")
    }
    let factors = zip(all, responding).map { $1 > 0 ? $0 / $1 : 0 }
    self.factors = factors
    let table = names.indices.map { group in
      NonresponseSummary.Row(
        name: names[group], count: Int(rows[group]), respondents: Int(respondents[group]),
        responseRate: all[group] > 0 ? responding[group] / all[group] : nil, factor: factors[group])
    }
    summary = try NonresponseSummary(
      units.map { (responds: $0.responds, weight: $0.weight, count: $0.count) },
      factors: units.map { factors[$0.group] }, rows: table, iterations: nil)
  }
}

/// What the adjustment did.
public struct NonresponseSummary: Sendable, Hashable {
  public struct Row: Sendable, Hashable {
    public var name: String
    public var count: Int
    public var respondents: Int
    /// Weighted.
    public var responseRate: Double?
    public var factor: Double
  }

  public var count: Int
  public var respondents: Int
  public var sumBefore: Double
  public var sumAfter: Double
  public var smallestFactor: Double
  public var largestFactor: Double
  /// Newton steps of the model of response.
  public var iterations: Int?
  public var classes: [Row]

  /// - Throws: `badData` where nobody responded.
  init(
    _ units: [(responds: Bool, weight: Double, count: Double)], factors: [Double], rows: [Row], iterations: Int?
  ) throws(ImmerseError) {
    let responding = zip(units, factors).filter { $0.0.responds && $0.0.weight > 0 }
    guard let first = responding.first else {
      throw ImmerseError(.badData, "no respondent has a weight", remedy: "check the column of respondents")
    }
    count = Int(units.reduce(0) { $0 + $1.count })
    respondents = Int(units.reduce(0) { $0 + ($1.responds ? $1.count : 0) })
    sumBefore = units.reduce(0) { $0 + $1.weight }
    sumAfter = responding.reduce(0) { $0 + $1.0.weight * $1.1 }
    smallestFactor = responding.reduce(first.1) { min($0, $1.1) }
    largestFactor = responding.reduce(first.1) { max($0, $1.1) }
    self.iterations = iterations
    classes = rows
  }
}
