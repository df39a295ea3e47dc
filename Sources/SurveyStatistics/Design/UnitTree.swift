import Columnar
import Streaming

/// The strata and sampling units of a design, as far as rows have been seen, and which unit each row belongs to.
///
/// Stage 0 holds the strata; stage k the units of the k-th stage, each with its parent in stage k − 1. Where a design
/// names no PSU, every row is a unit of its own: then either the strata only count their rows, or, where
/// `numbersRows` asks for it, each row has its own place in stage 1.
struct UnitTree: Sendable {
  let design: SurveyDesign
  private let numbersRows: Bool
  /// Stage 0: combinations of stratum codes; stage k: pairs of parent and code.
  private(set) var stages: [KeyIndex]
  /// The FPC of stage k + 1, by unit of stage k, from which the units were drawn; of unequal probabilities, by the unit
  /// drawn.
  private(set) var fpc: [[Double]]
  /// The source row from which a unit of stage k took its FPC, for messages.
  private var fpcRow: [[Int]]
  /// By lowest unit (or stratum, without PSUs): rows, rows whose weight is not zero, and the sum of weights.
  private(set) var rows: [Int] = []
  private(set) var weightedRows: [Int] = []
  private(set) var weights: [Double] = []

  init(_ design: SurveyDesign, numbersRows: Bool = false) {
    self.design = design
    self.numbersRows = numbersRows && design.psu.isEmpty
    stages = Array(repeating: KeyIndex(), count: numbersRows ? design.stageCount + 1 : design.psu.count + 1)
    fpc = Array(repeating: [], count: design.stageCount)
    fpcRow = fpc.map { _ in [] }
  }

  /// The number of units of the lowest stage, or of strata without PSUs.
  var leafCount: Int { rows.count }

  /// The same strata and units under the same numbers, before any row.
  func withoutRows() -> UnitTree {
    var tree = self
    tree.rows = rows.map { _ in 0 }
    tree.weightedRows = tree.rows
    tree.weights = weights.map { _ in 0 }
    return tree
  }

  /// The lowest unit of every row, and its weight: `given` by unit, or from the design's column, or 1.
  ///
  /// - Throws: `badData` for a missing id, and for a weight or FPC that cannot be one.
  mutating func locate(_ batch: Batch, weightOf given: [Double]? = nil) throws(ImmerseError) -> LocatedRows {
    var units = try stages[0].numbers(of: strata(of: batch))
    for stage in 0..<design.stageCount {
      if design.pps == nil { try record(batch, units, stage) }
      if design.psu.indices.contains(stage) {
        let codes = try batch.complete(design.psu[stage]).codes
        let keys = zip(units, codes.array).map { KeyIndex.pair(Int($0), Int($1)) }
        units = stages[stage + 1].numbers(of: keys)
      } else if numbersRows {
        units = stages[1].numbers(of: units.enumerated().map { KeyIndex.pair(Int($1), batch.firstRow + $0) })
      }
      if design.pps != nil { try record(batch, units, stage) }
    }
    let weights = try weights(of: batch, units, given)
    addLeaves(upTo: stages[stages.count - 1].count)
    for (unit, weight) in zip(units, weights) {
      rows[Int(unit)] += 1
      self.weights[Int(unit)] += weight
      if weight != 0 { weightedRows[Int(unit)] += 1 }
    }
    return LocatedRows(units: units, weights: weights)
  }

  private func strata(of batch: Batch) throws(ImmerseError) -> [UInt64] {
    var keys = [UInt64](repeating: 0, count: batch.rowCount)
    for name in design.strata {
      let column = try batch.complete(name)
      for row in keys.indices { keys[row] = keys[row] * UInt64(column.levels.count) + UInt64(column.codes[row]) }
    }
    return keys
  }

  private func weights(of batch: Batch, _ units: [Int32], _ given: [Double]?) throws(ImmerseError) -> [Double] {
    if let given { return units.map { given[Int($0)] } }
    return try batch.weights(of: design) ?? Array(repeating: 1, count: units.count)
  }

  private mutating func addLeaves(upTo count: Int) {
    let added = count - rows.count
    rows.append(contentsOf: repeatElement(0, count: added))
    weightedRows.append(contentsOf: repeatElement(0, count: added))
    weights.append(contentsOf: repeatElement(0, count: added))
  }

  /// Takes down the FPC of a stage, by the units that the rows lie in.
  private mutating func record(_ batch: Batch, _ units: [Int32], _ stage: Int) throws(ImmerseError) {
    guard design.fpc.indices.contains(stage) else { return }
    let sizes = try batch.numbers(design.fpc[stage])
    for (row, unit) in units.enumerated() {
      try record(fpc: sizes[row], of: Int(unit), stage: stage, row: batch.firstRow + row)
    }
  }

