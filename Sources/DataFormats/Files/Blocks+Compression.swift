import CLZ4
import CZstd
import Columnar

extension Blocks {
  /// The bytes as a zstd frame; nil where that is not shorter.
  static func zstdFrame(_ bytes: Buffer<UInt8>) -> Buffer<UInt8>? {
    compress(bytes, bound: ZSTD_compressBound(bytes.count)) { target, room, source, count in
      let written = ZSTD_compress(target, room, source, count, 1)
      return ZSTD_isError(written) == 0 ? written : nil
    }
  }

  /// The bytes as an LZ4 frame; nil where that is not shorter.
  static func lz4Frame(_ bytes: Buffer<UInt8>) -> Buffer<UInt8>? {
    compress(bytes, bound: LZ4F_compressFrameBound(bytes.count, nil)) { target, room, source, count in
      let written = LZ4F_compressFrame(target, room, source, count, nil)
      return LZ4F_isError(written) == 0 ? written : nil
    }
  }

  private static func compress(
    _ bytes: Buffer<UInt8>, bound: Int,
    _ body: (UnsafeMutablePointer<UInt8>, Int, UnsafePointer<UInt8>, Int) -> Int?
  ) -> Buffer<UInt8>? {
    let memory = ColumnMemory<UInt8>(count: bound)
    let written = bytes.withUnsafeBufferPointer { source in
      source.baseAddress.flatMap { body(memory.base, bound, $0, source.count) }
    }
    guard let written, written < bytes.count else { return nil }
    // Held until a window of batches is written: only what was used.
    return Buffer(count: written) { target in
      _ = target.initialize(from: UnsafeBufferPointer(start: memory.base, count: written))
    }
  }
}
