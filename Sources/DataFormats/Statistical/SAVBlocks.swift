import CZlib
import Columnar

/// The zlib blocks of a .zsav file.
enum SAVBlocks {
  /// The bytecode of all blocks, end to end.
  ///
  /// - Throws: `badData` where the blocks are damaged.
  static func inflate(_ file: Buffer<UInt8>, at start: Int) throws(ImmerseError) -> Buffer<UInt8> {
    func long(_ position: Int) throws(ImmerseError) -> Int { Int(try file.word(Int64.self, at: position)) }
    let trailer = try long(start + 8)
    let length = try long(start + 16)
    guard trailer >= 0, length >= 24, trailer <= file.count, length <= file.count - trailer else { throw .damagedSAV }
    let count = Int(try file.word(Int32.self, at: trailer + 20))
    guard count >= 0, 24 + 24 * count <= length else { throw .damagedSAV }
    var content = try GrowingBytes(capacity: 4 * (trailer - min(start, trailer)))
    for block in 0..<count {
      let entry = trailer + 24 + 24 * block
      let offset = try long(entry + 8)
      let size = Int(try file.word(Int32.self, at: entry + 16))
      let compressed = Int(try file.word(Int32.self, at: entry + 20))
      guard offset >= 0, compressed >= 0, offset <= file.count, compressed <= file.count - offset,
        // Deflate shrinks to no less than a thousandth.
        size >= 0, size <= 1100 * (compressed + 1)
      else { throw .damagedSAV }
      let room = try content.room(atLeast: size)
      let isWhole = file.slice(offset..<offset + compressed).withUnsafeBufferPointer { source -> Bool in
        var written = UInt(size)
        let status = uncompress(
          room.baseAddress?.assumingMemoryBound(to: UInt8.self), &written, source.baseAddress, UInt(compressed))
        return status == Z_OK && written == UInt(size)
      }
      guard isWhole else { throw .damagedSAV }
      content.count += size
    }
    return FileBytes(content).buffer
  }
}
