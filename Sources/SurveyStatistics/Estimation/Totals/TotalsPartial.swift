import Columnar
import Streaming

/// Weighted totals of every statistic by lowest sampling unit and domain.
///
/// Where steps made the weights, sums of the auxiliary variables are kept besides, of rows in a domain or not.
struct TotalsPartial: Partial {
  let fit: TotalsFit
  let layout: TotalsLayout
  private(set) var tree: UnitTree
  /// The cells: pairs of lowest unit and domain that occur.
  private(set) var cells = KeyIndex()
  /// By cell, the rows in it whose weight is not zero.
  private(set) var rows: [Int] = []
  /// By cell, a record of every statistic's sums.
  private(set) var sums: [Double] = []
  /// The same of its moments, where the rows are the sampling units; else empty.
  private(set) var moments: [Double] = []
  /// What weights that steps made need besides; nil where no steps are known.
  private(set) var weighting: WeightTotals?
  /// Rows of the domain that lack a group.
  private(set) var ungrouped = 0
  /// The first source row that lacks a statistic or a group, by statistic and last the groups.
  private(set) var firstMissing: [Int]
  private let emptySums: [Double]

  init(_ fit: TotalsFit) {
    self.fit = fit
    layout = TotalsLayout(fit.statistics.map(\.terms.width))
    tree = fit.known?.tree.withoutRows() ?? UnitTree(fit.request.design, numbersRows: fit.numbersRows)
    if !fit.weighting.isEmpty {
      weighting = WeightTotals(
        fit.weighting, weights: fit.request.design.weights,
        terms: fit.statistics.reduce(0) { $0 + $1.terms.width })
    }
    emptySums = [Double](repeating: 0, count: layout.sumsPerCell)
    firstMissing = Array(repeating: Int.max, count: fit.statistics.count + 1)
  }

  private var rowsAreUnits: Bool { fit.request.design.psu.isEmpty && !fit.numbersRows }

  mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let located = try tree.locate(batch, weightOf: fit.known?.weights)
    let domains = try fit.domains.keys(batch, where: fit.filter)
    let runs = runs(batch, located, domains)
    var terms: [[Double]] = []
    try located.weights.withUnsafeBufferPointer { (weights) throws(ImmerseError) in
      for (index, statistic) in fit.statistics.enumerated() {
        let rows = try StatisticRows(statistic.terms, batch, domains)
        if weighting != nil { terms += rows.complete }
        switch rows {
        case .pair(let numerators, let denominators, let shift):
          numerators.withUnsafeBufferPointer { x in
            if let denominators {
              denominators.withUnsafeBufferPointer { add(index, x, $0, shift, weights, runs, batch.firstRow) }
            } else {
              add(index, x, nil, shift, weights, runs, batch.firstRow)
            }
          }
        case .terms(let terms): add(index, terms, weights, runs, batch.firstRow)
        }
      }
    }
    try weighting?.absorb(batch, located, domain: domains, terms)
  }

  /// Cuts the rows of the domain into runs of one cell, and opens the cells that are new.
  private mutating func runs(_ batch: Batch, _ located: LocatedRows, _ domain: [Int]) -> [CellRun] {
    var runs: [CellRun] = []
    var row = 0
    while row < domain.count {
      let (unit, key, start) = (located.units[row], domain[row], row)
      repeat { row += 1 } while row < domain.count && located.units[row] == unit && domain[row] == key
      if key == -1 {
        ungrouped += row - start
        firstMissing[fit.statistics.count] = min(firstMissing[fit.statistics.count], batch.firstRow + start)
      }
      if key < 0 { continue }
      let cell = cells.insert(KeyIndex.pair(Int(unit), key))
      if cell == rows.count { openCell() }
      for index in start..<row where located.weights[index] != 0 { rows[cell] += 1 }
      runs.append(CellRun(rows: start..<row, cell: cell))
    }
    return runs
  }

  private mutating func openCell() {
    rows.append(0)
    sums.append(contentsOf: emptySums)
    if rowsAreUnits { moments.append(contentsOf: repeatElement(0, count: layout.momentsPerCell)) }
  }

  private mutating func add(
    _ statistic: Int, _ x: UnsafeBufferPointer<Double>, _ d: UnsafeBufferPointer<Double>?, _ shift: Double,
    _ w: UnsafeBufferPointer<Double>, _ runs: [CellRun], _ firstRow: Int
  ) {
    let (record, moment) = (layout.sums(0, statistic), layout.moments(0, statistic))
    let (sumsPerCell, momentsPerCell, rowsAreUnits) = (layout.sumsPerCell, layout.momentsPerCell, rowsAreUnits)
    var first = firstMissing[statistic]
    sums.withUnsafeMutableBufferPointer { sums in
      moments.withUnsafeMutableBufferPointer { moments in
        guard let sums = sums.baseAddress else { return }
        for run in runs {
          let part = PairSums.over(x, d, w, run.rows, shift: shift)
          let own = sums + run.cell * sumsPerCell + record
          own[0] += part.count
          own[1] += part.missing
          own[2] += part.squares
          own[3] += part.numerator
          own[4] += part.denominator
          if part.missing > 0 { first = min(first, firstRow + (run.rows.first { x[$0].isNaN } ?? run.rows.lowerBound)) }
          if rowsAreUnits, let moments = moments.baseAddress {
            var spread = PairMoments()
            for row in run.rows where x[row] == x[row] {
              spread.add(w[row] * (x[row] - shift), w[row] * (d.map { $0[row] } ?? 1))
            }
            spread.merge(into: moments + run.cell * momentsPerCell + moment)
          }
        }
      }
    }
    firstMissing[statistic] = first
  }

  private mutating func add(
    _ statistic: Int, _ columns: [Buffer<Double>], _ w: UnsafeBufferPointer<Double>, _ runs: [CellRun], _ firstRow: Int
  ) {
    let (layout, rowsAreUnits) = (layout, rowsAreUnits)
    var first = firstMissing[statistic]
    withPointers(to: columns) { terms in
      guard let gate = terms.first else { return }
      sums.withUnsafeMutableBufferPointer { sums in
        moments.withUnsafeMutableBufferPointer { moments in
          withUnsafeTemporaryAllocation(of: Double.self, capacity: terms.count) { scratch in
            guard let sums = sums.baseAddress, let scratch = scratch.baseAddress else { return }
            for run in runs {
              let own = sums + layout.sums(run.cell, statistic)
              let rows = TermSums.add(terms, w, run.rows, to: own + TotalsLayout.head)
              own[0] += rows.count
              own[1] += rows.missing
              if rows.missing > 0 {
                first = min(first, firstRow + (run.rows.first { gate[$0].isNaN } ?? run.rows.lowerBound))
              }
              guard rowsAreUnits, let moments = moments.baseAddress else { continue }
              for row in run.rows where gate[row] == gate[row] {
                for (index, term) in terms.enumerated() { scratch[index] = w[row] * term[row] }
                RowMoments.add(scratch, terms: terms.count, to: moments + layout.moments(run.cell, statistic))
              }
            }
          }
        }
      }
    }
    firstMissing[statistic] = first
  }

  mutating func merge(_ other: TotalsPartial) throws(ImmerseError) {
    let units = try tree.merge(other.tree)
    // As a rule parts have few cells in common.
    sums.reserveCapacity((cells.count + other.cells.count) * layout.sumsPerCell)
    for (theirs, key) in other.cells.keys.enumerated() {
      let (unit, domain) = KeyIndex.parts(key)
      let own = cells.insert(KeyIndex.pair(units[unit], domain))
      if own == rows.count { openCell() }
      rows[own] += other.rows[theirs]
      for index in 0..<layout.sumsPerCell {
        sums[own * layout.sumsPerCell + index] += other.sums[theirs * layout.sumsPerCell + index]
      }
      if rowsAreUnits { mergeMoments(of: theirs, in: other, into: own) }
    }
    if let theirs = other.weighting { weighting?.merge(theirs, units: units) }
    ungrouped += other.ungrouped
    firstMissing = zip(firstMissing, other.firstMissing).map { min($0, $1) }
  }

  private mutating func mergeMoments(of theirs: Int, in other: TotalsPartial, into own: Int) {
    let layout = layout
    other.moments.withUnsafeBufferPointer { others in
      moments.withUnsafeMutableBufferPointer { moments in
        guard let others = others.baseAddress, let moments = moments.baseAddress else { return }
        for (statistic, width) in layout.widths.enumerated() {
          RowMoments.merge(
            others + layout.moments(theirs, statistic), terms: width, into: moments + layout.moments(own, statistic))
        }
      }
    }
  }

  func write(to blob: inout BlobWriter) {
    tree.write(to: &blob)
    blob.write(cells.keys)
    blob.write(rows)
    blob.write(sums)
    blob.write(moments)
    weighting?.write(to: &blob)
    blob.write([ungrouped] + firstMissing)
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    try tree.read(from: &blob)
    cells = KeyIndex(try blob.keys())
    rows = try blob.integers()
    sums = try blob.doubles()
    moments = try blob.doubles()
    try weighting?.read(from: &blob, units: tree.leafCount)
    let counts = try blob.integers()
    guard rows.count == cells.count, sums.count == cells.count * layout.sumsPerCell,
      moments.count == (rowsAreUnits ? cells.count * layout.momentsPerCell : 0), counts.count == firstMissing.count + 1,
      cells.keys.map(KeyIndex.parts).allSatisfy({
        $0.first < tree.leafCount && fit.domains.levels.hasCombination(UInt64($0.second))
      })
    else { throw .brokenPartial }
    ungrouped = counts[0]
    firstMissing = Array(counts.dropFirst())
    guard rowCountsAreSound else { throw .brokenPartial }
  }

  /// Whether what counts rows, among the sums and the moments too, can be a number of rows.
  private var rowCountsAreSound: Bool {
    rows.allSatisfy(\.isRowCount) && ungrouped.isRowCount
      && cells.keys.indices.allSatisfy { cell in
        layout.widths.indices.allSatisfy { statistic in
          let first = layout.sums(cell, statistic)
          return sums[first].isRowCount && sums[first + 1].isRowCount
            && (moments.isEmpty || moments[layout.moments(cell, statistic)].isRowCount)
        }
      }
  }
}

/// Consecutive rows of one lowest unit and one domain.
private struct CellRun {
  let rows: Range<Int>
  let cell: Int
}

/// Calls `body` with pointers to all buffers, valid only during the call.
private func withPointers<Result>(
  to buffers: [Buffer<Double>], _ body: ([UnsafeBufferPointer<Double>]) -> Result
) -> Result {
  var pointers: [UnsafeBufferPointer<Double>] = []
  func descend(_ index: Int) -> Result {
    if index == buffers.count { return body(pointers) }
    return buffers[index].withUnsafeBufferPointer { pointer in
      pointers.append(pointer)
      return descend(index + 1)
    }
  }
  return descend(0)
}
