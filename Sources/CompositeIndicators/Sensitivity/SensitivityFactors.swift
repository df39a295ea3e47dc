import Columnar
import Probability

/// The factors of a plan with their levels, and how a run is addressed by them.
struct SensitivityFactors: Sendable {
  struct Factor: Sendable {
    var name: String
    /// What each level is; empty where levels are draws.
    var labels: [String]
    var count: Int
  }

  let methods: (impute: [Imputation?], treat: [Treatment?], normalise: [Normalisation?], aggregate: [[Aggregation]?])
  let weights: WeightDraws
  /// Nil where sampling error is left out.
  let samplingDraws: Int?
  /// The factors that vary, in the order of the grid: the last runs fastest.
  let factors: [Factor]
  /// The normalisation on whose scale scores are given: the nominal one where it is a level, else the first.
  let scoreScale: Int

  /// - Throws: `usage` where a factor has a single level or there is no draw.
  init(
    _ plan: SensitivityPlan, base: ScoreMethod, hierarchy: Hierarchy, hasErrors: Bool, seed: UInt64,
    weightDraws: WeightDraws?
  ) throws(ImmerseError) {
    func choices<Level: Equatable>(_ levels: [Level]?, _ name: String) throws(ImmerseError) -> [Level?] {
      guard let levels else { return [nil] }
      guard levels.count > 1 else {
        throw ImmerseError(
          .usage, "has \(counted(levels.count, "level")): there is nothing to vary", variable: name,
          remedy: "give at least two alternatives, or leave the factor out")
      }
      if let twin = levels.indices.first(where: { levels[..<$0].contains(levels[$0]) }) {
        throw ImmerseError(.usage, "has its level \(twin + 1) twice", variable: name)
      }
      return levels
    }
    func draws(_ count: Int, _ name: String) throws(ImmerseError) -> Int {
      guard count > 0 else {
        throw ImmerseError(.usage, "there must be at least one draw", variable: name, remedy: "leave the factor out")
      }
      guard count <= RunOutputs.limit / max(hierarchy.terms.count, 8) else {
        throw ImmerseError(.usage, "\(count) draws are more than memory is kept for", variable: name)
      }
      return count
    }
    let impute = try choices(plan.impute, "impute")
    let treat = try choices(plan.treat, "treat")
    let normalise = try choices(plan.normalise, "normalise")
    let aggregate = try choices(plan.aggregate.map { $0.map(\.methods) }, "aggregate")
    methods = (impute, treat, normalise, aggregate)
    let sampling = plan.samplingDraws ?? 100
    samplingDraws = hasErrors && sampling != 0 ? try draws(sampling, "sampling_draws") : nil
    // Something must vary: without any choice it is the weights.
    let isBare = [impute.count, treat.count, normalise.count, aggregate.count] == [1, 1, 1, 1] && samplingDraws == nil
    let noise = plan.weights ?? (isBare ? WeightNoise() : nil)
    if let weightDraws {
      weights = weightDraws
    } else if let noise {
      try noise.check(hierarchy)
      weights = WeightDraws(
        noise, count: try draws(plan.draws ?? 1000, "draws"), hierarchy: hierarchy, seed: seed)
    } else {
      weights = .unchanged(hierarchy.terms.count)
    }
    let nominal = base.normalise ?? .minmax()
    scoreScale = normalise.firstIndex { $0 == nominal } ?? 0
    var factors: [Factor] = []
    func add(_ name: String, _ labels: [String], _ count: Int) {
      if count > 1 { factors.append(Factor(name: name, labels: labels, count: count)) }
    }
    add("impute", impute.map { $0?.label ?? "" }, impute.count)
    add("treat", treat.map { $0?.label ?? "" }, treat.count)
    add("normalise", normalise.map { $0.map { "\($0)" } ?? "" }, normalise.count)
    add("sampling", [], samplingDraws ?? 1)
    add("aggregate", aggregate.map { $0.map { $0.map { "\($0)" }.joined(separator: ", ") } ?? "" }, aggregate.count)
    add("weights", [], weights.count)
    self.factors = factors
  }

  /// How many levels each step of the grid has, whether it varies or not.
  var grid: [Int] {
    [
      methods.impute.count, methods.treat.count, methods.normalise.count, samplingDraws ?? 1, methods.aggregate.count,
      weights.count,
    ]
  }

  var runCount: Int {
    grid.reduce(1) { product, count in
      let (value, overflow) = product.multipliedReportingOverflow(by: count)
      return overflow ? .max : value
    }
  }

  /// Every combination, the last step of the grid running fastest.
  var combinations: [Run] {
    let grid = grid
    var runs: [Run] = []
    runs.reserveCapacity(runCount)
    for impute in 0..<grid[0] {
      for treat in 0..<grid[1] {
        for normalise in 0..<grid[2] {
          for sampling in 0..<grid[3] {
            for aggregate in 0..<grid[4] {
              let cell = Cell(
                impute: impute, treat: treat, normalise: normalise, sampling: sampling, aggregate: aggregate)
              for draw in 0..<grid[5] { runs.append(Run(cell: cell, weights: draw)) }
            }
          }
        }
      }
    }
    return runs
  }

  /// Runs of the same cell differ by their weights only.
  struct Cell: Sendable, Hashable {
    var impute = 0
    var treat = 0
    var normalise = 0
    var sampling = 0
    var aggregate = 0
  }

  struct Run: Sendable {
    var cell: Cell
    var weights: Int
  }

  func method(_ cell: Cell) -> ScoreMethod {
    ScoreMethod(
      impute: methods.impute[cell.impute], treat: methods.treat[cell.treat],
      normalise: methods.normalise[cell.normalise], aggregate: methods.aggregate[cell.aggregate])
  }

  /// What the varied steps of a cell are set to, by factor.
  func labels(_ cell: Cell) -> [(factor: String, level: String)] {
    let position = [
      "impute": cell.impute, "treat": cell.treat, "normalise": cell.normalise, "aggregate": cell.aggregate,
    ]
    return factors.compactMap { factor in position[factor.name].map { (factor.name, factor.labels[$0]) } }
  }
}

extension Imputation {
  fileprivate var label: String { method.rawValue + (group.map { " by \($0)" } ?? "") }
}

extension Treatment {
  fileprivate var label: String {
    method == .none ? method.rawValue : "\(method.rawValue), winmax \(winmax.map { "\($0)" } ?? "any")"
  }
}
