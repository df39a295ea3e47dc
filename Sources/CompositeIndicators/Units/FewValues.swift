/// The different values of a column that has few of them, as answers to an item or averages of some answers have, and how
/// often each occurs.
///
/// Source: counting sort by a hash table with linear probing (Knuth, The Art of Computer Programming 3, 6.4).
struct FewValues: ~Copyable {
  /// So few that the table stays within the cache.
  private static let limit = 1024
  private static let slots = 4 * limit

  /// The bits of each slot's value; a slot without a tally is free.
  private let keys: UnsafeMutablePointer<UInt64>
  private let tallies: UnsafeMutablePointer<Int32>
  /// Where each row's value is.
  private let slotsOfRows: UnsafeMutablePointer<UInt16>

  deinit {
    keys.deallocate()
    tallies.deallocate()
    slotsOfRows.deallocate()
  }

  /// Nil where there are too many, or too few rows to gain from counting. O(rows).
  init?(_ rows: UnsafeBufferPointer<Double>) {
    keys = .allocate(capacity: Self.slots)
    tallies = .allocate(capacity: Self.slots)
    slotsOfRows = .allocate(capacity: rows.count)
    if rows.count < Self.slots { return nil }
    keys.initialize(repeating: 0, count: Self.slots)
    tallies.initialize(repeating: 0, count: Self.slots)
    let (keys, tallies, slotsOfRows) = (keys, tallies, slotsOfRows)
    var different = 0
    for row in rows.indices {
      let key = key(rows[row])
      var slot = slot(key)
      while keys[slot] != key {
        if tallies[slot] == 0 {
          different += 1
          if different > Self.limit { return nil }
          keys[slot] = key
          break
        }
        slot = (slot + 1) & (Self.slots - 1)
      }
      tallies[slot] += 1
      slotsOfRows[row] = UInt16(truncatingIfNeeded: slot)
    }
  }

  /// Descending ranks: 1 for the highest value, ties share the smallest rank, 0 for a missing value.
  consuming func rank(into ranks: UnsafeMutableBufferPointer<Int32>) {
    let (slotsOfRows, ranksOfSlots) = (slotsOfRows, tallies)
    let descending = (0..<Self.slots).filter { tallies[$0] > 0 && !value($0).isNaN }.sorted { value($0) > value($1) }
    for slot in 0..<Self.slots where value(slot).isNaN { ranksOfSlots[slot] = 0 }
    var next: Int32 = 1
    for slot in descending { (ranksOfSlots[slot], next) = (next, next + tallies[slot]) }
    for row in ranks.indices { ranks[row] = ranksOfSlots[Int(slotsOfRows[row])] }
  }

  private func value(_ slot: Int) -> Double { Double(bitPattern: keys[slot]) }
}

/// Equal for equal values: the sum makes the negative zero positive.
@inline(__always) private func key(_ value: Double) -> UInt64 { (value + 0).bitPattern }

/// Where to look first, by Fibonacci hashing to twelve bits.
@inline(__always) private func slot(_ key: UInt64) -> Int {
  Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 52)
}
