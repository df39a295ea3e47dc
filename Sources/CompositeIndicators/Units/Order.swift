import Columnar

extension Buffer<Double> {
  /// The rows with a value, by ascending value; ties in the order of the rows.
  ///
  /// Many rows are sorted by 11-bit digits from the least on, over bit patterns that ascend as the numbers do: O(rows), and
  /// several times as fast as comparing. Few rows are compared.
  var ascendingRows: [Int32] {
    var entries: [Entry] = []
    entries.reserveCapacity(count)
    withUnsafeBufferPointer { values in
      for row in 0..<values.count where values[row] == values[row] {
        entries.append(Entry(key: Entry.key(of: values[row]), row: Int32(row)))
      }
    }
    if entries.count < 1024 {
      entries.sort { ($0.key, $0.row) < ($1.key, $1.row) }
      return entries.map(\.row)
    }
    var sorted = entries
    for shift in stride(from: 0, to: 64, by: Entry.digitBits) {
      if Entry.distribute(entries, byDigitAt: shift, into: &sorted) { swap(&entries, &sorted) }
    }
    return entries.map(\.row)
  }

  /// The values that are not missing, ascending.
  var ascending: [Double] {
    ascendingRows.map { self[Int($0)] }
  }
}

private struct Entry {
  static let digitBits = 11

  var key: UInt64
  var row: Int32

  /// Positive numbers follow negative ones, and among negative ones the greater bit pattern is the smaller number.
  static func key(of value: Double) -> UInt64 {
    let bits = value.bitPattern
    return bits >> 63 == 1 ? ~bits : bits | 1 << 63
  }

  /// Orders by one digit, keeping the order of equal ones; false, and no change, where all have the same.
  static func distribute(_ entries: [Entry], byDigitAt shift: Int, into target: inout [Entry]) -> Bool {
    let mask: UInt64 = 1 << UInt64(digitBits) - 1
    var start = [Int](repeating: 0, count: 1 << digitBits)
    entries.withUnsafeBufferPointer { entries in
      start.withUnsafeMutableBufferPointer { start in
        for entry in entries { start[Int(entry.key >> UInt64(shift) & mask)] += 1 }
      }
    }
    if start.contains(entries.count) { return false }
    var position = 0
    for digit in start.indices { (start[digit], position) = (position, position + start[digit]) }
    entries.withUnsafeBufferPointer { entries in
      target.withUnsafeMutableBufferPointer { target in
        start.withUnsafeMutableBufferPointer { start in
          for entry in entries {
            let digit = Int(entry.key >> UInt64(shift) & mask)
            target[start[digit]] = entry
            start[digit] += 1
          }
        }
      }
    }
    return true
  }
}
