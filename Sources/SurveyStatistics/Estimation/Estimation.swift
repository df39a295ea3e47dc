public import Columnar
import Expressions
public import Streaming

/// Design-based estimation: means, totals, ratios and proportions with Taylor-linearised standard errors.
///
/// ```swift
/// let design = SurveyDesign(weights: "pw", psu: ["dnum"], fpc: ["fpc"])
/// let result = try Estimation.run(EstimateRequest(.mean, of: ["api00"], design: design), on: table)
/// ```
public enum Estimation {
  /// The columns a request needs of its data.
  ///
  /// - Throws: `usage` where the request contradicts itself.
  public static func columns(_ request: EstimateRequest) throws(ImmerseError) -> [ColumnRequest] {
    try request.validate()
    var columns = try columns(of: request.design)
    for imputed in try Imputations(request).requests.flatMap(\.self) {
      columns += try imputed.by.map { .category($0) } + Statistic.columns(imputed)
      if let filter = imputed.filter { columns += try Expression(parsing: filter).columnRequests }
    }
    return columns.merged
  }

  /// The columns of a design, with those of its replicates.
  ///
  /// - Throws: `usage` for a range of columns that is none.
  public static func columns(of design: SurveyDesign) throws(ImmerseError) -> [ColumnRequest] {
    design.columns + (try design.replicates?.columnNames.map { .number($0) } ?? [])
  }

  /// Those of them of which a dataset needs no profile: looking at every replicate weight once more would double the
  /// cost of an estimate.
  ///
  /// - Throws: `usage` for a range of columns that is none.
  public static func unprofiled(_ request: EstimateRequest) throws(ImmerseError) -> Set<String> {
    Set(try request.design.replicates?.columnNames ?? [])
  }

  /// The fit that carries out a request on a dataset, for a pass shared with others.
  ///
  /// Where weights come from population sizes, this reads the design's columns once; for quantiles it reads and sorts
  /// the rows, for models it takes a pass for each Newton step. Where `calibrated` are the steps
  /// that made the design's weights, the first one first, variances take into account how these move with the sample.
  ///
  /// - Throws: `usage` where the request contradicts itself, `badData` where the design's columns do.
  public static func fit(
    _ request: EstimateRequest, of dataset: Dataset, calibrated: [WeightStepModel] = [], with engine: Engine
  ) throws(ImmerseError) -> any Fit<EstimateResult> {
    try request.validate()
    let imputations = try Imputations(request)
    guard imputations.differInRows else {
      return try fit(imputations, request, of: dataset, calibrated: calibrated, with: engine)
    }
    var members: [[any Fit<EstimateResult>]] = []
    for nest in imputations.requests {
      members.append(
        try nest.map { imputed throws(ImmerseError) in
          try fit(Imputations(imputed), imputed, of: dataset, calibrated: calibrated, with: engine)
        })
    }
    return ImputedResults(request, imputations, members).fit
  }

  private static func fit(
    _ imputations: Imputations, _ request: EstimateRequest, of dataset: Dataset, calibrated: [WeightStepModel],
    with engine: Engine
  ) throws(ImmerseError) -> any Fit<EstimateResult> {
    if request.kind.takesSquares { try dataset.profile.checkSquares(of: try Statistic.columns(request)) }
    let strata = try StratumNames(request.design, dataset.profile)
    if let made = calibrated.last?.output, made != request.design.weights {
      throw ImmerseError(
        .usage, "the weights were calibrated into \"\(made)\", but the design does not use them",
        variable: request.design.weights, remedy: "name them as the design's weights")
    }
    guard calibrated.isEmpty || request.design.replicates == nil else {
      throw ImmerseError(
        .usage, "replicates need every step by which the weights were made repeated", variable: request.design.weights,
        remedy: "give the steps, or replicates that went through them")
    }
    let domains = try DomainKeys(request.by, dataset.profile)
    var filter: Expression?
    if let text = request.filter { filter = try Expression(parsing: text) }
    if request.design.replicates?.halves != nil, let half = request.design.psu.first {
      guard dataset.profile.levels[half]?.names == ["0", "1"] else {
        throw ImmerseError(
          .badData, "does not hold the codes 0 and 1, which say what half of its zone a unit belongs to",
          variable: half,
          remedy: "check the column")
      }
    }
    var known: (UnitTree, [Double])?
    if request.design.weighsByFPC {
      let found = try dataset.fit(
        FrameFit(design: request.design, strata: strata, numbersRows: request.design.numbersRows), with: engine)
      known = (found.tree, found.frame.weightsByFPC)
    }
    var rowWeights: ReplicateRowWeights?
    if let replicates = request.design.replicates, request.needsReplicateRows {
      rowWeights =
        replicates.isGiven
        ? .given(try replicates.columnNames)
        : .made(try MadeReplicates(replicates.recipe, request.design, strata, of: dataset, with: engine))
    }
    let totals = TotalsOf(
      request: request, domains: domains, strata: strata, filter: filter, known: known,
      weighting: calibrated.compactMap(\.linearised))
    var quantiles: QuantileEstimates?
    var conclusion: (any Conclusion)?
    let (statistics, estimands): ([Statistic], [Estimand])
    let context = ModelContext(
      request: request, domains: domains, filter: filter, known: known, replicates: rowWeights)
    if request.kind.isAnalysis {
      let analysis = try Conclusions.of(context, dataset, engine)
      (statistics, estimands) = ([analysis.statistic], [])
      conclusion = analysis.conclusion
    } else if request.kind == .segregation {
      statistics = try SegregationScores.statistics(context, dataset, engine)
      estimands = statistics.enumerated().map { Estimand(term: $1.term, statistic: $0) }
    } else if request.kind == .quantile {
      let distributions = try dataset.fit(
        DistributionsFit(
          request: request, names: request.variables, domains: domains, filter: filter, known: known), with: engine)
      let replicates = try rowWeights.map { weights throws(ImmerseError) in
        try ReplicateQuantiles(request: request, domains: domains, filter: filter, weights: weights)
          .quantiles(of: dataset, with: engine)
      }
      let limits =
        request.interval == .score
        ? try ScoreIntervals(request: request, distributions: distributions) { (shares) throws(ImmerseError) in
          try totals.shares(shares, of: dataset, with: engine)
        }.limits() : []
      let found = QuantileEstimates(
        request, distributions, replicates: replicates ?? [], scoreLimits: limits)
      statistics = found.statistics(request.variables)
      estimands = statistics.enumerated().map { Estimand(term: $1.term, statistic: $0) }
      quantiles = found
    } else {
      (statistics, estimands) = try imputations.statistics(dataset.profile)
    }
    return try totals.fit(statistics, estimands, quantiles: quantiles, conclusion: conclusion)
  }

