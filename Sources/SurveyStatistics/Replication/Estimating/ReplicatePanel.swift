import Columnar
import LinearAlgebra

/// The weights and terms of a batch, block by block: the terms' totals under all sets of weights are one product of a block
/// of weights and a block of terms, both small enough to stay in cache.
///
/// Columns are read in place. A block holds some rows of one domain; nothing it holds outlives it.
struct ReplicatePanel {
  /// The full sample's weights and then the replicates.
  let sets: [Buffer<Double>]
  let statistics: [StatisticRows]
  /// By statistic, whether Σ w x² is wanted.
  let squares: [Bool]
  let infersRatios: Bool

  /// What a block adds up to.
  struct Block {
    let slot: Int
    /// Its first row among those of the order.
    let first: Int
    let rowCount: Int
    /// Column by column.
    let weights: UnsafePointer<Double>
    /// By column of terms and set of weights; the first column is the ones, whose totals are the sums of weights.
    let sums: UnsafePointer<Double>
    /// By total, the column of terms it is found in.
    let columnOfTotal: [Int]
    let tallies: [Tally]
    let weightedRows: Int
    let isNegative: [Bool]
    let largestRatios: [Double]
  }

  struct Tally {
    var count = 0.0
    var missing = 0.0
    var squares = 0.0
    /// Position in the batch.
    var firstMissing: Int?
  }

  private var width: Int { 1 + statistics.reduce(0) { $0 + $1.width } }

  /// Rows in a block: as many as let its weights stay in a cache of the second level.
  private var blockRows: Int { max(64, min(512, 49_152 / sets.count)) }

  /// Calls `body` with every block, domain by domain.
  func forEachBlock(
    _ order: DomainOrder, _ body: (Block) throws(ImmerseError) -> Void
  ) throws(ImmerseError) {
    defer { withExtendedLifetime((sets, statistics)) {} }
    let columns = sets.compactMap(\.base)
    guard columns.count == sets.count else { return }
    let terms = statistics.map(\.pointers)
    let scratch = Scratch(rows: blockRows, sets: sets.count, terms: width)
    var result: Result<Void, ImmerseError> = .success(())
    order.rows.withUnsafeBufferPointer { rows in
      guard let rows = rows.baseAddress else { return }
      for (slot, range) in order.runs {
        for first in stride(from: range.lowerBound, to: range.upperBound, by: blockRows) {
          let count = min(blockRows, range.upperBound - first)
          let block = block(slot, first, rows + first, count, columns, terms, scratch)
          do throws(ImmerseError) { try body(block) } catch {
            result = .failure(error)
            return
          }
        }
      }
    }
    try result.get()
  }

  private func block(
    _ slot: Int, _ first: Int, _ rows: UnsafePointer<Int32>, _ count: Int, _ columns: [UnsafePointer<Double>],
    _ terms: [StatisticPointers], _ scratch: Scratch
  ) -> Block {
    var isNegative = [Bool](repeating: false, count: columns.count - 1)
    var ratios = [Double](repeating: 0, count: infersRatios ? columns.count - 1 : 0)
    for (set, column) in columns.enumerated() {
      let target = scratch.weights + set * count
      gather(column, rows, count, into: target)
      if set == 0 { continue }
      isNegative[set - 1] = minimum(target, count) < 0
      if infersRatios { ratios[set - 1] = largestRatio(target, scratch.weights, count) }
    }
    let weighted = (0..<count).reduce(0) { $0 + (scratch.weights[$1] != 0 ? 1 : 0) }
    scratch.terms.update(repeating: 1, count: count)
    var writer = TermWriter(scratch: scratch, rows: rows, count: count, weighted: Double(weighted))
    var tallies: [Tally] = []
    for (statistic, pointers) in terms.enumerated() {
      tallies.append(writer.add(pointers, squares: squares[statistic]))
    }
    panelProduct(
      scratch.weights, columns.count, scratch.terms, writer.columns, rows: count, into: scratch.sums)
    return Block(
      slot: slot, first: first, rowCount: count, weights: UnsafePointer(scratch.weights),
      sums: UnsafePointer(scratch.sums), columnOfTotal: writer.columnOfTotal, tallies: tallies,
      weightedRows: weighted, isNegative: isNegative, largestRatios: ratios)
  }
}

