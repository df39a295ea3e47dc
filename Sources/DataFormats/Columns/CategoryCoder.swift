import Columnar

/// Gives each distinct text a code, in the order of first appearance.
///
/// Texts are compared as bytes in an open hash table; a text of up to eight bytes is a single comparison of words.
struct CategoryCoder {
  private struct Entry {
    /// The first eight bytes, zeros behind shorter texts.
    var prefix: UInt64
    var count: Int
    /// Where the text begins in `bytes`.
    var start: Int
  }

  private var entries: [Entry] = []
  private var bytes: [UInt8] = []
  /// Codes by hash, -1 where free; at least twice as long as `entries`, a power of two.
  private var table = [Int32](repeating: -1, count: 64)
  private var last: Int32 = -1

  /// The code of a text. O(count), amortised.
  @inline(__always)
  mutating func code(of text: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let prefix = Self.prefix(text, count)
    if last >= 0, matches(last, prefix, text, count) { return last }
    last = find(prefix, text, count)
    return last
  }

  private func matches(_ code: Int32, _ prefix: UInt64, _ text: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    entries.withUnsafeBufferPointer { entries in
      let entry = entries[Int(code)]
      guard entry.prefix == prefix, entry.count == count else { return false }
      if count <= 8 { return true }
      return bytes.withUnsafeBufferPointer { bytes in
        for offset in 8..<count where bytes[entry.start + offset] != text[offset] { return false }
        return true
      }
    }
  }

  private mutating func find(_ prefix: UInt64, _ text: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let mask = table.count - 1
    var slot = Int(truncatingIfNeeded: Self.hash(prefix, text, count)) & mask
    while table[slot] >= 0 {
      if matches(table[slot], prefix, text, count) { return table[slot] }
      slot = (slot + 1) & mask
    }
    let code = Int32(entries.count)
    table[slot] = code
    entries.append(Entry(prefix: prefix, count: count, start: bytes.count))
    bytes.append(contentsOf: UnsafeBufferPointer(start: text, count: count))
    if entries.count * 2 > table.count { grow() }
    return code
  }

  private mutating func grow() {
    table = [Int32](repeating: -1, count: table.count * 4)
    let mask = table.count - 1
    bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      for (code, entry) in entries.enumerated() {
        var slot = Int(truncatingIfNeeded: Self.hash(entry.prefix, base + entry.start, entry.count)) & mask
        while table[slot] >= 0 { slot = (slot + 1) & mask }
        table[slot] = Int32(code)
      }
    }
  }

  /// The texts by their codes.
  var levels: Levels { levels(isDeclared: false) }

  func levels(isDeclared: Bool) -> Levels {
    Levels(
      entries.map { String(decoding: bytes[$0.start..<$0.start + $0.count], as: UTF8.self) }, isDeclared: isDeclared)
  }

  /// Whether every text is UTF-8. O(bytes).
  var isUTF8: Bool { Buffer(bytes).isUTF8(cutAt: entries.count) { entries[$0].start } }

  @inline(__always)
  private static func prefix(_ text: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    let raw = UnsafeRawPointer(text)
    if count >= 8 { return UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self)) }
    if count >= 4 {
      let low = UInt32(littleEndian: raw.loadUnaligned(as: UInt32.self))
      let high = UInt32(littleEndian: (raw + count - 4).loadUnaligned(as: UInt32.self))
      return UInt64(low) | UInt64(high) << UInt64(8 * (count - 4))
    }
    if count == 0 { return 0 }
    return UInt64(text[0]) | UInt64(text[count >> 1]) << UInt64(8 * (count >> 1))
      | UInt64(text[count - 1]) << UInt64(8 * (count - 1))
  }

  private static func hash(_ prefix: UInt64, _ text: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    var hash = mixed(prefix ^ UInt64(truncatingIfNeeded: count) << 56)
    var offset = 8
    while offset < count {
      // The last word overlaps the one before.
      let position = min(offset, count - 8)
      hash = mixed(
        hash ^ UInt64(littleEndian: UnsafeRawPointer(text + position).loadUnaligned(as: UInt64.self)))
      offset += 8
    }
    return hash
  }

  private static func mixed(_ word: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
    return product.high ^ product.low
  }
}

extension TextBuffer {
  /// The texts as a categorical column, levels in the order of first appearance. O(bytes).
  func coded(_ validity: Bitmap?) -> Column {
    var coder = CategoryCoder()
    let memory = ColumnMemory<Int32>(count: count)
    var row = 0
    forEachText { text in
      // Of an empty text no byte is read, wherever it stands.
      let start = text.baseAddress ?? UnsafeRawPointer(memory.base).assumingMemoryBound(to: UInt8.self)
      memory.base[row] = coder.code(of: start, text.count)
      row += 1
    }
    validity?.forEachUnset { memory.base[$0] = -1 }
    return Column(.category(memory.buffer, coder.levels))
  }
}
