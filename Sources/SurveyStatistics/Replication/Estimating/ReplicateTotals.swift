import Columnar
import Streaming

/// Totals of every statistic by domain, under the weights of the full sample and of every replicate.
struct ReplicateTotals: Partial {
  let fit: ReplicateFit
  /// Where a statistic's totals begin among those of a domain.
  let offsets: [Int]
  /// The domains that occur.
  private(set) var slots = KeyIndex()
  /// By domain and total, and then by set of weights, of which the full sample's is the first.
  private(set) var totals: [Double] = []
  /// By domain and statistic: rows used, rows that lack it, Σ w x² where a design effect needs it.
  private(set) var tallies: [Double] = []
  /// By domain: rows whose weight is not zero.
  private(set) var rows: [Int] = []
  private(set) var sketches: [WeightSketch] = []
  /// Of all rows, in a domain or not: how many weigh something, and the sum of weights.
  private(set) var weightedRows = 0
  private(set) var sumOfWeights = 0.0
  /// By replicate, the largest ratio to the full-sample weight; filled only where scales are inferred from it.
  private(set) var largestRatios: [Double]
  /// By replicate, 1 where a weight was negative.
  private(set) var negatives: [Int]
  private(set) var ungrouped = 0
  private(set) var firstMissing: [Int]

  init(_ fit: ReplicateFit) {
    self.fit = fit
    var offsets = [0]
    for statistic in fit.statistics { offsets.append(offsets[offsets.count - 1] + statistic.terms.width) }
    self.offsets = offsets
    largestRatios = [Double](repeating: 0, count: fit.design.infersScales ? fit.replicates.count : 0)
    negatives = [Int](repeating: 0, count: fit.replicates.count)
    firstMissing = Array(repeating: Int.max, count: fit.statistics.count + 1)
  }

  /// Sets of weights: the full sample's and the replicates.
  var sets: Int { fit.replicates.count + 1 }
  var totalsPerDomain: Int { offsets[fit.statistics.count] * sets }
  static let tallyWidth = 3
  var talliesPerDomain: Int { fit.statistics.count * ReplicateTotals.tallyWidth }

  mutating func absorb(_ batch: Batch) throws(ImmerseError) {
    let weights = try batch.weights(fit.weights)
    weights.withUnsafeBufferPointer { weights in
      for weight in weights {
        sumOfWeights += weight
        weightedRows += weight != 0 ? 1 : 0
      }
    }
    let keys = try fit.domains.keys(batch, where: fit.filter)
    let order = domainOrder(keys, batch)
    let replicates = try fit.replicates.map { c throws(ImmerseError) in try batch.numbers(c) }
    let statistics = try fit.statistics.map { s throws(ImmerseError) in try StatisticRows(s.terms, batch, keys) }
    let panel = ReplicatePanel(
      sets: [weights] + replicates, statistics: statistics,
      squares: fit.statistics.map { $0.comparison != nil }, infersRatios: fit.design.infersScales)
    try panel.forEachBlock(order) { (block) throws(ImmerseError) in try add(block, order, batch) }
  }

  /// The rows of every domain, domain by domain in the order of their slots, and within one in their own.
  private mutating func domainOrder(_ keys: [Int], _ batch: Batch) -> DomainOrder {
    var keys = keys
    var last = -1
    var slot = 0
    for row in keys.indices {
      let key = keys[row]
      if key == -1 {
        ungrouped += 1
        firstMissing[fit.statistics.count] = min(firstMissing[fit.statistics.count], batch.firstRow + row)
      }
      if key < 0 { continue }
      if key != last {
        (last, slot) = (key, slots.insert(UInt64(key)))
        if slot == rows.count { openDomain() }
      }
      keys[row] = slot
    }
    return DomainOrder(keys, slots: slots.count)
  }

  private mutating func openDomain() {
    rows.append(0)
    totals.append(contentsOf: repeatElement(0, count: totalsPerDomain))
    tallies.append(contentsOf: repeatElement(0, count: talliesPerDomain))
    sketches.append(WeightSketch(width: fit.replicates.count, capacity: fit.sketchRows))
  }

  private mutating func add(
    _ block: ReplicatePanel.Block, _ order: DomainOrder, _ batch: Batch
  ) throws(ImmerseError) {
    let sets = sets
    if let set = (0..<sets).first(where: { !block.sums[$0].isFinite }) {
      throw badWeight(set, block, order, batch)
    }
    let slot = block.slot
    rows[slot] += block.weightedRows
    let start = slot * totalsPerDomain
    totals.withUnsafeMutableBufferPointer { totals in
      for (index, source) in block.columnOfTotal.enumerated() {
        let (target, column) = (start + index * sets, block.sums + source * sets)
        for set in 0..<sets { totals[target + set] += column[set] }
      }
    }
    for (statistic, tally) in block.tallies.enumerated() {
      let start = slot * talliesPerDomain + statistic * ReplicateTotals.tallyWidth
      tallies[start] += tally.count
      tallies[start + 1] += tally.missing
      tallies[start + 2] += tally.squares
      if let row = tally.firstMissing {
        firstMissing[statistic] = min(firstMissing[statistic], batch.firstRow + row)
      }
    }
    for replicate in negatives.indices where block.isNegative[replicate] { negatives[replicate] = 1 }
    for replicate in largestRatios.indices {
      largestRatios[replicate] = max(largestRatios[replicate], block.largestRatios[replicate])
    }
    let kept = min(sketches[slot].room, block.rowCount)
    for row in 0..<kept { sketches[slot].add(block.weights + block.rowCount + row, stride: block.rowCount) }
    // Eight rows to a sum where there are many: far fewer than a sampling unit then has, so that the sums do not level out what
    // tells units apart.
    let together = order.rows.count > 8192 ? 8 : 1
    var sums = [Double](repeating: 0, count: kept < block.rowCount ? sets - 1 : 0)
    for first in stride(from: kept, to: block.rowCount, by: together) {
      let last = min(first + together, block.rowCount)
      for replicate in sums.indices {
        let column = block.weights + (replicate + 1) * block.rowCount
        var sum = 0.0
        for row in first..<last { sum += column[row] }
        sums[replicate] = sum
      }
      sums.withUnsafeBufferPointer { sums in
        if let base = sums.baseAddress { sketches[slot].add(base, stride: 1) }
      }
    }
  }