  private mutating func record(fpc value: Double, of unit: Int, stage: Int, row: Int) throws(ImmerseError) {
    if unit == fpc[stage].count {
      guard value > 0 else {
        throw ImmerseError(
          .badData,
          "has a missing, zero or negative \(design.pps == nil ? "population size" : "inclusion probability")",
          row: row, variable: design.fpc[stage],
          remedy: design.pps == nil
            ? "give the number of units in the population, or the sampling fraction" : "give the unit's probability")
      }
      fpc[stage].append(value)
      fpcRow[stage].append(row)
    } else if value != fpc[stage][unit] {
      throw ImmerseError(
        .badData,
        "rows \(fpcRow[stage][unit] + 1) and \(row + 1) differ although they are in one "
          + (design.pps != nil ? "sampling unit" : stage == 0 ? "stratum" : "unit of stage \(stage)"),
        variable: design.fpc[stage],
        remedy: design.pps == nil
          ? "the population size must be constant where the units are drawn from one list; probabilities of units need --pps"
          : "a unit has one inclusion probability")
    }
  }

  /// Adds the units of another tree of the same design.
  ///
  /// - Returns: for every lowest unit of `other`, its number here.
  mutating func merge(_ other: UnitTree) throws(ImmerseError) -> [Int] {
    var map = other.stages[0].keys.map { stages[0].insert($0) }
    for stage in 0..<design.stageCount {
      if design.pps == nil { try merge(fpcOf: other, map, stage) }
      if stage + 1 < stages.count {
        map = other.stages[stage + 1].keys.map { key in
          let (parent, code) = KeyIndex.parts(key)
          return stages[stage + 1].insert(KeyIndex.pair(map[parent], code))
        }
      }
      if design.pps != nil { try merge(fpcOf: other, map, stage) }
    }
    for (leaf, unit) in map.enumerated() {
      addLeaves(upTo: max(rows.count, unit + 1))
      rows[unit] += other.rows[leaf]
      weightedRows[unit] += other.weightedRows[leaf]
      weights[unit] += other.weights[leaf]
    }
    return map
  }

  private mutating func merge(fpcOf other: UnitTree, _ map: [Int], _ stage: Int) throws(ImmerseError) {
    for (unit, value) in other.fpc[stage].enumerated() {
      try record(fpc: value, of: map[unit], stage: stage, row: other.fpcRow[stage][unit])
    }
  }

  func write(to blob: inout BlobWriter) {
    for stage in stages { blob.write(stage.keys) }
    for values in fpc { blob.write(values) }
    for values in fpcRow { blob.write(values) }
    blob.write(rows)
    blob.write(weightedRows)
    blob.write(weights)
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    for stage in stages.indices { stages[stage] = KeyIndex(try blob.keys()) }
    for stage in fpc.indices { fpc[stage] = try blob.doubles() }
    for stage in fpcRow.indices { fpcRow[stage] = try blob.integers() }
    rows = try blob.integers()
    weightedRows = try blob.integers()
    weights = try blob.doubles()
    let leaves = stages[stages.count - 1].count
    guard rows.count == leaves, weightedRows.count == leaves, weights.count == leaves,
      (rows + weightedRows).allSatisfy(\.isRowCount),
      zip(fpc, fpcRow).allSatisfy({ $0.count == $1.count }),
      zip(design.fpc.indices, fpc).allSatisfy({ $1.count == stages[design.pps == nil ? $0 : $0 + 1].count }),
      zip(stages, stages.dropFirst()).allSatisfy({ parents, units in
        units.keys.allSatisfy { KeyIndex.parts($0).first < parents.count }
      })
    else { throw .brokenPartial }
  }
}

/// Where the rows of a batch lie in the design, and what they weigh.
struct LocatedRows {
  var units: [Int32]
  var weights: [Double]
}

extension Batch {
  /// A category of which no row may be missing.
  func complete(_ name: String) throws(ImmerseError) -> Categories {
    let categories = try categories(name)
    if let row = categories.codes.withUnsafeBufferPointer({ $0.firstIndex { $0 < 0 } }) {
      throw ImmerseError(
        .badData, "has no value, but every row needs its stratum and sampling unit", row: firstRow + row,
        variable: name, remedy: "fill it in, or drop such rows with --where before weighting")
    }
    return categories
  }

  /// A column of weights: present, finite and not negative in every row.
  func weights(_ name: String) throws(ImmerseError) -> Buffer<Double> {
    let weights = try numbers(name)
    let bad = weights.withUnsafeBufferPointer { $0.firstIndex { !($0 >= 0 && $0.isFinite) } }
    if let row = bad {
      let value = weights[row]
      let what = value.isNaN ? "a missing" : value < 0 ? "a negative" : "an infinite"
      throw ImmerseError(
        .badData, "has \(what) weight", row: firstRow + row, variable: name,
        remedy: "weights must be zero or positive numbers")
    }
    return weights
  }
}
