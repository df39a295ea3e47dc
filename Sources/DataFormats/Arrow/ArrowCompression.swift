public import Columnar
import Synchronization

/// How the buffers of an Arrow file are compressed, by the number that Arrow gives it.
public enum ArrowCodec: UInt8, Sendable {
  case lz4, zstd

  /// - Throws: `usage` where there is no codec of that name.
  public static func named(_ name: String) throws(ImmerseError) -> ArrowCodec {
    switch name {
    case "lz4": return .lz4
    case "zstd": return .zstd
    default:
      throw ImmerseError(.usage, "\"\(name)\" is no compression of Arrow files", remedy: "use zstd or lz4")
    }
  }

  /// A buffer as a compressed file holds it: its size, and then a frame, or -1 and the bytes as they are where a frame
  /// would be no shorter. Nothing remains nothing.
  func compressed(_ bytes: Buffer<UInt8>) -> Buffer<UInt8> {
    if bytes.count == 0 { return bytes }
    let frame = self == .lz4 ? Blocks.lz4Frame(bytes) : Blocks.zstdFrame(bytes)
    let (size, content) = frame.map { (Int64(bytes.count), $0) } ?? (-1, bytes)
    return Buffer(count: 8 + content.count) { target in
      withUnsafeBytes(of: size.littleEndian) { _ = target.initialize(from: $0) }
      content.withUnsafeBufferPointer { _ = target[8...].initialize(from: $0) }
    }
  }
}

/// The compressed buffers of an Arrow file.
///
/// A chunk may need a part of a batch only, and the next chunk another: what was expanded last stays for a while.
final class ArrowCompression: Sendable {
  typealias Codec = ArrowCodec

  private struct Cache {
    var buffers: [Key: Buffer<UInt8>] = [:]
    /// The keys, oldest first.
    var order: [Key] = []
    var bytes = 0
  }

  private struct Key: Hashable {
    var start: UInt
    var count: Int
  }

  private let cache = Mutex(Cache())
  /// Expanded bytes that are kept.
  private static let limit = 256 << 20
  /// No buffer of Arrow's 32-bit layouts is larger.
  private static let largest = Int(Int32.max) + 64

  /// The content of a compressed buffer: eight bytes of its size, -1 where it stands as it is, and then a frame.
  ///
  /// - Throws: `badData` where it is damaged.
  func expand(_ bytes: Buffer<UInt8>, _ codec: Codec) throws(ImmerseError) -> Buffer<UInt8> {
    if bytes.count == 0 { return bytes }
    let size = Int(try bytes.load(Int64.self, at: 0))
    let frame = bytes.slice(8..<bytes.count)
    if size == -1 { return frame }
    guard size >= 0, size <= Self.largest else { throw .damagedArrow }
    let key = bytes.withUnsafeBufferPointer { Key(start: UInt(bitPattern: $0.baseAddress), count: $0.count) }
    if let known = cache.withLock({ $0.buffers[key] }) { return known }
    guard let content = codec == .lz4 ? Blocks.lz4(frame, size: size) : Blocks.zstd(frame, size: size) else {
      throw .damagedArrow
    }
    cache.withLock { cache in
      if cache.buffers.updateValue(content, forKey: key) != nil { return }
      cache.order.append(key)
      cache.bytes += size
      while cache.bytes > Self.limit, cache.order.count > 1 {
        cache.bytes -= cache.buffers.removeValue(forKey: cache.order.removeFirst())?.count ?? 0
      }
    }
    return content
  }
}
