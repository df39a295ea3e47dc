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
  _ request: ScoreRequest, source: any Source, replicates: Replicates, engine: Engine = Engine()
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
    // A unit that lacks an indicator in a replicate only is scored by others there, which says nothing of its error.
    var lost = plain.columns.map { [Bool](repeating: false, count: $0.count) }
    func refitted(_ own: UnitMatrix) throws(ImmerseError) -> [Buffer<Double>] {
      let model = try ScoreModel(refitting: framework, request.method, to: own)
      var unused: [Note] = []
      let averaged = try model.aggregation.apply(to: try model.normalised(own, notes: &unused), notes: &unused)
      guard averaged.units == plain.units else {
        throw ImmerseError(
          .badData, "a replicate leaves other units than the full sample",
          remedy: "do not screen units by availability")
      }
      for indicator in framework.indicators.indices {
        let (full, own) = (plain.columns[indicator], averaged.columns[indicator])
        for unit in 0..<full.count where own[unit].isNaN && !full[unit].isNaN { lost[indicator][unit] = true }
      }
      return averaged.columns
    }
    for set in replicates {
      try engine.checkCancellation()
      var scores: [[Buffer<Double>]] = []
      for values in set.values { scores.append(try refitted(set.replaced(units, values))) }
      var centre: [Buffer<Double>]?
      if let own = set.centre { centre = try refitted(set.replaced(units, own)) }
      for term in variances.indices {
        for unit in variances[term].indices {
          let values = scores.map { $0[term][unit] }
          variances[term][unit] += set.covariance(
            values, values, about: centre.map { ($0[term][unit], $0[term][unit]) })
        }
      }
    }
    for group in model.aggregation.groups {
      for child in group.children {
        for unit in plain.units.indices where lost[child][unit] { lost[group.target][unit] = true }
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
        plain.units.indices.map { unit in
          let isKnown = isSampled[term] && !plain.columns[term][unit].isNaN && !lost[term][unit]
          return isKnown ? variances[term][unit].squareRoot() : .nan
        })
    }
    let sets = replicates.map { "\($0.count)" }.joined(separator: " and ")
    notes.append(
      Note(
        "replicate_standard_errors",
        "standard errors from \(sets) replicates, every step fitted anew to each; deviations are from "
          + (replicates.contains { $0.centre != nil } ? "the full sample" : "their mean")))
    notes.append(model.rankIntervalNote(plain.units.count))
    return try ScoreResult(model, plain, standardErrors: errors, notes: notes, threads: engine.threads)
  }
}
