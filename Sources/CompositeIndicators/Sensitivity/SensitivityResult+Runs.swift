public import Columnar
import Streaming
import Synchronization

extension SensitivityResult {
  /// Runs every combination, or a sample of them, on units in memory.
  ///
  /// - Parameters:
  ///   - weightDraws: weightings of one's own in place of those the plan would draw.
  ///   - units: with the columns `ScoreModel.columns(of:)` names.
  /// - Throws: as `sensitivity`.
  ///
  /// O(runs · units · (terms + units)) for up to 256 units, above that O(runs · units · (terms + log units)); keeps two
  /// bytes for each run and unit.
  public init(
    of framework: Framework, _ method: ScoreMethod = ScoreMethod(), plan: SensitivityPlan = SensitivityPlan(),
    units: UnitMatrix, weightDraws: WeightDraws? = nil, confidenceLevel: Double = 0.95, seed: UInt64 = 1,
    threads: Int = 1
  ) throws(ImmerseError) {
    let hierarchy = try framework.hierarchy()
    let base = method.over(framework.method)
    let target = try Self.target(plan.term, hierarchy)
    let factors = try SensitivityFactors(
      plan, base: base, hierarchy: hierarchy, hasErrors: units.sampling != nil, seed: seed, weightDraws: weightDraws)
    let nominal = try ScoreModel(fitting: framework, base, confidenceLevel: confidenceLevel, to: units).score(
      units, threads: threads)
    guard let place = nominal.terms.firstIndex(where: { $0.code == hierarchy.terms[target].code }) else {
      throw ImmerseError(.failure, "the aggregate was not scored", variable: hierarchy.terms[target].code)
    }
    let nominalRanks = nominal.ranks[place].array
    guard nominalRanks.count(where: { $0 > 0 }) > 1 else {
      throw ImmerseError(
        .badData, "fewer than two units have a score: there are no ranks to compare",
        variable: hierarchy.terms[target].code)
    }
    let design = plan.design ?? .factorial
    let layout =
      switch design {
      case .factorial: try RunLayout(factorial: factors)
      case .sobol: try RunLayout(sobol: factors, plan, hierarchy, rows: plan.sobolRows ?? 1024, seed: seed)
      }
    let outputs = try Self.outputs(layout, factors, units: nominal.units.count)
    let logs = try Self.run(
      layout, factors, framework, base, units, nominalRanks, target: target, seed: seed, threads: threads, outputs)

    let shifts = Array(outputs.shifts)
    term = hierarchy.terms[target]
    self.design = design
    self.shifts = shifts
    self.confidenceLevel = confidenceLevel
    runs = layout.runs.count
    scoreScale = factors.methods.normalise[factors.scoreScale].map { "\($0)" } ?? "\(base.normalise ?? .minmax())"
    cells = Self.log(layout, factors, logs, shifts)
    removals = try Self.removals(framework, base, units, hierarchy, target: target, nominalRanks)
    switch design {
    case .factorial:
      let exact = FactorialDecomposition(shifts, levels: factors.factors.map(\.count))
      (outputMean, outputVariance) = (exact.mean, exact.variance)
      self.factors = zip(factors.factors, zip(exact.firstOrder, exact.totalOrder)).map {
        Factor(name: $0.name, levels: $0.count, firstOrder: $1.0, totalOrder: $1.1)
      }
      interactions = exact.interactions.map { pair in
        Interaction(
          factors: [factors.factors[pair.first].name, factors.factors[pair.second].name], share: pair.share)
      }
    case .sobol:
      let rows = layout.baseRows
      let parts = stride(from: 0, to: shifts.count, by: rows).map { Array(shifts[$0..<$0 + rows]) }
      let estimate = SobolEstimate(a: parts[0], b: parts[1], ab: Array(parts[2...]), resamples: 200, seed: seed)
      (outputMean, outputVariance) = (shifts[..<(2 * rows)].reduce(0, +) / Double(2 * rows), estimate.variance)
      self.factors = zip(layout.factors, estimate.factors).map {
        Factor(
          name: $0.name, levels: $0.levels, firstOrder: $1.firstOrder, totalOrder: $1.totalOrder,
          firstOrderError: $1.firstOrderError, totalOrderError: $1.totalOrderError)
      }
      interactions = []
    }
    self.units = Self.units(nominal, place, outputs, layout, factors, confidenceLevel)
    notes = Self.notes(design, factors, layout, units, term, nominal)
  }

