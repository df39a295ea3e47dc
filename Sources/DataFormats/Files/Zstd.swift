import CZstd
import Columnar

extension FileBytes {
  /// Whether the bytes begin as a zstd file does.
  var isZstd: Bool { buffer.count > 3 && buffer.slice(0..<4).array == [0x28, 0xb5, 0x2f, 0xfd] }

  /// The content of a zstd file, all its frames end to end. O(content).
  ///
  /// - Throws: `badData` where the file is damaged or ends early.
  func expanded(name: String) throws(ImmerseError) -> FileBytes {
    guard let stream = ZSTD_createDStream() else { throw .outOfMemory }
    defer { ZSTD_freeDStream(stream) }
    var content = try GrowingBytes(capacity: 4 * buffer.count)
    var left = 1
    try buffer.withUnsafeBufferPointer { source throws(ImmerseError) in
      var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
      while input.pos < input.size || left > 0 {
        let room = try content.room()
        var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        let before = input.pos
        left = ZSTD_decompressStream(stream, &output, &input)
        content.count += output.pos
        // An error, or an end in the middle of a frame.
        if ZSTD_isError(left) != 0 || output.pos == 0 && input.pos == before && left > 0 {
          throw ImmerseError(
            .badData, "the zstd file is damaged or incomplete", place: ImmerseError.Place(file: name),
            remedy: "copy or compress it again")
        }
        if left == 0, input.pos == input.size { break }
      }
    }
    return FileBytes(content)
  }
}