/// The memory of one block, used again for every block.
private final class Scratch {
  let weights: UnsafeMutablePointer<Double>
  let terms: UnsafeMutablePointer<Double>
  let sums: UnsafeMutablePointer<Double>

  init(rows: Int, sets: Int, terms width: Int) {
    weights = .allocate(capacity: rows * sets)
    terms = .allocate(capacity: rows * width)
    sums = .allocate(capacity: sets * width)
  }

  deinit {
    weights.deallocate()
    terms.deallocate()
    sums.deallocate()
  }
}

/// Writes the terms of a block, and remembers in which column each total is found.
private struct TermWriter {
  let scratch: Scratch
  let rows: UnsafePointer<Int32>
  let count: Int
  /// Rows of the block whose weight is not zero.
  let weighted: Double
  /// Columns written; the first holds ones.
  private(set) var columns = 1
  private(set) var columnOfTotal: [Int] = []
  /// The last column that says which rows have a statistic: plausible values share theirs.
  private var gate: Int?

  init(scratch: Scratch, rows: UnsafePointer<Int32>, count: Int, weighted: Double) {
    self.scratch = scratch
    self.rows = rows
    self.count = count
    self.weighted = weighted
  }

  private func column(_ index: Int) -> UnsafeMutablePointer<Double> { scratch.terms + index * count }

  mutating func add(_ pointers: StatisticPointers, squares: Bool) -> ReplicatePanel.Tally {
    var tally = ReplicatePanel.Tally()
    switch pointers {
    case .pair(let x, let d, let shift):
      let values = column(columns)
      columns += 1
      gather(x, rows, count, into: values)
      let missing = subtract(shift, from: values, count)
      columnOfTotal.append(columns - 1)
      if let d {
        let denominators = column(columns)
        columns += 1
        gather(d, rows, count, into: denominators)
        if missing > 0 { clear(denominators, whereMissing: x) }
        columnOfTotal.append(columns - 1)
      } else {
        columnOfTotal.append(missing == 0 ? 0 : gateColumn(x))
      }
      finish(&tally, gate: x, missing: missing)
      if squares { tally.squares = weightedSquares(values, scratch.weights, count) }
    case .terms(let terms):
      guard let first = terms.first else { break }
      var (missing, ones) = (0, 0)
      for row in 0..<count {
        let value = first[Int(rows[row])]
        missing += value.isNaN ? 1 : 0
        ones += value == 1 ? 1 : 0
      }
      // The first is often 1 in every row that has the statistic, and then its total is found already.
      let isGate = missing + ones == count
      if isGate { columnOfTotal.append(missing == 0 ? 0 : gateColumn(first)) }
      for term in isGate ? terms.dropFirst() : terms[...] {
        let target = column(columns)
        columns += 1
        gather(term, rows, count, into: target)
        if missing > 0 { clear(target, whereMissing: first) }
        columnOfTotal.append(columns - 1)
      }
      finish(&tally, gate: first, missing: missing)
    }
    return tally
  }

  private func clear(_ target: UnsafeMutablePointer<Double>, whereMissing gate: UnsafePointer<Double>) {
    for row in 0..<count where gate[Int(rows[row])].isNaN { target[row] = 0 }
  }

  /// The column with 1 where `x` has a value and else 0: the last such column, where that is the same.
  private mutating func gateColumn(_ x: UnsafePointer<Double>) -> Int {
    if let gate {
      let known = column(gate)
      if (0..<count).allSatisfy({ (known[$0] == 0) == x[Int(rows[$0])].isNaN }) { return gate }
    }
    let target = column(columns)
    for row in 0..<count { target[row] = x[Int(rows[row])].isNaN ? 0 : 1 }
    gate = columns
    columns += 1
    return columns - 1
  }