  /// The aggregate asked for, or the first of the highest level.
  private static func target(_ code: String?, _ hierarchy: Hierarchy) throws(ImmerseError) -> Int {
    let aggregates = hierarchy.groups.map(\.target)
    if let code {
      if let target = aggregates.first(where: { hierarchy.terms[$0].code == code }) { return target }
      throw ImmerseError(
        .usage, "is no aggregate of the framework", variable: code,
        remedy: "name one of \(Spelling.list(aggregates.map { hierarchy.terms[$0].code }))")
    }
    let top = hierarchy.topLevel
    guard top > 1, let target = aggregates.first(where: { hierarchy.terms[$0].level == top }) else {
      throw ImmerseError(.badData, "the framework has no aggregate, so that there is nothing to vary")
    }
    return target
  }

  /// Room for what the runs give. Scores are kept where they lie on one scale and fit in memory.
  private static func outputs(
    _ layout: RunLayout, _ factors: SensitivityFactors, units: Int
  ) throws(ImmerseError) -> RunOutputs {
    guard units <= Int(UInt16.max), layout.runs.count <= RunOutputs.limit / max(units, 1) else {
      throw ImmerseError(
        .usage, "\(layout.runs.count) runs of \(units) units are more than memory is kept for",
        remedy: "draw less often, or score groups of units such as regions")
    }
    var kept = 0
    let places: [Int?] = layout.runs.map { run in
      guard run.cell.normalise == factors.scoreScale, (kept + 1) * units <= RunOutputs.limit / 8 else { return nil }
      defer { kept += 1 }
      return kept
    }
    return RunOutputs(runs: layout.runs.count, units: units, scorePlaces: places)
  }

  /// Fits each combination of methods once and scores all of its runs. Returns the logs of the combinations.
  private static func run(
    _ layout: RunLayout, _ factors: SensitivityFactors, _ framework: Framework, _ base: ScoreMethod,
    _ units: UnitMatrix, _ nominal: [Int32], target: Int, seed: UInt64, threads: Int, _ outputs: RunOutputs
  ) throws(ImmerseError) -> [SensitivityFactors.Cell: CellRuns.Log] {
    let logs = Mutex([SensitivityFactors.Cell: CellRuns.Log]())
    try parallelForEach(layout.cells.count, threads: threads) { (index: Int) throws(ImmerseError) in
      let (cell, runs) = layout.cells[index]
      let drawn = factors.samplingDraws == nil ? units : units.drawn(cell.sampling, seed: seed)
      let prepared = try CellRuns(framework, factors.method(cell).over(base), drawn, target: target)
      try prepared.evaluate(
        runs.map { ($0, layout.runs[$0].weights) }, layout.weights, nominal: nominal, into: outputs)
      logs.withLock { $0[cell] = prepared.log }
    }
    return logs.withLock { $0 }
  }

