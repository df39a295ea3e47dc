import Columnar

/// Descending ranks: 1 for the highest value, ties share the smallest rank, 0 for a missing value. O(n).
func descendingRanks(_ values: Buffer<Double>) -> Buffer<Int32> {
  Buffer(count: values.count) { ranks in
    values.withUnsafeBufferPointer { values in
      if let few = FewValues(values) { return few.rank(values, into: ranks) }
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
}

/// Descending ranks within each period.
func descendingRanks(_ values: Buffer<Double>, within periods: [[Int]]) -> Buffer<Int32> {
  if periods.count == 1 { return descendingRanks(values) }
  return Buffer(count: values.count) { target in
    target.initialize(repeating: 0)
    for rows in periods {
      let ranks = descendingRanks(values.select(rows))
      for (index, row) in rows.enumerated() { target[row] = ranks[index] }
    }
  }
}
