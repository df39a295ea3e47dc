import Columnar
import Streaming

/// What the variance of calibrated weights needs besides the totals: sums of the auxiliary variables.
///
/// With v_0 = 1 and v_1, v_2, ... the numbers of the margins: Σ w v by lowest unit and cell, Σ d v v' by cell, and
/// Σ d v t by domain and cell for every term t of every statistic; d is the starting, w the calibrated weight.
struct CalibrationTotals: Sendable {
  let model: CalibrationModel
  /// Terms of all statistics.
  private let terms: Int
  private(set) var unitCells = KeyIndex()
  private(set) var unitSums: [Double] = []
  private(set) var products: [Double]
  private(set) var domainCells = KeyIndex()
  private(set) var domainSums: [Double] = []

  init(_ model: CalibrationModel, terms: Int) {
    self.model = model
    self.terms = terms
    let width = model.plan.numbers.count + 1
    products = Array(repeating: 0, count: model.cells.count * width * (width + 1) / 2)
  }

  /// 1 and the numbers.
  var width: Int { model.plan.numbers.count + 1 }

  /// Σ d v_a t_j of a domain and cell begins here; by term, then by number.
  func domainSum(_ position: Int, term: Int, value: Int) -> Double {
    domainSums[(position * terms + term) * width + value]
  }

  /// - Parameters:
  ///   - domain: by row, its domain; negative outside of all.
  ///   - columns: the terms of all statistics by row, 0 where the row lacks the statistic.
  mutating func absorb(
    _ batch: Batch, _ located: LocatedRows, domain: [Int], _ columns: [[Double]]
  ) throws(ImmerseError) {
    let cells = try model.cellOfRows(batch)
    let starting = try model.plan.startingWeights(batch)
    let values = try model.plan.values(batch)
    var own = [Double](repeating: 1, count: width)
    for (row, cell) in cells.enumerated() {
      // A row whose cell was raked to nothing takes no part in the regression, as it takes none in any total.
      let start = model.empties(cell: cell) ? 0 : starting?[row] ?? 1
      let weight = located.weights[row]
      for (index, column) in values.enumerated() { own[index + 1] = column[row] }
      let unit = unitCells.insert(KeyIndex.pair(Int(located.units[row]), cell))
      if unit * width == unitSums.count { unitSums.append(contentsOf: repeatElement(0, count: width)) }
      var product = cell * width * (width + 1) / 2
      for a in own.indices {
        unitSums[unit * width + a] += weight * own[a]
        for b in a..<width {
          products[product] += start * own[a] * own[b]
          product += 1
        }
      }
      if domain[row] < 0 { continue }
      let position = domainCells.insert(KeyIndex.pair(domain[row], cell))
      if position * terms * width == domainSums.count {
        domainSums.append(contentsOf: repeatElement(0, count: terms * width))
      }
      for (term, column) in columns.enumerated() {
        let weighted = start * column[row]
        for a in own.indices { domainSums[(position * terms + term) * width + a] += weighted * own[a] }
      }
    }
  }

  mutating func merge(_ other: CalibrationTotals, units: [Int]) {
    for (theirs, key) in other.unitCells.keys.enumerated() {
      let (unit, cell) = KeyIndex.parts(key)
      let mine = unitCells.insert(KeyIndex.pair(units[unit], cell))
      if mine * width == unitSums.count { unitSums.append(contentsOf: repeatElement(0, count: width)) }
      for a in 0..<width { unitSums[mine * width + a] += other.unitSums[theirs * width + a] }
    }
    for index in products.indices { products[index] += other.products[index] }
    let record = terms * width
    for (theirs, key) in other.domainCells.keys.enumerated() {
      let mine = domainCells.insert(key)
      if mine * record == domainSums.count { domainSums.append(contentsOf: repeatElement(0, count: record)) }
      for index in 0..<record { domainSums[mine * record + index] += other.domainSums[theirs * record + index] }
    }
  }

  func write(to blob: inout BlobWriter) {
    blob.write(unitCells.keys)
    blob.write(unitSums)
    blob.write(products)
    blob.write(domainCells.keys)
    blob.write(domainSums)
  }

  mutating func read(from blob: inout BlobReader, units: Int) throws(ImmerseError) {
    let count = products.count
    unitCells = KeyIndex(try blob.keys())
    unitSums = try blob.doubles()
    products = try blob.doubles()
    domainCells = KeyIndex(try blob.keys())
    domainSums = try blob.doubles()
    guard unitSums.count == unitCells.count * width, products.count == count,
      domainSums.count == domainCells.count * terms * width,
      unitCells.keys.allSatisfy({ KeyIndex.parts($0).first < units && KeyIndex.parts($0).second < model.cells.count }),
      domainCells.keys.allSatisfy({ KeyIndex.parts($0).second < model.cells.count })
    else { throw .brokenPartial }
  }
}
