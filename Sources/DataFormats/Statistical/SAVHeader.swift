import Columnar

/// How the rows of an SPSS file are laid out, read from its dictionary records.
struct SAVHeader {
  /// 0 none, 1 bytecode, 2 bytecode in zlib blocks.
  let compression: Int32
  /// What is subtracted from a bytecode.
  let bias: Double
  /// Negative where the file does not say.
  let rowCount: Int
  /// The declared width of each variable, 0 for a number, in the order of the file; continuations left out.
  let widths: [Int]
  /// Slots of eight bytes in a row.
  let slots: Int
  /// Where the rows begin.
  let end: Int

  /// nil where the file is not laid out as expected.
  init?(_ file: Buffer<UInt8>) throws(ImmerseError) {
    func int(_ position: Int) throws(ImmerseError) -> Int { Int(try file.word(Int32.self, at: position)) }
    let layout = try int(64)
    guard layout == 2 || layout == 3 else { return nil }
    compression = try file.word(Int32.self, at: 72)
    rowCount = try int(80)
    bias = Double(bitPattern: try file.word(UInt64.self, at: 84))
    var position = 176
    var widths: [Int] = []
    var slots = 0
    while true {
      switch try int(position) {
      case 2:
        let width = try int(position + 4)
        slots += 1
        if width >= 0 { widths.append(width) }
        var length = 32
        if try int(position + 8) == 1 { length += 4 + (try int(position + 32) + 3) / 4 * 4 }
        let missing = try int(position + 12)
        guard (-3...3).contains(missing), width <= 255, length >= 32 else { return nil }
        position += length + 8 * abs(missing)
      case 3:
        var next = position + 8
        for _ in 0..<max(0, try int(position + 4)) {
          let length = Int(try file.word(UInt8.self, at: next + 8))
          next += 8 + (length + 8) / 8 * 8
        }
        position = next
      case 4: position += 8 + 4 * max(0, try int(position + 4))
      case 6: position += 8 + 80 * max(0, try int(position + 4))
      case 7:
        let (size, count) = (try int(position + 8), try int(position + 12))
        guard size >= 0, count >= 0 else { return nil }
        position += 16 + size * count
      case 999:
        self.widths = widths
        self.slots = slots
        end = position + 8
        guard end <= file.count else { throw .damagedSAV }
        return
      default: return nil
      }
    }
  }

  /// The number of segments of a text of more than 255 bytes.
  static func segments(of width: Int) -> Int { (width + 251) / 252 }
}

extension Buffer<UInt8> {
  /// A little-endian integer of an SPSS file.
  ///
  /// - Throws: `badData` where it does not lie within the bytes.
  func word<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at position: Int) throws(ImmerseError) -> T {
    do { return try load(type, at: position) } catch { throw .damagedSAV }
  }
}
