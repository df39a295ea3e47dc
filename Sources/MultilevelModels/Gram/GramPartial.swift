import Columnar
import ModelFormula
import RealModule
import Streaming

/// Cross-products of the rows seen so far by lowest group, which is a combination of the grouping columns' codes.
///
/// Groups are stored by number of first appearance, one array for each quantity.
struct GramPartial: Partial {
  let fit: GramFit
  private(set) var cells: CellIndex
  private(set) var rowCounts: [Int] = []
  /// Sums of the rows' weights and of their squares.
  private(set) var weightSums: [Double] = []
  private(set) var weightSquares: [Double] = []
  /// The sum of the logarithms of precision weights.
  private(set) var logWeights = 0.0
  /// The weights of the levels above the rows, side by side for each group.
  private(set) var higherWeights: [Double] = []
  /// Packed lower triangles over the frame's columns, one after the other.
  private(set) var grams: [Double] = []
  private(set) var dropped: DroppedRows
  private let gramSize: Int
  private let emptyGram: [Double]

  init(_ fit: GramFit) {
    self.fit = fit
    cells = CellIndex(columnCount: fit.frame.groups.count)
    dropped = DroppedRows(missing: Array(repeating: 0, count: fit.frame.variableNames.count))
    gramSize = packedCount(fit.frame.columns.count)
    emptyGram = [Double](repeating: 0, count: gramSize)
  }

  mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let rows = try FrameRows(fit.frame, batch)
    let block = RowBlock(fit)
    for start in stride(from: 0, to: rows.rowCount, by: RowBlock.capacity) {
      try block.load(start..<min(start + RowBlock.capacity, rows.rowCount), of: rows, &dropped)
      let runs = runs(of: block)
      try checkHigherWeights(runs, of: block)
      accumulate(runs, of: block)
    }
  }

  /// Consecutive rows of one group.
  private struct Run {
    var cell: Int
    var rows: Range<Int>
  }

  /// Finds the runs of a block and makes room for the groups not met before.
  private mutating func runs(of block: RowBlock) -> [Run] {
    let columnCount = fit.frame.groups.count
    let (codes, stride, count) = (block.codes, RowBlock.capacity, block.count)
    var runs: [Run] = []
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, isSame(codes, start, end, columnCount) { end += 1 }
      let cell = cells.insert { codes[$0 * stride + start] }
      if cell == rowCounts.count { appendCell { block.weights[($0 + 1) * stride + start] } }
      runs.append(Run(cell: cell, rows: start..<end))
      start = end
    }
    return runs
  }

  @inline(__always)
  private func isSame(_ codes: UnsafeMutablePointer<Int32>, _ a: Int, _ b: Int, _ columnCount: Int) -> Bool {
    for column in 0..<columnCount
    where codes[column * RowBlock.capacity + a] != codes[column * RowBlock.capacity + b] { return false }
    return true
  }

  private mutating func appendCell(higherWeight: (Int) -> Double) {
    rowCounts.append(0)
    weightSums.append(0)
    weightSquares.append(0)
    for index in 0..<fit.higherWeightCount { higherWeights.append(higherWeight(index)) }
    grams.append(contentsOf: emptyGram)
  }

  private func checkHigherWeights(_ runs: [Run], of block: RowBlock) throws(ImmerseError) {
    let count = fit.higherWeightCount
    for index in 0..<count {
      let weights = block.weights + (index + 1) * RowBlock.capacity
      for run in runs {
        let expected = higherWeights[run.cell * count + index]
        for row in run.rows where !isSameWeight(weights[row], expected) {
          throw .varyingWeight(fit.plan.request.weights[index + 1], within: fit.plan.factors)
        }
      }
    }
  }

  private mutating func accumulate(_ runs: [Run], of block: RowBlock) {
    let size = fit.frame.columns.count
    let isWeighted = fit.weightCount > 0
    let weighsRows = fit.weighsRows
    let isPrecise = isWeighted && fit.plan.request.weightsKind == .precision
    grams.withUnsafeMutableBufferPointer { grams in
      guard let base = grams.baseAddress else { return }
      for run in runs {
        let first = run.rows.lowerBound
        addCrossProducts(
          of: block.columns + first, stride: RowBlock.capacity, size: size, count: run.rows.count,
          weights: weighsRows ? UnsafePointer(block.weights + first) : nil, scratch: block.scratch,
          to: base + run.cell * gramSize)
      }
    }
    for run in runs {
      rowCounts[run.cell] += run.rows.count
      var (sum, squares) = (0.0, 0.0)
      if isWeighted {
        for row in run.rows {
          sum += block.weights[row]
          squares += block.weights[row] * block.weights[row]
        }
        if isPrecise { for row in run.rows { logWeights += .log(block.weights[row]) } }
      } else {
        sum = Double(run.rows.count)
        squares = sum
      }
      weightSums[run.cell] += sum
      weightSquares[run.cell] += squares
    }
  }

  mutating func merge(_ other: GramPartial) throws(ImmerseError) {
    let higherCount = fit.higherWeightCount
    let numbers = cells.insert(contentsOf: other.cells)
    grams.reserveCapacity(cells.count * gramSize)
    for (source, cell) in numbers.enumerated() {
      let theirs = other.higherWeights[source * higherCount..<(source + 1) * higherCount]
      if cell == rowCounts.count { appendCell { theirs[theirs.startIndex + $0] } }
      let ours = higherWeights[cell * higherCount..<(cell + 1) * higherCount]
      if let index = zip(ours, theirs).map(isSameWeight).firstIndex(of: false) {
        throw .varyingWeight(fit.plan.request.weights[index + 1], within: fit.plan.factors)
      }
      rowCounts[cell] += other.rowCounts[source]
      weightSums[cell] += other.weightSums[source]
      weightSquares[cell] += other.weightSquares[source]
    }
    let size = gramSize
    grams.withUnsafeMutableBufferPointer { target in
      other.grams.withUnsafeBufferPointer { source in
        for (from, to) in numbers.enumerated() {
          for k in 0..<size { target[to * size + k] += source[from * size + k] }
        }
      }
    }
    for index in dropped.missing.indices { dropped.missing[index] += other.dropped.missing[index] }
    dropped.zeroWeight += other.dropped.zeroWeight
    logWeights += other.logWeights
  }

  /// The same rows, gathered as if for another fit.
  func replacing(fit: GramFit, cells: CellIndex, grams: [Double]) -> GramPartial {
    var copy = GramPartial(fit)
    (copy.cells, copy.grams, copy.rowCounts) = (cells, grams, rowCounts)
    (copy.weightSums, copy.weightSquares, copy.logWeights) = (weightSums, weightSquares, logWeights)
    (copy.higherWeights, copy.dropped) = (higherWeights, dropped)
    return copy
  }

  func write(to blob: inout BlobWriter) {
    cells.write(to: &blob)
    blob.write(rowCounts)
    blob.write(weightSums)
    blob.write(weightSquares)
    blob.write(higherWeights)
    blob.write(grams)
    blob.write(logWeights)
    blob.write(dropped.missing + [dropped.zeroWeight])
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    try cells.read(from: &blob, levelCounts: fit.frame.groups.map(\.levels.count))
    rowCounts = try blob.integers()
    weightSums = try blob.doubles()
    weightSquares = try blob.doubles()
    higherWeights = try blob.doubles()
    grams = try blob.doubles()
    logWeights = try blob.double()
    var counts = try blob.integers()
    guard
      [rowCounts.count, weightSums.count, weightSquares.count].allSatisfy({ $0 == cells.count }),
      higherWeights.count == cells.count * fit.higherWeightCount, grams.count == cells.count * gramSize,
      counts.count == dropped.missing.count + 1, (rowCounts + counts).allSatisfy(\.isRowCount),
      let zeroWeight = counts.popLast()
    else { throw .brokenPartial }
    dropped = DroppedRows(missing: counts, zeroWeight: zeroWeight)
  }
}

/// Weights of one group that were computed row by row may differ in their last digits.
func isSameWeight(_ a: Double, _ b: Double) -> Bool { (a - b).magnitude <= 1e-9 * max(a, b) }

extension ImmerseError {
  static func varyingWeight(_ name: String, within factors: [GroupingFactor]) -> ImmerseError {
    ImmerseError(
      .badData, "differs between rows of one group of \(factors.map(\.label).joined(separator: ", "))", variable: name,
      remedy: "weights are given from the rows to the top level; a group's weight is the same in all its rows")
  }
}
