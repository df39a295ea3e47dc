import Columnar

/// Descending ranks: 1 for the highest value, ties share the smallest rank, 0 for a missing value. O(n).
func descendingRanks(_ values: Buffer<Double>) -> Buffer<Int32> {
  let rows = values.ascendingRows
  return Buffer(count: values.count) { ranks in
    ranks.initialize(repeating: 0)
    values.withUnsafeBufferPointer { values in
      var rank: Int32 = 0
      var last = Double.nan
      for (place, row) in rows.reversed().enumerated() {
        let value = values[Int(row)]
        if value != last { rank = Int32(place + 1) }
        ranks[Int(row)] = rank
        last = value
      }
    }
  }
}
