/// The different values of a column that has only a few, as answers to an item have, and how often each occurs.
///
/// All rows of a block are compared with all values at once, which for so few costs less than ordering the rows.
struct FewValues {
  private static let limit = 12

  let values: [Double]
  let counts: [Int]

  /// Nil where there are too many. O(rows · values).
  init?(_ rows: UnsafeBufferPointer<Double>) {
    let known = UnsafeMutablePointer<Double>.allocate(capacity: Self.limit)
    let tallies = UnsafeMutablePointer<SIMD8<Int64>>.allocate(capacity: Self.limit)
    defer {
      known.deallocate()
      tallies.deallocate()
    }
    var count = 0
    let whole = rows.count & ~7
    for start in stride(from: 0, to: rows.count, by: 8) {
      let block = start < whole ? eight(rows, start) : rest(rows, start)
      while true {
        var isKnown = block .!= block
        for index in 0..<count { isKnown = isKnown .| (block .== known[index]) }
        if all(isKnown) { break }
        guard count < Self.limit, let stranger = (0..<8).first(where: { !isKnown[$0] }) else { return nil }
        (known[count], tallies[count]) = (block[stranger], .zero)
        count += 1
      }
      for index in 0..<count {
        tallies[index] &+= SIMD8<Int64>.zero.replacing(with: 1, where: block .== known[index])
      }
    }
    values = (0..<count).map { known[$0] }
    counts = (0..<count).map { Int(tallies[$0].wrappedSum()) }
  }

  /// Descending ranks: 1 for the highest value, ties share the smallest rank, 0 for a missing value.
  func rank(_ rows: UnsafeBufferPointer<Double>, into ranks: UnsafeMutableBufferPointer<Int32>) {
    let ranksOfValues = values.map { value in
      Int64(1 + zip(values, counts).reduce(0) { $0 + ($1.0 > value ? $1.1 : 0) })
    }
    let steps = zip(values, ranksOfValues).map { (value: $0, rank: $1) }
    let whole = rows.count & ~7
    for start in stride(from: 0, to: rows.count, by: 8) {
      let block = start < whole ? eight(rows, start) : rest(rows, start)
      var rank = SIMD8<Int64>.zero
      for step in steps { rank.replace(with: step.rank, where: block .== step.value) }
      let narrow = SIMD8<Int32>(truncatingIfNeeded: rank)
      if start < whole {
        UnsafeMutableRawBufferPointer(ranks).storeBytes(of: narrow, toByteOffset: 4 * start, as: SIMD8<Int32>.self)
      } else {
        for row in start..<rows.count { ranks[row] = narrow[row - start] }
      }
    }
  }
}

@inline(__always)
private func eight(_ rows: UnsafeBufferPointer<Double>, _ start: Int) -> SIMD8<Double> {
  UnsafeRawBufferPointer(rows).loadUnaligned(fromByteOffset: 8 * start, as: SIMD8<Double>.self)
}

/// The last rows, those missing to eight as missing values.
private func rest(_ rows: UnsafeBufferPointer<Double>, _ start: Int) -> SIMD8<Double> {
  var block = SIMD8(repeating: Double.nan)
  for row in start..<rows.count { block[row - start] = rows[row] }
  return block
}
