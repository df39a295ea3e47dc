import Columnar
import Streaming

/// What the variance under weights that steps made needs besides the totals: sums of the auxiliary variables.
///
/// Cells are those of all steps crossed. With v_0 = 1 and v_1, v_2, ... the numbers of the margins, w_k the weights after step k
/// and m_k = w_k, less w_(k−1) where the step kept the sample's totals: for every step Σ m_k v by lowest unit and cell;
/// Σ w_(k−1) v v' by cell, and Σ m_j/g_k v v' for every later step j; and Σ w/g_k v t by domain and cell for every term t of
/// every statistic, with w the weights of the design.
struct WeightTotals: Sendable {
  let steps: [LinearisedStep]
  let numbers: [String]
  /// The classes crossed, and their cells that occur.
  let classes: CellKeys
  private(set) var cells = KeyIndex()
  private let plan: CellsPlan
  /// The column of the design's weights.
  private let weights: String?
  /// Terms of all statistics.
  private let terms: Int
  private(set) var unitCells = KeyIndex()
  private(set) var unitSums: [Double] = []
  private(set) var products: [Double] = []
  private(set) var domainCells = KeyIndex()
  private(set) var domainSums: [Double] = []

  init(_ steps: [LinearisedStep], weights: String?, terms: Int) {
    self.steps = steps
    self.weights = weights
    self.terms = terms
    numbers = steps.numbers
    classes = steps.classes
    plan = CellsPlan(weights: nil, classes: classes, numbers: numbers)
  }

  /// 1 and the numbers.
  var width: Int { numbers.count + 1 }
  private var productsPerPair: Int { width * (width + 1) / 2 }
  private var productsPerCell: Int { steps.count * (steps.count + 1) / 2 * productsPerPair }
  private var unitRecord: Int { steps.count * width }
  private var domainRecord: Int { steps.count * terms * width }

  /// Where Σ v v' of a cell begins: the weights of step k, or of step j that are seen from k.
  func products(_ cell: Int, _ k: Int, _ j: Int) -> Int {
    cell * productsPerCell + (k * steps.count - k * (k - 1) / 2 + j - k) * productsPerPair
  }

  func unitSum(_ position: Int, step: Int, value: Int) -> Double {
    unitSums[position * unitRecord + step * width + value]
  }

  func domainSum(_ position: Int, step: Int, term: Int, value: Int) -> Double {
    domainSums[position * domainRecord + (step * terms + term) * width + value]
  }

  /// - Parameters:
  ///   - domain: by row, its domain; negative outside of all.
  ///   - columns: the terms of all statistics by row, 0 where the row lacks the statistic.
  mutating func absorb(
    _ batch: Batch, _ located: LocatedRows, domain: [Int], _ columns: [[Double]]
  ) throws(ImmerseError) {
    let rows = cells.numbers(of: try classes.keys(batch))
    products.append(contentsOf: repeatElement(0, count: cells.count * productsPerCell - products.count))
    let values = try plan.values(batch)
    let before = try steps.map { s throws(ImmerseError) in try s.plan.startingWeights(batch) }
    let after = try steps.map { s throws(ImmerseError) in
      s.output == weights ? located.weights : try batch.weights(s.output).array
    }
    var own = [Double](repeating: 1, count: width)
    var net = [Double](repeating: 0, count: steps.count)
    for row in rows.indices {
      let cell = Int(rows[row])
      for (index, column) in values.enumerated() { own[index + 1] = column[row] }
      let unit = unitCells.insert(KeyIndex.pair(Int(located.units[row]), cell))
      if unit * unitRecord == unitSums.count { unitSums.append(contentsOf: repeatElement(0, count: unitRecord)) }
      for k in steps.indices {
        net[k] = after[k][row] - (steps[k].keepsTotals ? before[k]?[row] ?? 1 : 0)
        for a in own.indices { unitSums[unit * unitRecord + k * width + a] += net[k] * own[a] }
      }
      var position = -1
      if domain[row] >= 0 {
        position = domainCells.insert(KeyIndex.pair(domain[row], cell)) * domainRecord
        if position == domainSums.count { domainSums.append(contentsOf: repeatElement(0, count: domainRecord)) }
      }
      for k in steps.indices {
        let start = before[k]?[row] ?? 1
        let made = after[k][row]
        // A row that was raked to nothing takes no part in the regression, as it takes none in any total.
        let takesPart = made > 0 || !steps[k].excludesZeros
        add(takesPart ? start : 0, own, at: products(cell, k, k))
        for j in steps.indices where j > k && made > 0 { add(net[j] / made * start, own, at: products(cell, k, j)) }
        if position < 0 || !takesPart { continue }
        let seen = steps[k].output == weights ? start : made > 0 ? located.weights[row] / made * start : 0
        for (term, column) in columns.enumerated() {
          let weighted = seen * column[row]
          let first = position + (k * terms + term) * width
          for a in own.indices { domainSums[first + a] += weighted * own[a] }
        }
      }
    }
  }

  private mutating func add(_ weight: Double, _ own: [Double], at first: Int) {
    var position = first
    for a in own.indices {
      for b in a..<own.count {
        products[position] += weight * own[a] * own[b]
        position += 1
      }
    }
  }

  mutating func merge(_ other: WeightTotals, units: [Int]) {
    let map = other.cells.keys.map { cells.insert($0) }
    products.append(contentsOf: repeatElement(0, count: cells.count * productsPerCell - products.count))
    for (theirs, cell) in map.enumerated() {
      for index in 0..<productsPerCell {
        products[cell * productsPerCell + index] += other.products[theirs * productsPerCell + index]
      }
    }
    WeightTotals.merge(
      other.unitCells, other.unitSums, into: &unitCells, &unitSums, record: unitRecord,
      key: { KeyIndex.pair(units[$0.first], map[$0.second]) })
    WeightTotals.merge(
      other.domainCells, other.domainSums, into: &domainCells, &domainSums, record: domainRecord,
      key: { KeyIndex.pair($0.first, map[$0.second]) })
  }

  /// Adds records to those of the same keys.
  private static func merge(
    _ others: KeyIndex, _ theirs: [Double], into keys: inout KeyIndex, _ sums: inout [Double], record: Int,
    key: ((first: Int, second: Int)) -> UInt64
  ) {
    for (position, other) in others.keys.enumerated() {
      let own = keys.insert(key(KeyIndex.parts(other)))
      if own * record == sums.count { sums.append(contentsOf: repeatElement(0, count: record)) }
      for index in 0..<record { sums[own * record + index] += theirs[position * record + index] }
    }
  }

  func write(to blob: inout BlobWriter) {
    blob.write(cells.keys)
    blob.write(unitCells.keys)
    blob.write(unitSums)
    blob.write(products)
    blob.write(domainCells.keys)
    blob.write(domainSums)
  }

  mutating func read(from blob: inout BlobReader, units: Int) throws(ImmerseError) {
    cells = KeyIndex(try blob.keys())
    unitCells = KeyIndex(try blob.keys())
    unitSums = try blob.doubles()
    products = try blob.doubles()
    domainCells = KeyIndex(try blob.keys())
    domainSums = try blob.doubles()
    guard cells.keys.allSatisfy(classes.levels.hasCombination),
      unitSums.count == unitCells.count * unitRecord, products.count == cells.count * productsPerCell,
      domainSums.count == domainCells.count * domainRecord,
      unitCells.keys.allSatisfy({ KeyIndex.parts($0).first < units && KeyIndex.parts($0).second < cells.count }),
      domainCells.keys.allSatisfy({ KeyIndex.parts($0).second < cells.count })
    else { throw .brokenPartial }
  }
}
