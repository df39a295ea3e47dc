import Columnar
import Streaming

/// A whole design, frozen: its strata and units with their population sizes, checked.
///
/// Groups of units drawn from one list ("lists") are the strata at the first stage and the parent units at later ones.
struct DesignFrame: Sendable {
  let design: SurveyDesign
  /// For every unit of stage k + 1 (k = 0, 1, ...), the list it was drawn from: its parent's number.
  let parents: [[Int]]
  /// For every list of stage k + 1, how many units were sampled from it.
  let sampled: [[Int]]
  /// For every list of stage k + 1, how many units it has in the population; infinite without an FPC.
  let population: [[Double]]
  /// Of unequal probabilities, for every unit of stage k + 1 its inclusion probability; else empty.
  let inclusion: [[Double]]
  /// Where rows are numbered units, the row of each.
  let rowOfUnit: [Int]
  /// By lowest unit (by stratum without PSUs): rows whose weight is not zero.
  let weightedRows: [Int]
  let rowCount: Int
  let sumOfWeights: Double
  /// What messages call each stratum.
  private let stratumNames: [String]

  /// - Throws: `badData` where a stratum has no weight, or a population is smaller than its sample.
  init(_ tree: UnitTree, strata: StratumNames) throws(ImmerseError) {
    design = tree.design
    stratumNames = design.strata.isEmpty ? [] : tree.stages[0].keys.map { strata[$0] }
    weightedRows = tree.weightedRows
    rowCount = tree.rows.reduce(0, +)
    sumOfWeights = tree.weights.reduce(0, +)
    guard rowCount > 0 else {
      throw ImmerseError(.badData, "there are no rows to estimate from", remedy: "check the file and --where")
    }
    guard sumOfWeights.isFinite else {
      throw ImmerseError(.badData, "the weights sum to more than a number can hold", variable: design.weights)
    }
    var parents: [[Int]] = []
    for stage in tree.stages.dropFirst() { parents.append(stage.keys.map { KeyIndex.parts($0).first }) }
    self.parents = parents
    var sampled: [[Int]] = []
    for stage in 0..<design.stageCount {
      if parents.isEmpty {
        sampled.append(tree.rows)
      } else {
        var counts = [Int](repeating: 0, count: tree.stages[stage].count)
        for parent in parents[stage] { counts[parent] += 1 }
        sampled.append(counts)
      }
    }
    self.sampled = sampled
    var population: [[Double]] = []
    for stage in 0..<design.stageCount {
      population.append(try DesignFrame.population(tree, stage: stage, sampled: sampled[stage]))
    }
    self.population = population
    inclusion = design.pps == nil ? [] : tree.fpc
    rowOfUnit = design.psu.isEmpty ? tree.stages.dropFirst().flatMap { $0.keys.map { KeyIndex.parts($0).second } } : []
    try checkInclusion()
    try checkStrataWeigh(tree)
  }

  private static func population(
    _ tree: UnitTree, stage: Int, sampled: [Int]
  ) throws(ImmerseError) -> [Double] {
    guard tree.design.fpc.indices.contains(stage), tree.design.pps == nil else { return sampled.map { _ in .infinity } }
    let values = tree.fpc[stage]
    let name = tree.design.fpc[stage]
    let areFractions = values.allSatisfy { $0 <= 1 }
    guard areFractions || values.allSatisfy({ $0 >= 1 }) else {
      throw ImmerseError(
        .badData, "mixes population sizes (at least 1) and sampling fractions (at most 1)", variable: name,
        remedy: "use one of the two throughout")
    }
    // A column of ones is a census either way.
    let sizes = zip(values, sampled).map { areFractions ? Double($1) / $0 : $0 }
    if let list = sizes.indices.first(where: { sizes[$0] < Double(sampled[$0]) * (1 - 1e-12) }) {
      throw ImmerseError(
        .badData,
        "\(sampled[list]) units were sampled from a population given as \(NumberText.shortest(sizes[list]))",
        variable: name, remedy: "the population cannot be smaller than its sample")
    }
    return sizes
  }