  /// One entry for each combination of methods, sampling draws taken together.
  private static func log(
    _ layout: RunLayout, _ factors: SensitivityFactors, _ logs: [SensitivityFactors.Cell: CellRuns.Log],
    _ shifts: [Double]
  ) -> [Cell] {
    var order: [SensitivityFactors.Cell] = []
    var runs: [SensitivityFactors.Cell: [Int]] = [:]
    for (cell, own) in layout.cells {
      var shared = cell
      shared.sampling = 0
      if runs[shared] == nil { order.append(shared) }
      runs[shared, default: []] += own
    }
    return order.map { cell in
      let own = runs[cell] ?? []
      let some = logs[cell] ?? layout.cells.lazy.map(\.cell).first { $0.isSameMethod(as: cell) }.flatMap { logs[$0] }
      return Cell(
        settings: factors.labels(cell), runs: own.count, steps: some.map { summary($0.steps) } ?? [],
        minimum: some?.minimum ?? .nan, maximum: some?.maximum ?? .nan,
        meanShift: own.reduce(0) { $0 + shifts[$1] } / Double(max(own.count, 1)))
    }
  }

  /// Notes of one code together: the note where there is one, else how many.
  private static func summary(_ notes: [Note]) -> [String] {
    var codes: [String] = []
    for note in notes where !codes.contains(note.code) { codes.append(note.code) }
    return codes.map { code in
      let own = notes.filter { $0.code == code }
      return own.count == 1 ? own[0].message : "\(code): \(own.count)"
    }
  }

  /// The index as it is, without each of its parts in turn: the part's weight is zero.
  private static func removals(
    _ framework: Framework, _ base: ScoreMethod, _ units: UnitMatrix, _ hierarchy: Hierarchy, target: Int,
    _ nominal: [Int32]
  ) throws(ImmerseError) -> [Removal] {
    let cell = try CellRuns(framework, base, units, target: target)
    var parts = Set([target])
    for group in hierarchy.groups.reversed() where parts.contains(group.target) { parts.formUnion(group.children) }
    var removals: [Removal] = []
    for term in hierarchy.terms.indices.reversed() where parts.contains(term) && term != target {
      var factors = [Double](repeating: 1, count: hierarchy.terms.count)
      factors[term] = 0
      let ranks = descendingRanks(try cell.score(factors)).array
      let shifts = zip(ranks, nominal).filter { $0 > 0 && $1 > 0 }.map { Int(($0 - $1).magnitude) }
      if shifts.isEmpty { continue }
      removals.append(
        Removal(
          term: hierarchy.terms[term].code, level: hierarchy.terms[term].level,
          meanShift: Double(shifts.reduce(0, +)) / Double(shifts.count), largestShift: shifts.max() ?? 0))
    }
    return removals.sorted { -$0.level < -$1.level }
  }

  private static func notes(
    _ design: SensitivityPlan.Design, _ factors: SensitivityFactors, _ layout: RunLayout, _ units: UnitMatrix,
    _ term: Term, _ nominal: ScoreResult
  ) -> [Note] {
    var notes = [
      Note(
        "output",
        "the output is the mean over units of how far the rank under \"\(term.code)\" lies from that of the index as it is"
      )
    ]
    switch design {
    case .factorial:
      notes.append(
        Note(
          "factorial",
          "every combination of levels was run once; the indices are exact for these levels and draws, with variances of"
            + " a population"))
    case .sobol:
      notes.append(
        Note(
          "sobol",
          "estimates from \(layout.baseRows) rows (Saltelli's first order, Jansen's total order); indices without"
            + " influence can come out below zero"))
    }
    if nominal.terms.count(where: { $0.level == term.level }) > 1 {
      notes.append(Note("other_aggregates", "there are other aggregates at the level of \"\(term.code)\": name one"))
    }
    if let sampling = units.sampling {
      if factors.samplingDraws == nil {
        notes.append(Note("no_sampling", "sampling error was left out"))
      } else {
        notes.append(
          Note(
            "sampling",
            "indicators were drawn from the normal distribution of their errors, and every step was fitted to each draw"
              + (sampling.hasCovariances ? "" : "; errors of different indicators count as uncorrelated")))
      }
    }
    return notes
  }
}

extension SensitivityFactors.Cell {
  func isSameMethod(as other: Self) -> Bool {
    var own = self
    own.sampling = other.sampling
    return own == other
  }
}
