import Columnar
import LinearAlgebra
import Streaming

/// What every replicate multiplies the weights of every lowest sampling unit by.
struct ReplicateFactors: Sendable {
  /// Units by replicates.
  let matrix: Matrix
  let variance: ReplicateVariance
  let notes: [Note]

  /// Factors by PSU, spread over the lowest units.
  init(byPSU: Matrix, _ frame: DesignFrame, _ variance: ReplicateVariance, notes: [Note] = []) {
    let psu = frame.parents[frame.parents.count - 1].indices.map { frame.psu(ofLeaf: $0) }
    if frame.parents.count == 1 {
      matrix = byPSU
    } else {
      var byLeaf = Matrix(rows: psu.count, columns: byPSU.columns)
      for replicate in 0..<byPSU.columns {
        for (leaf, unit) in psu.enumerated() { byLeaf[leaf, replicate] = byPSU[unit, replicate] }
      }
      matrix = byLeaf
    }
    self.variance = variance
    self.notes = notes
  }

  init(byLeaf: Matrix, _ variance: ReplicateVariance, notes: [Note] = []) {
    matrix = byLeaf
    self.variance = variance
    self.notes = notes
  }

  /// Makes the factors of a sample.
  ///
  /// The draws of a stratum depend on the seed and the stratum's place in the order of ids, never on the rows' order.
  ///
  /// - Throws: `usage` where the method does not fit the request, `badData` where it does not fit the sample.
  static func make(_ recipe: ReplicateRecipe, _ tree: UnitTree, _ frame: DesignFrame) throws(ImmerseError)
    -> ReplicateFactors
  {
    let units = OrderedUnits(tree, frame)
    switch recipe.method {
    case .brr: return try balanced(units, coefficient: 0, recipe)
    case .fay(let coefficient): return try balanced(units, coefficient: coefficient, recipe)
    case .jk1: return try deleteOne(units, recipe)
    case .jkn: return try deleteOneByStratum(units, recipe)
    case .jk2:
      guard let halves = recipe.halves else { return try zones(units, recipe) }
      return try codedZones(units, halves, recipe)
    case .bootstrap: return try raoWu(units, recipe)
    case .raoWuYueBeaumont: return try raoWuYueBeaumont(units, recipe)
    case .generalised: return try generalised(units, recipe)
    case .sdr: return try successiveDifferences(units, recipe)
    case .other:
      throw ImmerseError(
        .usage, "\"other\" says how given replicates are scaled, not how they are made", remedy: "name a method")
    }
  }

  /// The weights of rows in one replicate: weight · factor of the row's unit.
  func fill(_ target: UnsafeMutableBufferPointer<Double>, _ located: LocatedRows, replicate: Int) {
    let start = replicate * matrix.rows
    matrix.elements.withUnsafeBufferPointer { factors in
      located.units.withUnsafeBufferPointer { units in
        located.weights.withUnsafeBufferPointer { weights in
          for row in 0..<target.count { target[row] = weights[row] * factors[start + Int(units[row])] }
        }
      }
    }
  }

  /// The largest number of factors that are held: a gigabyte of them.
  private static let limit = 1 << 27

  static func checkSize(_ units: OrderedUnits, count: Int, _ method: ReplicateMethod) throws(ImmerseError) {
    let leaves = units.frame.parents[units.frame.parents.count - 1].count
    guard count <= limit / max(leaves, 1) else {
      throw ImmerseError(
        .usage, "\(method.name) would make \(count) replicates of \(leaves) sampling units, more than can be held",
        remedy: "name the sampling units with --psu, or use bootstrap with fewer replicates")
    }
  }

  static func lonely(_ units: OrderedUnits, _ list: OrderedUnits.List, stage: Int = 0) -> ImmerseError {
    let name = stage == 0 ? units.frame.name(ofStratum: list.number) : "a unit of stage \(stage)"
    let unit = units.frame.design.psu.isEmpty ? "row" : "sampling unit"
    return ImmerseError(
      .badData, "\(name) has a single \(unit), so no replicate can tell its spread",
      variable: stage == 0
        ? units.frame.design.strata.first ?? units.frame.design.psu.first : units.frame.design.psu[stage],
      remedy: "choose --lonely-psu certainty, adjust, average or remove, or merge it with a neighbour")
  }
}

/// What to make of a sample.
struct ReplicateRecipe: Sendable, Hashable {
  var method: ReplicateMethod
  /// How many replicates, where the method leaves that open.
  var count: Int?
  var seed: UInt64
  var centre: ReplicateVariance.Centre
  var halves: ReplicateDesign.Halves?
}
