import CZlib
import Columnar

extension FileBytes {
  /// Whether the bytes begin as a gzip file does.
  var isGzip: Bool { buffer.count > 2 && buffer[0] == 0x1f && buffer[1] == 0x8b }

  /// The content of a gzip file, all its members end to end. O(content).
  ///
  /// - Throws: `badData` where the file is damaged or ends early.
  func inflated(name: String) throws(ImmerseError) -> FileBytes {
    var stream = z_stream()
    // 16 asks for the gzip header and checksum rather than zlib's own.
    guard
      inflateInit2_(&stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw .outOfMemory }
    defer { inflateEnd(&stream) }
    var content = try GrowingBytes(capacity: 4 * buffer.count)
    try buffer.withUnsafeBufferPointer { source throws(ImmerseError) in
      var position = 0
      while true {
        let room = try content.room()
        let given = min(source.count - position, Int(UInt32.max))
        let space = min(room.count, Int(UInt32.max))
        stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress.map { $0 + position })
        stream.avail_in = UInt32(given)
        stream.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(space)
        let status = inflate(&stream, Z_NO_FLUSH)
        position += given - Int(stream.avail_in)
        content.count += space - Int(stream.avail_out)
        if status == Z_STREAM_END {
          if position == source.count { return }
          if inflateReset(&stream) != Z_OK { break }
        } else if status != Z_OK {
          // Damaged, or no progress is possible because the input ended.
          break
        }
      }
      throw ImmerseError(
        .badData, "the gzip file is damaged or incomplete", place: ImmerseError.Place(file: name),
        remedy: "copy or compress it again")
    }
    return FileBytes(content)
  }
}
