import Columnar

/// The rows with a value, by ascending value; ties in the order of the rows.
///
/// A row's place is first guessed from where its value lies between the least and the greatest, as a 32-bit number that
/// ascends with the values; rows are dealt out by its leading bits, then, within the cache, by the next ones, and the few
/// left together are put in order. Rows of one guess whose values differ are guessed again, between the least and the
/// greatest of their own. Values spread as those of most indicators are cost O(rows).
struct RowOrder: ~Copyable {
  /// The guess above, the row below.
  private let entries: UnsafeMutablePointer<UInt64>
  let count: Int

  func row(at place: Int) -> Int { Int(entries[place] & 0xFFFF_FFFF) }

  deinit { entries.deallocate() }

  init(_ values: UnsafeBufferPointer<Double>) {
    let extent = Extent(values)
    count = extent.count
    entries = .allocate(capacity: max(count, 1))
    if count == 0 { return }
    let guess = Guess(extent.least, extent.greatest)
    let room = Room(rows: count)
    if count < RowOrder.fewRows {
      var place = 0
      for row in 0..<values.count where values[row] == values[row] {
        entries[place] = guess.of(values[row]) | UInt64(row)
        place += 1
      }
      sort(0..<count, by: <)
    } else {
      deal(values, guess, room)
    }
    settleTies(0..<count, values, room)
  }

  private static let fewRows = 256
  /// Within a bucket.
  private static let fewestDealt = 32

  /// A 32-bit number in the upper half of a word, ascending with the value.
  private struct Guess {
    let least: Double
    /// 0, which guesses 0 for all, where the span is nothing or so small that its inverse is infinite.
    let scale: Double

    init(_ least: Double, _ greatest: Double) {
      self.least = least
      // Halved, so that the span of any two doubles is finite.
      let scale = 0x1p31 / (greatest / 2 - least / 2)
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

  /// What a deal needs beside the rows: the ends of the buckets, of the first deal and of one within a bucket, and a
  /// second place for rows.
  private struct Room: ~Copyable {
    let ends: UnsafeMutablePointer<Int32>
    let endsWithin: UnsafeMutablePointer<Int32>
    let entries: UnsafeMutablePointer<UInt64>

    init(rows: Int) {
      ends = .allocate(capacity: 1 << RowOrder.dealBits)
      endsWithin = .allocate(capacity: 1 << RowOrder.dealBits)
      entries = .allocate(capacity: rows)
    }

    deinit {
      ends.deallocate()
      endsWithin.deallocate()
      entries.deallocate()
    }
  }

  private func deal(_ values: UnsafeBufferPointer<Double>, _ guess: Guess, _ room: borrowing Room) {
    let bits = Self.bits(for: count)
    let shift = UInt64(64 - bits)
    let ends = room.ends
    ends.initialize(repeating: 0, count: 1 << bits)
    for row in 0..<values.count where values[row] == values[row] {
      ends[Int(guess.of(values[row]) >> shift)] += 1
    }
    Self.turnCountsToStarts(ends, 1 << bits)
    for row in 0..<values.count where values[row] == values[row] {
      let entry = guess.of(values[row])
      let bucket = Int(entry >> shift)
      entries[Int(ends[bucket])] = entry | UInt64(row)
      ends[bucket] += 1
    }
    var start = 0
    for bucket in 0..<1 << bits {
      let end = Int(ends[bucket])
      refine(start..<end, after: bits, room)
      start = end
    }
  }

  private static func turnCountsToStarts(_ counts: UnsafeMutablePointer<Int32>, _ buckets: Int) {
    var next: Int32 = 0
    for bucket in 0..<buckets { (counts[bucket], next) = (next, next + counts[bucket]) }
  }

  /// Orders the rows of one bucket by dealing them out again, by the bits after the first `known`.
  private func refine(_ range: Range<Int>, after known: Int, _ room: borrowing Room) {
    if range.count <= Self.fewestDealt { return order(range) }
    // Rows of one value are in order already.
    var isOrdered = true
    for place in range.dropFirst() where entries[place] < entries[place - 1] { isOrdered = false }
    if isOrdered { return }
    let own = entries + range.lowerBound
    let bits = Self.bits(for: range.count)
    let (shift, mask) = (UInt64(64 - known - bits), UInt64(1 << bits - 1))
    let ends = room.endsWithin
    ends.initialize(repeating: 0, count: 1 << bits)
    for place in 0..<range.count { ends[Int(own[place] >> shift & mask)] += 1 }
    Self.turnCountsToStarts(ends, 1 << bits)
    for place in 0..<range.count {
      let bucket = Int(own[place] >> shift & mask)
      room.entries[Int(ends[bucket])] = own[place]
      ends[bucket] += 1
    }
    own.update(from: room.entries, count: range.count)
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
    if range.count > Self.fewestDealt {
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
  private func settleTies(_ range: Range<Int>, _ values: UnsafeBufferPointer<Double>, _ room: borrowing Room) {
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start + 1
      var isOrdered = true
      while end < range.upperBound && entries[end] >> 32 == entries[start] >> 32 {
        if values[row(at: end)] < values[row(at: end - 1)] { isOrdered = false }
        end += 1
      }
      if !isOrdered { guessAgain(start..<end, values, room) }
      start = end
    }
  }

  /// Orders rows of one guess and more than one value.
  private func guessAgain(_ range: Range<Int>, _ values: UnsafeBufferPointer<Double>, _ room: borrowing Room) {
    var (least, greatest) = (Double.infinity, -Double.infinity)
    for place in range {
      let value = values[row(at: place)]
      (least, greatest) = (min(least, value), max(greatest, value))
    }
    let guess = Guess(least, greatest)
    if guess.scale == 0 || range.count <= RowOrder.fewestDealt {
      return sort(range) { a, b in
        let (x, y) = (values[Int(a & 0xFFFF_FFFF)], values[Int(b & 0xFFFF_FFFF)])
        return x == y ? a < b : x < y
      }
    }
    for place in range { entries[place] = guess.of(values[row(at: place)]) | UInt64(row(at: place)) }
    refine(range, after: 0, room)
    settleTies(range, values, room)
  }
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
