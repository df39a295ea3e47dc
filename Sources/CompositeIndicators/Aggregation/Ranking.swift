import Columnar

/// Descending ranks: 1 for the highest value, ties share the smallest rank, 0 for a missing value. O(n).
func descendingRanks(_ values: Buffer<Double>) -> Buffer<Int32> {
  Buffer(count: values.count) { descendingRanks(values, into: $0) }
}

/// Descending ranks within each period.
func descendingRanks(_ values: Buffer<Double>, within periods: [[Int]]) -> Buffer<Int32> {
  Buffer(count: values.count) { descendingRanks(values, within: periods, into: $0) }
}

/// - Parameter ranks: as many as values.
func descendingRanks(
  _ values: Buffer<Double>, within periods: [[Int]], into ranks: UnsafeMutableBufferPointer<Int32>
) {
  if periods.count == 1 { return descendingRanks(values, into: ranks) }
  ranks.initialize(repeating: 0)
  for rows in periods {
    let own = descendingRanks(values.select(rows))
    for (index, row) in rows.enumerated() { ranks[row] = own[index] }
  }
}

private func descendingRanks(_ values: Buffer<Double>, into ranks: UnsafeMutableBufferPointer<Int32>) {
  values.withUnsafeBufferPointer { values in
    if let few = FewValues(values) { return few.rank(into: ranks) }
    ranks.initialize(repeating: 0)
    let order = RowOrder(values)
    var rank: Int32 = 0
    var last = Double.nan
    for place in stride(from: order.count - 1, through: 0, by: -1) {
      let row = order.row(at: place)
      if values[row] != last { rank = Int32(order.count - place) }
      ranks[row] = rank
      last = values[row]
    }
  }
}