  /// The message for the first row of a block that has no finite weight in a set.
  private func badWeight(
    _ set: Int, _ block: ReplicatePanel.Block, _ order: DomainOrder, _ batch: Batch
  ) -> ImmerseError {
    let column = block.weights + set * block.rowCount
    let name = set == 0 ? fit.weights : fit.replicates[set - 1]
    guard let bad = (0..<block.rowCount).first(where: { !column[$0].isFinite }) else {
      return ImmerseError(.badData, "the weights sum to more than a number can hold", variable: name)
    }
    return ImmerseError(
      .badData, "has \(column[bad].isNaN ? "no" : "an infinite") replicate weight",
      row: batch.firstRow + Int(order.rows[block.first + bad]), variable: name,
      remedy: "every row needs a number in every replicate")
  }

  mutating func merge(_ other: ReplicateTotals) throws(ImmerseError) {
    for (theirs, key) in other.slots.keys.enumerated() {
      let own = slots.insert(key)
      if own == rows.count { openDomain() }
      rows[own] += other.rows[theirs]
      for index in 0..<totalsPerDomain {
        totals[own * totalsPerDomain + index] += other.totals[theirs * totalsPerDomain + index]
      }
      for index in 0..<talliesPerDomain {
        tallies[own * talliesPerDomain + index] += other.tallies[theirs * talliesPerDomain + index]
      }
      sketches[own].merge(other.sketches[theirs])
    }
    weightedRows += other.weightedRows
    sumOfWeights += other.sumOfWeights
    largestRatios = zip(largestRatios, other.largestRatios).map { max($0, $1) }
    negatives = zip(negatives, other.negatives).map { max($0, $1) }
    ungrouped += other.ungrouped
    firstMissing = zip(firstMissing, other.firstMissing).map { min($0, $1) }
  }

  func write(to blob: inout BlobWriter) {
    blob.write(slots.keys)
    blob.write(totals)
    blob.write(tallies)
    blob.write(rows)
    for sketch in sketches { sketch.write(to: &blob) }
    blob.write(largestRatios)
    blob.write(negatives)
    blob.write(sumOfWeights)
    blob.write([weightedRows, ungrouped] + firstMissing)
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    slots = KeyIndex(try blob.keys())
    totals = try blob.doubles()
    tallies = try blob.doubles()
    rows = try blob.integers()
    guard rows.count == slots.count, totals.count == slots.count * totalsPerDomain,
      tallies.count == slots.count * talliesPerDomain, slots.keys.allSatisfy(fit.domains.levels.hasCombination),
      rows.allSatisfy(\.isRowCount),
      stride(from: 0, to: tallies.count, by: ReplicateTotals.tallyWidth).allSatisfy({
        tallies[$0].isRowCount && tallies[$0 + 1].isRowCount
      })
    else { throw .brokenPartial }
    sketches = []
    for _ in 0..<slots.count {
      var sketch = WeightSketch(width: fit.replicates.count, capacity: fit.sketchRows)
      try sketch.read(from: &blob)
      sketches.append(sketch)
    }
    let ratios = try blob.doubles()
    let signs = try blob.integers()
    sumOfWeights = try blob.double()
    let counts = try blob.integers()
    guard ratios.count == largestRatios.count, signs.count == negatives.count,
      counts.count == firstMissing.count + 2, counts[0].isRowCount, counts[1].isRowCount
    else { throw .brokenPartial }
    (largestRatios, negatives) = (ratios, signs)
    (weightedRows, ungrouped) = (counts[0], counts[1])
    firstMissing = Array(counts.dropFirst(2))
  }
}

/// The rows of a batch that lie in a domain, sorted by domain.
struct DomainOrder {
  /// Positions in the batch.
  let rows: [Int32]
  let runs: [(slot: Int, range: Range<Int>)]

  /// - Parameter slots: by row, the domain's slot, or a negative number for a row that lies in none.
  init(_ slots: [Int], slots count: Int) {
    var starts = [Int](repeating: 0, count: count + 1)
    for slot in slots where slot >= 0 { starts[slot + 1] += 1 }
    for slot in 0..<count { starts[slot + 1] += starts[slot] }
    var next = starts
    var rows = [Int32](repeating: 0, count: starts[count])
    for (row, slot) in slots.enumerated() where slot >= 0 {
      rows[next[slot]] = Int32(row)
      next[slot] += 1
    }
    self.rows = rows
    runs = (0..<count).compactMap { starts[$0] < starts[$0 + 1] ? ($0, starts[$0]..<starts[$0 + 1]) : nil }
  }
}