  private func finish(_ tally: inout ReplicatePanel.Tally, gate: UnsafePointer<Double>, missing: Int) {
    tally.missing = Double(missing)
    tally.count = weighted
    guard missing > 0 else { return }
    for row in 0..<count where gate[Int(rows[row])].isNaN {
      let position = Int(rows[row])
      tally.firstMissing = min(tally.firstMissing ?? position, position)
      if scratch.weights[row] != 0 { tally.count -= 1 }
    }
  }
}

// MARK: The loops over rows

/// Some rows of a column, end to end.
private func gather(
  _ column: UnsafePointer<Double>, _ rows: UnsafePointer<Int32>, _ count: Int, into target: UnsafeMutablePointer<Double>
) {
  guard count > 0 else { return }
  if Int(rows[count - 1]) - Int(rows[0]) == count - 1 {
    target.update(from: column + Int(rows[0]), count: count)
  } else {
    for row in 0..<count { target[row] = column[Int(rows[row])] }
  }
}

/// Takes the shift from every value, and makes missing ones 0; returns how many there are.
private func subtract(_ shift: Double, from values: UnsafeMutablePointer<Double>, _ count: Int) -> Int {
  var missing = 0
  for row in 0..<count {
    let value = values[row] - shift
    let isMissing = value != value
    values[row] = isMissing ? 0 : value
    missing &+= isMissing ? 1 : 0
  }
  return missing
}

private func minimum(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
  typealias Lanes = SIMD8<Double>
  let raw = UnsafeRawPointer(values)
  var lanes = Lanes.zero
  var row = 0
  while row + 8 <= count {
    lanes = pointwiseMin(lanes, raw.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self))
    row += 8
  }
  var least = lanes.min()
  while row < count {
    least = values[row] < least ? values[row] : least
    row += 1
  }
  return least
}

/// Σ w x².
private func weightedSquares(_ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ count: Int) -> Double {
  typealias Lanes = SIMD8<Double>
  let (rawX, rawW) = (UnsafeRawPointer(x), UnsafeRawPointer(w))
  var lanes = Lanes.zero
  var row = 0
  while row + 8 <= count {
    let values = rawX.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self)
    lanes += rawW.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self) * values * values
    row += 8
  }
  var sum = lanes.sum()
  while row < count {
    sum += w[row] * x[row] * x[row]
    row += 1
  }
  return sum
}

private func largestRatio(_ replicate: UnsafePointer<Double>, _ full: UnsafePointer<Double>, _ count: Int) -> Double {
  var largest = 0.0
  for row in 0..<count where full[row] > 0 { largest = max(largest, replicate[row] / full[row]) }
  return largest
}

// MARK: Pointers into buffers

/// The columns of a statistic's terms, for as long as their buffers are kept alive.
private enum StatisticPointers {
  case pair(UnsafePointer<Double>, UnsafePointer<Double>?, shift: Double)
  case terms([UnsafePointer<Double>])
}

extension StatisticRows {
  fileprivate var width: Int {
    switch self {
    case .pair: 2
    case .terms(let terms): terms.count
    }
  }

  /// Valid while the rows are kept alive, which must not be empty.
  fileprivate var pointers: StatisticPointers {
    switch self {
    case .pair(let x, let d, let shift):
      guard let x = x.base else { return .terms([]) }
      return .pair(x, d.flatMap(\.base), shift: shift)
    case .terms(let terms): return .terms(terms.compactMap(\.base))
    }
  }
}

extension Buffer<Double> {
  /// Where the elements lie, for as long as the buffer is kept alive.
  fileprivate var base: UnsafePointer<Double>? { withUnsafeBufferPointer(\.baseAddress) }
}
