import Columnar

/// Descending ranks: 1 for the highest value, ties share the smallest rank, 0 for a missing value. O(n log n).
func descendingRanks(_ values: Buffer<Double>) -> Buffer<Int32> {
  let negated = values.present.map { -$0 }.sorted()
  return Buffer(count: values.count) { target in
    negated.withUnsafeBufferPointer { negated in
      for row in 0..<values.count {
        let value = values[row]
        target[row] = value.isNaN ? 0 : Int32(countBelow(-value, in: negated) + 1)
      }
    }
  }
}
