import CLZ4
import CSnappy
import CZlib
import CZstd
import Columnar

/// Runs of compressed bytes within a file, of a size that is known beforehand.
///
/// The size is a claim of the file: memory is set aside for it, but the system gives it only as it is filled.
enum Blocks {
  /// nil where the bytes are no zstd frames of just that content.
  static func zstd(_ bytes: Buffer<UInt8>, size: Int) -> Buffer<UInt8>? {
    fill(size) { target in
      bytes.withUnsafeBufferPointer { source in
        let written = ZSTD_decompress(target, size, source.baseAddress, source.count)
        return ZSTD_isError(written) == 0 && written == size
      }
    }
  }

  /// nil where the bytes are no LZ4 frame of just that content.
  static func lz4(_ bytes: Buffer<UInt8>, size: Int) -> Buffer<UInt8>? {
    var context: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else { return nil }
    defer { LZ4F_freeDecompressionContext(context) }
    return fill(size) { target in
      bytes.withUnsafeBufferPointer { source in
        var (read, written) = (0, 0)
        while read < source.count {
          var (available, room) = (source.count - read, size - written)
          let left = LZ4F_decompress(
            context, target + written, &room, source.baseAddress.map { $0 + read }, &available, nil)
          if LZ4F_isError(left) != 0 { return false }
          read += available
          written += room
          if left == 0 { return written == size }
          if available == 0, room == 0 { return false }
        }
        return false
      }
    }
  }

  /// nil where the bytes are no LZ4 block, without a frame, of just that content.
  static func rawLZ4(_ bytes: Buffer<UInt8>, size: Int) -> Buffer<UInt8>? {
    guard let given = Int32(exactly: bytes.count), let room = Int32(exactly: size) else { return nil }
    return fill(size) { target in
      bytes.withUnsafeBufferPointer { source in
        source.withMemoryRebound(to: CChar.self) { source in
          target.withMemoryRebound(to: CChar.self, capacity: size) { target in
            LZ4_decompress_safe(source.baseAddress, target, given, room) == room
          }
        }
      }
    }
  }

  /// nil where the bytes are no snappy block of just that content.
  static func snappy(_ bytes: Buffer<UInt8>, size: Int) -> Buffer<UInt8>? {
    bytes.withUnsafeBufferPointer { source in
      source.withMemoryRebound(to: CChar.self) { source in
        // The block begins with its size; it is filled without asking how much room there is.
        var claimed = 0
        guard snappy_uncompressed_length(source.baseAddress, source.count, &claimed) == SNAPPY_OK, claimed == size
        else { return nil }
        return fill(size) { target in
          target.withMemoryRebound(to: CChar.self, capacity: size) { target in
            var written = size
            return snappy_uncompress(source.baseAddress, source.count, target, &written) == SNAPPY_OK && written == size
          }
        }
      }
    }
  }

  /// nil where the bytes are no gzip or zlib stream of just that content.
  static func gzip(_ bytes: Buffer<UInt8>, size: Int) -> Buffer<UInt8>? {
    var stream = z_stream()
    // 32 finds out which of the two headers there is.
    guard bytes.count <= Int(UInt32.max), size <= Int(UInt32.max),
      inflateInit2_(&stream, MAX_WBITS + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { inflateEnd(&stream) }
    return fill(size) { target in
      bytes.withUnsafeBufferPointer { source in
        stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        stream.avail_in = UInt32(source.count)
        stream.next_out = target
        stream.avail_out = UInt32(size)
        return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0
      }
    }
  }

  private static func fill(_ size: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Bool) -> Buffer<UInt8>? {
    guard size >= 0, let memory = try? GrowingBytes(capacity: size) else { return nil }
    var content = memory
    guard let room = try? content.room(atLeast: max(size, 1)),
      let target = room.baseAddress?.assumingMemoryBound(to: UInt8.self), body(target)
    else { return nil }
    content.count = size
    return content.finish()
  }
}
