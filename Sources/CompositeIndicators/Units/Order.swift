import Columnar

/// The rows with a value, by ascending value; ties in the order of the rows.
///
/// A row's place is first guessed from where its value lies between the least and the greatest, as a 32-bit number that
/// ascends with the values; rows are dealt out by its leading bits, then, within the cache, by the next ones, and the few
/// left together are put in order. Values spread as those of most indicators are cost O(rows); no values cost more than
/// O(rows log rows).
struct RowOrder: ~Copyable {
  /// The guess above, the row below.
  private let entries: UnsafeMutablePointer<UInt64>
  let count: Int

  func row(at place: Int) -> Int { Int(entries[place] & 0xFFFF_FFFF) }

  deinit { entries.deallocate() }

  init(_ values: UnsafeBufferPointer<Double>) {
    let (least, greatest, count) = range(values)
    self.count = count
    entries = .allocate(capacity: max(count, 1))
    if count == 0 { return }
    // Halved, so that the span of any two doubles is finite.
    let guess = Guess(least: least, span: greatest / 2 - least / 2)
    if count < RowOrder.fewRows {
      var place = 0
      for row in 0..<values.count where values[row] == values[row] {
        entries[place] = guess.of(values[row]) | UInt64(row)
        place += 1
      }
      sort(0..<count, by: <)
    } else {
      deal(values, guess)
    }
    settleTies(values)
  }

  private static let fewRows = 256

  /// A 32-bit number in the upper half of a word, ascending with the value.
  private struct Guess {
    let least: Double
    let scale: Double

    init(least: Double, span: Double) {
      self.least = least
      // A span of nothing, or one so small that its inverse is infinite, guesses 0 for all.
      let scale = 0x1p31 / span
      self.scale = scale.isFinite ? scale : 0
    }

    @inline(__always) func of(_ value: Double) -> UInt64 {
      let guess = (value - least) * scale
      return guess < 0xFFFF_FFFF ? UInt64(guess) << 32 : 0xFFFF_FFFF << 32
    }
  }

  /// Buckets of one deal: as many as memory can be written to side by side.
  private static let dealBits = 11

  private static func bits(for count: Int) -> Int { min(dealBits, Int.bitWidth - count.leadingZeroBitCount) }

  private func deal(_ values: UnsafeBufferPointer<Double>, _ guess: Guess) {
    let bits = Self.bits(for: count)
    let shift = UInt64(64 - bits)
    let ends = UnsafeMutablePointer<Int32>.allocate(capacity: 2 << Self.dealBits)
    defer { ends.deallocate() }
    ends.initialize(repeating: 0, count: 1 << bits)
    for row in 0..<values.count where values[row] == values[row] {
      ends[Int(guess.of(values[row]) >> shift)] += 1
    }
    let largest = Self.turnCountsToStarts(ends, 1 << bits)
    for row in 0..<values.count where values[row] == values[row] {
      let entry = guess.of(values[row])
      let bucket = Int(entry >> shift)
      entries[Int(ends[bucket])] = entry | UInt64(row)
      ends[bucket] += 1
    }
    let room = UnsafeMutablePointer<UInt64>.allocate(capacity: largest)
    defer { room.deallocate() }
    var start = 0
    for bucket in 0..<1 << bits {
      let end = Int(ends[bucket])
      refine(start..<end, after: bits, ends + (1 << Self.dealBits), room)
      start = end
    }
  }

  /// Returns the largest count.
  private static func turnCountsToStarts(_ counts: UnsafeMutablePointer<Int32>, _ buckets: Int) -> Int {
    var (next, largest): (Int32, Int32) = (0, 0)
    for bucket in 0..<buckets {
      let count = counts[bucket]
      (counts[bucket], next, largest) = (next, next + count, max(largest, count))
    }
    return Int(largest)
  }

  /// Orders the rows of one bucket by dealing them out again, by the bits after the first `known`.
  private func refine(
    _ range: Range<Int>, after known: Int, _ ends: UnsafeMutablePointer<Int32>, _ room: UnsafeMutablePointer<UInt64>
  ) {
    if range.count <= 32 { return order(range) }
    // Rows of one value are in order already.
    var isOrdered = true
    for place in range.dropFirst() where entries[place] < entries[place - 1] { isOrdered = false }
    if isOrdered { return }
    let own = entries + range.lowerBound
    let bits = Self.bits(for: range.count)
    let (shift, mask) = (UInt64(64 - known - bits), UInt64(1 << bits - 1))
    ends.initialize(repeating: 0, count: 1 << bits)
    for place in 0..<range.count { ends[Int(own[place] >> shift & mask)] += 1 }
    _ = Self.turnCountsToStarts(ends, 1 << bits)
    for place in 0..<range.count {
      let bucket = Int(own[place] >> shift & mask)
      room[Int(ends[bucket])] = own[place]
      ends[bucket] += 1
    }
    own.update(from: room, count: range.count)
    var start = range.lowerBound
    for bucket in 0..<1 << bits {
      let end = range.lowerBound + Int(ends[bucket])
      order(start..<end)
      start = end
    }
  }

  private func sort(_ range: Range<Int>, by precedes: (UInt64, UInt64) -> Bool) {
    var part = UnsafeMutableBufferPointer(start: entries + range.lowerBound, count: range.count)
    part.sort(by: precedes)
  }

  /// Insertion for the few rows that a bucket has as a rule.
  private func order(_ range: Range<Int>) {
    if range.count > 32 {
      // Rows of one value are in order already.
      var isOrdered = true
      for place in range.dropFirst() where entries[place] < entries[place - 1] { isOrdered = false }
      if !isOrdered { sort(range, by: <) }
      return
    }
    var place = range.lowerBound + 1
    while place < range.upperBound {
      let entry = entries[place]
      var hole = place
      while hole > range.lowerBound && entries[hole - 1] > entry {
        entries[hole] = entries[hole - 1]
        hole -= 1
      }
      entries[hole] = entry
      place += 1
    }
  }

  /// Rows of one guess can still differ in the digits below it.
  private func settleTies(_ values: UnsafeBufferPointer<Double>) {
    var start = 0
    while start < count {
      var end = start + 1
      var isOrdered = true
      while end < count && entries[end] >> 32 == entries[start] >> 32 {
        if values[row(at: end)] < values[row(at: end - 1)] { isOrdered = false }
        end += 1
      }
      if !isOrdered {
        sort(start..<end) { a, b in
          let (x, y) = (values[Int(a & 0xFFFF_FFFF)], values[Int(b & 0xFFFF_FFFF)])
          return x == y ? a < b : x < y
        }
      }
      start = end
    }
  }
}

/// The least and the greatest value, and how many there are.
private func range(_ values: UnsafeBufferPointer<Double>) -> (least: Double, greatest: Double, count: Int) {
  var (least, greatest, count) = (Double.infinity, -Double.infinity, 0)
  for value in values {
    least = value < least ? value : least
    greatest = value > greatest ? value : greatest
    count += value == value ? 1 : 0
  }
  return (least, greatest, count)
}

extension Buffer<Double> {
  /// The values that are not missing, ascending.
  var ascending: [Double] {
    withUnsafeBufferPointer { values in
      let order = RowOrder(values)
      return (0..<order.count).map { values[order.row(at: $0)] }
    }
  }
}
