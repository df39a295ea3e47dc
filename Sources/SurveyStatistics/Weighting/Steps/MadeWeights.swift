public import Columnar
public import Streaming

/// Rows with the weights that steps made, and the design that knows of the steps.
public struct MadeWeights: Sendable {
  /// The rows with the weights of every step, and the adjusted replicates.
  public private(set) var source: any Source
  public private(set) var dataset: Dataset
  /// One a step.
  public internal(set) var models: [WeightStepModel] = []
  /// The columns of the last step's replicates.
  public internal(set) var replicates: [String]
  /// The columns that were added.
  public private(set) var added: [String] = []
  /// What a reader must know of the replicates.
  public internal(set) var notes: [Note] = []
  /// The design under which estimates are made; nil until one was given.
  public internal(set) var design: SurveyDesign?

  init(source: any Source, dataset: Dataset, replicates: [String]) {
    self.source = source
    self.dataset = dataset
    self.replicates = replicates
  }

  mutating func add(_ model: some Transform, with engine: Engine) throws(ImmerseError) {
    source = try source.applying(model)
    dataset = try dataset.adding(model, with: engine)
    added += model.outputs.map(\.name)
  }

  /// The columns, weights apart, by which the steps told rows apart or whose totals they met.
  public var auxiliaryColumns: [String] {
    let weights = Set(models.flatMap { $0.outputs.map(\.name) })
    return models.flatMap(\.auxiliaryColumns).reduce(into: []) { columns, name in
      if !weights.contains(name) && !columns.contains(name) { columns.append(name) }
    }
  }

  /// The steps that linearised variances know of; none where replicates repeat them all.
  public var calibrated: [WeightStepModel] { design?.replicates == nil ? models : [] }
}

extension WeightSteps {
  /// Carries the steps out under a design whose weights are those of the last step.
  ///
  /// Replicates receive every step: those the design holds as columns, which are replicates of the weights that the first step
  /// starts at, and those that are made of its strata and units, which then are columns too. Linearisation takes all steps to
  /// totals and by classes of response into account, and the weights of others as fixed.
  ///
  /// - Throws: what `run(on:engine:)` throws; `usage` where replicates of unknown weights would be needed.
  public func run(
    on source: any Source, _ dataset: Dataset, under design: SurveyDesign, engine: Engine
  ) throws(ImmerseError) -> MadeWeights {
    var made = MadeWeights(source: source, dataset: dataset, replicates: [])
    guard design.weights == output, let replicates = design.replicates else {
      made = try run(on: made, with: engine)
      made.design = design
      if design.weights == output { made.notes += fixedWeights }
      return made
    }
    guard let base = steps.first?.weights else {
      throw ImmerseError(
        .usage, "replicates cannot repeat a step that starts at no column of weights", variable: steps.first?.output,
        remedy: "name the weights the first step starts at")
    }
    var own = replicates
    let variance: ReplicateVariance?
    if replicates.isGiven {
      made.replicates = try replicates.columnNames
      variance = replicates.infersScales ? nil : try replicates.variance(count: made.replicates.count)
    } else {
      var drawn = design
      (drawn.weights, drawn.replicates) = (base, nil)
      var request = ReplicatesRequest(
        replicates.method, design: drawn, count: replicates.count, seed: replicates.seed,
        prefix: base + WeightSteps.inReplicate)
      request.halves = replicates.halves
      let model = try dataset.fit(try Replication.fit(request, of: dataset), with: engine)
      try made.add(model, with: engine)
      made.replicates = model.summary.columns
      made.notes += model.summary.notes
      variance = model.summary.variance
      own = ReplicateDesign(
        replicates.method, scale: model.summary.variance.scale, rscales: model.summary.variance.scales,
        mse: replicates.mse, independent: replicates.independent)
    }
    made = try run(on: made, separator: WeightSteps.inReplicate, variance: variance, with: engine)
    own.columns = made.replicates
    made.design = SurveyDesign(weights: design.weights, lonelyPSU: design.lonelyPSU, replicates: own)
    made.notes.append(
      Note("steps_repeated", "every replicate went through \(Spelling.list(steps.map(\.name)))"))
    return made
  }

  private static let inReplicate = " in replicate "

  /// What linearised variances do not know of the steps.
  var fixedWeights: [Note] {
    let fixed = steps.filter { !$0.isLinearised }.map(\.name)
    if fixed.isEmpty { return [] }
    return [
      Note(
        "weights_taken_as_fixed",
        "linearised variances take the weights of \(Spelling.list(fixed)) as fixed; replicates made of the "
          + "design repeat every step")
    ]
  }
}
