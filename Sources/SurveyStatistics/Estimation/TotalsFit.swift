import Columnar
import Expressions
import Streaming

/// One reading of the rows that yields every estimate of a request and its variance: weighted totals by sampling unit
/// and domain.
struct TotalsFit: Fit {
  let request: EstimateRequest
  let statistics: [Statistic]
  let domains: DomainKeys
  let strata: StratumNames
  let filter: Expression?
  /// What an earlier pass learned, where weights come from population sizes.
  let known: (tree: UnitTree, weights: [Double])?
  /// How the design's weights were raked, where they were.
  let raked: RakeModel?

  var columns: [ColumnRequest] {
    request.design.columns + request.by.map { .category($0) } + (filter?.columnRequests ?? [])
      + statistics.flatMap(\.columns) + (raked?.inputs ?? [])
  }

  var signature: String {
    "estimate \(request) \(statistics.map { "\($0.term) \($0.shift)" }) \(domains.levels.map(\.names)) "
      + "\(strata.levels.map(\.names))"
  }

  func makePartial() -> TotalsPartial { TotalsPartial(self) }

  func finish(_ partial: TotalsPartial) throws(ImmerseError) -> EstimateResult {
    let frame = try DesignFrame(partial.tree, strata: strata)
    return try Estimator(fit: self, totals: partial, frame: frame).result()
  }
}

/// The combinations of group levels, as single numbers.
struct DomainKeys: Sendable {
  let names: [String]
  let levels: [Levels]

  init(_ names: [String], _ profile: Profile) throws(ImmerseError) {
    self.names = names
    levels = names.compactMap { profile.levels[$0] }
    try levels.checkCombinations(of: names)
  }

  /// The key of every row; negative where a group is missing.
  func keys(_ batch: Batch) throws(ImmerseError) -> [Int] {
    var keys = [Int](repeating: 0, count: batch.rowCount)
    for (name, levels) in zip(names, levels) {
      let codes = try batch.categories(name).codes
      for row in keys.indices where keys[row] >= 0 {
        keys[row] = codes[row] < 0 ? -1 : keys[row] * levels.count + Int(codes[row])
      }
    }
    return keys
  }

  /// The group levels of a key, by column.
  func groups(_ key: Int) -> [Group] {
    zip(zip(names, levels), levels.codes(ofCombination: UInt64(key))).map { column, code in
      Group(variable: column.0, level: column.1[code])
    }
  }
}

/// Weighted totals of every statistic by lowest sampling unit and domain.
///
/// Where weights were raked, a cell of the raking is part of the domain, and the weight of each unit in each of these
/// cells is kept besides, domain or not.
struct TotalsPartial: Partial {
  let fit: TotalsFit
  private(set) var tree: UnitTree
  /// The cells: pairs of lowest unit and domain that occur.
  private(set) var cells = KeyIndex()
  /// By cell, the rows in it whose weight is not zero.
  private(set) var rows: [Int] = []
  /// By cell and statistic.
  private(set) var sums: [WeightedSums] = []
  /// The same, where the rows are the sampling units; else empty.
  private(set) var moments: [RowMoments] = []
  /// Pairs of lowest unit and raking cell, and their sum of weights; empty where nothing was raked.
  private(set) var rakedCells = KeyIndex()
  private(set) var rakedWeights: [Double] = []
  /// Rows of the domain that lack a group.
  private(set) var ungrouped = 0
  /// The first source row that lacks a statistic or a group, by statistic and last the groups.
  private(set) var firstMissing: [Int]

  init(_ fit: TotalsFit) {
    self.fit = fit
    tree = fit.known?.tree.withoutRows() ?? UnitTree(fit.request.design, numbersRows: fit.raked != nil)
    firstMissing = Array(repeating: Int.max, count: fit.statistics.count + 1)
  }

  private var rowsAreUnits: Bool { fit.request.design.psu.isEmpty && fit.raked == nil }

  mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let located = try tree.locate(batch, weightOf: fit.known?.weights)
    let runs = try runs(batch, located)
    try located.weights.withUnsafeBufferPointer { (weights) throws(ImmerseError) in
      for (index, statistic) in fit.statistics.enumerated() {
        let values = try StatisticRows(statistic, batch)
        values.numerators.withUnsafeBufferPointer { x in
          if let denominators = values.denominators {
            denominators.withUnsafeBufferPointer { add(index, x, $0, weights, runs, batch.firstRow) }
          } else {
            add(index, x, nil, weights, runs, batch.firstRow)
          }
        }
      }
    }
  }

  /// Cuts the rows of the domain into runs of one cell, and opens the cells that are new.
  private mutating func runs(_ batch: Batch, _ located: LocatedRows) throws(ImmerseError) -> [CellRun] {
    var domain = try fit.domains.keys(batch)
    if let filter = fit.filter {
      let mask = try filter.evaluateMask(batch)
      for row in domain.indices where mask[row] != true { domain[row] = -2 }
    }
    if let raked = fit.raked {
      let cells = try raked.cellOfRows(batch)
      addRaked(cells, located)
      for row in domain.indices where domain[row] >= 0 {
        domain[row] = domain[row] * raked.factors.count + cells[row]
      }
    }
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

  private mutating func addRaked(_ cells: [Int], _ located: LocatedRows) {
    for (row, cell) in cells.enumerated() {
      let position = rakedCells.insert(KeyIndex.pair(Int(located.units[row]), cell))
      if position == rakedWeights.count { rakedWeights.append(0) }
      rakedWeights[position] += located.weights[row]
    }
  }

  private mutating func openCell() {
    rows.append(0)
    sums.append(contentsOf: repeatElement(WeightedSums(), count: fit.statistics.count))
    if rowsAreUnits { moments.append(contentsOf: repeatElement(RowMoments(), count: fit.statistics.count)) }
  }

  private mutating func add(
    _ statistic: Int, _ x: UnsafeBufferPointer<Double>, _ d: UnsafeBufferPointer<Double>?,
    _ w: UnsafeBufferPointer<Double>, _ runs: [CellRun], _ firstRow: Int
  ) {
    let shift = fit.statistics[statistic].shift
    for run in runs {
      let position = run.cell * fit.statistics.count + statistic
      let part = WeightedSums.over(x, d, w, run.rows, shift: shift)
      sums[position] += part
      if part.missing > 0 {
        let row = run.rows.first { x[$0].isNaN } ?? run.rows.lowerBound
        firstMissing[statistic] = min(firstMissing[statistic], firstRow + row)
      }
      if rowsAreUnits {
        var moment = RowMoments()
        for row in run.rows where x[row] == x[row] {
          moment.add(w[row] * (x[row] - shift), w[row] * (d.map { $0[row] } ?? 1))
        }
        moments[position] += moment
      }
    }
  }

  mutating func merge(_ other: TotalsPartial) throws(ImmerseError) {
    let units = try tree.merge(other.tree)
    let count = fit.statistics.count
    for (theirs, key) in other.cells.keys.enumerated() {
      let (unit, domain) = KeyIndex.parts(key)
      let own = cells.insert(KeyIndex.pair(units[unit], domain))
      if own == rows.count { openCell() }
      rows[own] += other.rows[theirs]
      for statistic in 0..<count {
        sums[own * count + statistic] += other.sums[theirs * count + statistic]
        if rowsAreUnits { moments[own * count + statistic] += other.moments[theirs * count + statistic] }
      }
    }
    for (theirs, key) in other.rakedCells.keys.enumerated() {
      let (unit, cell) = KeyIndex.parts(key)
      let own = rakedCells.insert(KeyIndex.pair(units[unit], cell))
      if own == rakedWeights.count { rakedWeights.append(0) }
      rakedWeights[own] += other.rakedWeights[theirs]
    }
    ungrouped += other.ungrouped
    firstMissing = zip(firstMissing, other.firstMissing).map { min($0, $1) }
  }

  func write(to blob: inout BlobWriter) {
    tree.write(to: &blob)
    blob.write(cells.keys)
    blob.write(rows)
    blob.write(sums.flatMap { [$0.count, $0.numerator, $0.denominator, $0.squares, $0.missing] })
    blob.write(moments.flatMap { [$0.count, $0.meanX, $0.meanD, $0.xx, $0.xd, $0.dd] })
    blob.write(rakedCells.keys)
    blob.write(rakedWeights)
    blob.write([ungrouped] + firstMissing)
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    try tree.read(from: &blob)
    cells = KeyIndex(try blob.keys())
    rows = try blob.integers()
    sums = try blob.records(of: 5).map {
      WeightedSums(count: $0[0], numerator: $0[1], denominator: $0[2], squares: $0[3], missing: $0[4])
    }
    moments = try blob.records(of: 6).map {
      RowMoments(count: $0[0], meanX: $0[1], meanD: $0[2], xx: $0[3], xd: $0[4], dd: $0[5])
    }
    rakedCells = KeyIndex(try blob.keys())
    rakedWeights = try blob.doubles()
    let counts = try blob.integers()
    let cellStatistics = cells.count * fit.statistics.count
    guard rows.count == cells.count, sums.count == cellStatistics,
      moments.count == (rowsAreUnits ? cellStatistics : 0), counts.count == firstMissing.count + 1,
      rakedWeights.count == rakedCells.count,
      (cells.keys + rakedCells.keys).allSatisfy({ KeyIndex.parts($0).first < tree.leafCount }),
      rakedCells.keys.allSatisfy({ KeyIndex.parts($0).second < fit.raked?.factors.count ?? 0 })
    else { throw .brokenPartial }
    ungrouped = counts[0]
    firstMissing = Array(counts.dropFirst())
  }
}

/// Consecutive rows of one lowest unit and one domain.
private struct CellRun {
  let rows: Range<Int>
  let cell: Int
}