  private func checkInclusion() throws(ImmerseError) {
    for (stage, probabilities) in inclusion.enumerated() where probabilities.contains(where: { $0 > 1 }) {
      throw ImmerseError(
        .badData, "holds inclusion probabilities above 1", variable: design.fpc[stage],
        remedy: "give the probability of each unit, not the size of its population")
    }
  }

  private func checkStrataWeigh(_ tree: UnitTree) throws(ImmerseError) {
    guard !design.strata.isEmpty else {
      if sumOfWeights == 0 {
        throw ImmerseError(
          .badData, "all weights are zero", variable: design.weights, remedy: "check the weight column")
      }
      return
    }
    var weights = [Double](repeating: 0, count: tree.stages[0].count)
    for leaf in tree.weights.indices { weights[stratum(ofLeaf: leaf)] += tree.weights[leaf] }
    if let empty = weights.firstIndex(of: 0) {
      throw ImmerseError(
        .badData, "all weights are zero in \(name(ofStratum: empty))",
        variable: design.weights, remedy: "give the stratum its weights, or leave its rows out with --where")
    }
  }

  /// The refusal of a variance where lists have a single unit.
  func lonelyError(stage: Int, lists: [Int]) -> ImmerseError {
    let list = stage == 0 ? name(ofStratum: lists[0]) : "a unit of stage \(stage)"
    let others = lists.count > 1 ? " (as have \(lists.count - 1) more)" : ""
    let unit = design.psu.isEmpty ? "row" : "sampling unit"
    return ImmerseError(
      .badData, "\(list) has a single \(unit)\(others), so a variance cannot be estimated",
      variable: stage > 0 ? design.psu[stage] : design.strata.first ?? design.psu.first,
      remedy: "choose --lonely-psu certainty, adjust, average or remove")
  }

  var stratumCount: Int { sampled[0].count }

  func name(ofStratum stratum: Int) -> String {
    stratumNames.isEmpty ? "the sample" : "the stratum \"\(stratumNames[stratum])\""
  }

  /// First-stage units in the sample.
  var psuCount: Int { sampled[0].reduce(0, +) }

  /// The first-stage unit above a lowest unit; without PSUs the leaf is a stratum and has none.
  func psu(ofLeaf leaf: Int) -> Int {
    parents.dropFirst().reversed().reduce(leaf) { $1[$0] }
  }

  func stratum(ofLeaf leaf: Int) -> Int {
    parents.isEmpty ? leaf : parents[0][psu(ofLeaf: leaf)]
  }

  /// Degrees of freedom: PSUs less strata, among rows whose weight is not zero (survey's `degf`).
  var degreesOfFreedom: Int {
    degreesOfFreedom(rowsByLeaf: weightedRows.enumerated().filter { $0.element > 0 }.map { ($0.offset, $0.element) })
  }

  /// The same for a domain that has rows only in some lowest units.
  func degreesOfFreedom(rowsByLeaf: [(leaf: Int, rows: Int)]) -> Int {
    let strata = Set(rowsByLeaf.map { stratum(ofLeaf: $0.leaf) })
    if parents.isEmpty { return rowsByLeaf.reduce(0) { $0 + $1.rows } - strata.count }
    return Set(rowsByLeaf.map { psu(ofLeaf: $0.leaf) }).count - strata.count
  }

  /// The weight of each lowest unit's rows by population over sample at every stage.
  var weightsByFPC: [Double] {
    weightedRows.indices.map { leaf in
      var weight = 1.0
      var unit = leaf
      for stage in (0..<design.stageCount).reversed() {
        let list = parents.isEmpty ? unit : parents[stage][unit]
        weight *=
          inclusion.isEmpty ? population[stage][list] / Double(sampled[stage][list]) : 1 / inclusion[stage][unit]
        unit = list
      }
      return weight
    }
  }
}

/// Turns the key of a stratum back into its name.
struct StratumNames: Sendable {
  let levels: [Levels]

  init(_ design: SurveyDesign, _ profile: Profile) throws(ImmerseError) {
    levels = design.strata.compactMap { profile.levels[$0] }
    try levels.checkCombinations(of: design.strata)
  }

  subscript(key: UInt64) -> String {
    zip(levels, levels.codes(ofCombination: key)).map { $0[$1] }.joined(separator: ".")
  }
}
