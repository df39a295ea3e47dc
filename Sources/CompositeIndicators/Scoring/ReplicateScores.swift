public import Columnar
public import Streaming

/// Scores units, with the standard errors that replicates give when every step is fitted anew to each of them.
///
/// Nothing is held fixed: scales, imputed values, treated values and weights taken from the data vary from replicate to
/// replicate as they would from sample to sample. Any method has such errors, ranks and geometric means included.
///
/// - Parameter replicates: of the same units; the variances of several sets add up.
/// - Throws: as `score`; `usage` where the replicates hold none of the indicators.
///
/// O(replicates) times scoring.
public func score(
  _ request: ScoreRequest, source: any Source, replicates: [ReplicateTable], engine: Engine = Engine()
) throws(ImmerseError) -> ScoreResult {
  let (units, estimates) = try request.units(from: source, replicates, engine: engine)
  return try ScoreModel.score(request, units, estimates, engine)
}

extension ScoreModel {
  static func score(
    _ request: ScoreRequest, _ units: UnitMatrix, _ replicates: [ReplicateEstimates], _ engine: Engine
  ) throws(ImmerseError) -> ScoreResult {
    let framework = request.framework
    let model = try ScoreModel(fitting: framework, request.method, confidenceLevel: request.confidenceLevel, to: units)
    var notes: [Note] = []
    let plain = try model.aggregation.apply(
      to: try model.normalised(units, notes: &notes), threads: engine.threads, notes: &notes)
    var variances = plain.columns.map { [Double](repeating: 0, count: $0.count) }
    for set in replicates {
      var scores: [[Buffer<Double>]] = []
      for replicate in 0..<set.count {
        let own = set.replaced(units, replicate)
        let refitted = try ScoreModel(fitting: framework, request.method, to: own)
        var unused: [Note] = []
        let averaged = try refitted.aggregation.apply(to: try refitted.normalised(own, notes: &unused), notes: &unused)
        guard averaged.units == plain.units else {
          throw ImmerseError(
            .badData, "a replicate leaves other units than the full sample",
            remedy: "do not screen units by availability")
        }
        scores.append(averaged.columns)
      }
      for term in variances.indices {
        for unit in variances[term].indices {
          let values = scores.map { $0[term][unit] }
          let mean = values.reduce(0, +) / Double(values.count)
          variances[term][unit] += set.scale * values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
      }
    }
    // What no sampled indicator enters has no error.
    let codes = Set(replicates.flatMap(\.codes))
    var isSampled = model.aggregation.terms.map { codes.contains($0.code) }
    for group in model.aggregation.groups where group.children.contains(where: { isSampled[$0] }) {
      isSampled[group.target] = true
    }
    let errors = variances.indices.map { term in
      Buffer(
        zip(variances[term], plain.columns[term].array).map { variance, score in
          isSampled[term] && !score.isNaN ? variance.squareRoot() : .nan
        })
    }
    let sets = replicates.map { "\($0.count)" }.joined(separator: " and ")
    notes.append(
      Note(
        "replicate_standard_errors",
        "standard errors from \(sets) replicates, every step fitted anew to each; deviations are from their mean"))
    notes.append(model.rankIntervalNote(plain.units.count))
    return try ScoreResult(model, plain, standardErrors: errors, notes: notes, threads: engine.threads)
  }
}