  /// Estimates from a source in one call.
  ///
  /// - Throws: `usage` where the request contradicts itself, `badData` where the data contradict it.
  /// - Complexity: One pass over the columns, and work in the number of sampling units for each estimate.
  public static func run(
    _ request: EstimateRequest, on source: any Source, calibrated: [WeightStepModel] = [], engine: Engine = Engine()
  ) throws(ImmerseError) -> EstimateResult {
    let dataset = try Dataset(
      source, columns: try columns(request) + calibrated.compactMap(\.linearised).flatMap(\.columns),
      unprofiled: try unprofiled(request),
      engine: engine
    )
    return try run(request, of: dataset, calibrated: calibrated, engine: engine)
  }

  /// Estimates from a dataset that holds at least the request's columns.
  ///
  /// - Throws: `usage` where the request contradicts itself, `badData` where the data contradict it.
  public static func run(
    _ request: EstimateRequest, of dataset: Dataset, calibrated: [WeightStepModel] = [], engine: Engine
  ) throws(ImmerseError) -> EstimateResult {
    try dataset.fit(try fit(request, of: dataset, calibrated: calibrated, with: engine), with: engine)
  }
}

extension Estimation {
  /// Estimates under weights that are in the data, made by steps that are known: standard errors then know the steps to
  /// totals and by classes of response, or, where replicates are made of the design, all steps, for every replicate repeats them.
  ///
  /// - Throws: `badData` where the steps make other weights of these rows; `usage` where the design holds replicates as
  ///   columns, which no step can be repeated in, or uses other weights.
  /// - Complexity: A pass or two for each step, in every replicate too.
  public static func run(
    _ request: EstimateRequest, on source: any Source, steps: WeightSteps, engine: Engine = Engine()
  ) throws(ImmerseError) -> EstimateResult {
    guard request.design.weights == steps.output else {
      throw ImmerseError(
        .usage, "the steps made \"\(steps.output ?? "")\", but the design does not use these weights",
        variable: request.design.weights, remedy: "name them as the design's weights")
    }
    guard request.design.replicates?.isGiven != true else {
      throw ImmerseError(
        .usage, "the steps cannot be repeated in replicates that are columns", variable: request.design.weights,
        remedy: "adjust the columns with weight --replicates and leave out the record, or make replicates of the design"
      )
    }
    var drawn = request.design
    drawn.weights = steps.steps[0].weights
    let columns = try steps.columns(of: source) + drawn.columns + columns(request)
    let given = GivenWeights(column: steps.output ?? "")
    let dataset = try Dataset(source, columns: columns, engine: engine).adding(given, with: engine)
    let made = try steps.run(on: try source.applying(given), dataset, under: request.design, engine: engine)
    guard try made.dataset.fit(WeightsCheck(column: given.column), with: engine) else {
      throw ImmerseError(
        .badData, "the recorded steps make other weights of these rows", variable: given.column,
        remedy: "use the file as it was weighted: all rows, in the same columns")
    }
    var request = request
    request.design = made.design ?? request.design
    var result = try made.dataset.fit(
      try fit(request, of: made.dataset, calibrated: made.calibrated, with: engine), with: engine)
    result.notes += made.notes
    return result
  }
}

extension EstimateRequest {
  /// Whether replicate weights are needed row by row, for their totals do not tell enough.
  fileprivate var needsReplicateRows: Bool {
    [.glm, .ttest, .segregation].contains(kind) || kind == .quantile && interval == .quantile
  }
}

extension EstimateRequest.Kind {
  /// Whether squares of the variables enter, and not only of what is left of them beside their scale.
  fileprivate var takesSquares: Bool {
    [.variance, .standardDeviation, .covariance, .correlation, .glm, .ttest].contains(self)
  }
}

extension Profile {
  /// - Throws: `badData` for a column of numbers whose squares no number can hold.
  fileprivate func checkSquares(of columns: [ColumnRequest]) throws(ImmerseError) {
    for column in columns {
      guard let found = numbers[column.name], found.count > 0 else { continue }
      let largest = max(found.minimum.magnitude, found.maximum.magnitude)
      guard largest == 0 || !largest.isFinite || (0x1p-511...0x1p511).contains(largest) else {
        throw ImmerseError(
          .badData, "holds numbers whose squares are too \(largest > 1 ? "large" : "small") for a number to hold",
          variable: column.name, remedy: "rescale it, as by a derived column")
      }
    }
  }
}
