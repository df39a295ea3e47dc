import Columnar

/// Where every so many rows begin in bytecode.
///
/// Bytecode is a run of words of eight commands, each followed by the literal slots its commands ask for. A command
/// fills one slot, but for 0, which fills none, and 252, which ends the rows.
struct SAVIndex {
  /// A place between two commands.
  struct Mark: Sendable {
    /// Where the word of commands begins.
    var word: Int
    /// The number of the next command in the word, 0 to 7.
    var command: Int
    /// Where the next literal begins.
    var literal: Int
  }

  let rowCount: Int
  private let marks: [Mark]
  private let rowsPerEntry: Int
  private let slotsPerRow: Int

  /// O(bytes).
  init(_ bytes: Buffer<UInt8>, slotsPerRow: Int, rowsPerEntry: Int) {
    self.rowsPerEntry = rowsPerEntry
    self.slotsPerRow = slotsPerRow
    (marks, rowCount) = bytes.withUnsafeBufferPointer { bytes in
      var marks: [Mark] = []
      guard let base = bytes.baseAddress else { return (marks, 0) }
      let slotsPerMark = rowsPerEntry * slotsPerRow
      var slots = 0
      var nextMark = 0
      var position = 0
      while position + 8 <= bytes.count {
        let word = UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
        let (zeros, literals) = (Self.count(word, of: 0), Self.count(word, of: 253))
        if Self.count(word, of: 252) == 0, slots + 8 - zeros <= nextMark, position + 8 + 8 * literals <= bytes.count {
          // Nothing begins or ends within the word.
          slots += 8 - zeros
          position += 8 + 8 * literals
          continue
        }
        var literal = position + 8
        for command in 0..<8 {
          if slots == nextMark {
            marks.append(Mark(word: position, command: command, literal: literal))
            nextMark += slotsPerMark
          }
          let code = base[position + command]
          if code == 0 { continue }
          if code == 252 || code == 253 && literal + 8 > bytes.count { return (marks, slots / slotsPerRow) }
          if code == 253 { literal += 8 }
          slots += 1
        }
        position = literal
      }
      return (marks, slots / slotsPerRow)
    }
  }

  /// How many of the eight bytes have a value.
  @inline(__always) private static func count(_ word: UInt64, of byte: UInt8) -> Int {
    let differing = word ^ (0x0101_0101_0101_0101 &* UInt64(byte))
    // The high bit of every byte that is not zero.
    let nonzero = ((differing & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7f7f_7f7f_7f7f_7f7f) | differing
    return 8 - (nonzero & 0x8080_8080_8080_8080).nonzeroBitCount
  }

  /// Decodes some rows; false where they end early. O(cells from the mark before them).
  func read(_ rows: Range<Int>, of bytes: Buffer<UInt8>, bias: Double, into sinks: SAVSinks) -> Bool {
    if rows.isEmpty { return true }
    let entry = rows.lowerBound / rowsPerEntry
    guard entry < marks.count else { return false }
    let values = (0..<256).map { ($0 < 252 ? Double($0) - bias : 0).bitPattern }
    return bytes.withUnsafeBufferPointer { bytes in
      values.withUnsafeBufferPointer { values in
        sinks.ofSlot.withUnsafeBufferPointer { ofSlot in
          sinks.used.withUnsafeBufferPointer { used in
            Self.decode(
              bytes, from: marks[entry], skipping: (rows.lowerBound - entry * rowsPerEntry) * slotsPerRow, rows.count,
              values, ofSlot, used)
          }
        }
      }
    }
  }

  private static func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, from mark: Mark, skipping: Int, _ rows: Int,
    _ values: UnsafeBufferPointer<UInt64>, _ ofSlot: UnsafeBufferPointer<Int32>,
    _ used: UnsafeBufferPointer<SAVSinks.Sink>
  ) -> Bool {
    guard let base = bytes.baseAddress else { return false }
    let slotsPerRow = ofSlot.count
    // Slots before the first wanted row count down to 0.
    var before = skipping
    var (slot, row) = (0, 0)
    var (word, command, literal) = (mark.word, mark.command, mark.literal)
    while word + 8 <= bytes.count {
      let commands = UInt64(littleEndian: UnsafeRawPointer(base + word).loadUnaligned(as: UInt64.self))
      while command < 8 {
        let code = Int(commands >> UInt64(8 * command) & 0xff)
        command += 1
        if code == 0 { continue }
        var value = values[code]
        if code >= 252 {
          if code == 253 {
            guard literal + 8 <= bytes.count else { return false }
            value = UInt64(littleEndian: UnsafeRawPointer(base + literal).loadUnaligned(as: UInt64.self))
            literal += 8
          } else if code == 254 {
            value = 0x2020_2020_2020_2020
          } else if code == 255 {
            value = SAVSinks.systemMissing
          } else {
            return false
          }
        }
        if before > 0 {
          before -= 1
          continue
        }
        let sink = Int(ofSlot[slot])
        if sink >= 0 { used[sink].store(value, row) }
        slot += 1
        if slot == slotsPerRow {
          slot = 0
          row += 1
          if row == rows { return true }
        }
      }
      word = literal
      literal += 8
      command = 0
    }
    return false
  }
}
