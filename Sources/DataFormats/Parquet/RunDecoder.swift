import Columnar

/// Small whole numbers of a fixed number of bits, in runs: of one number so many times, or of numbers packed bit by bit.
///
/// Parquet's levels, dictionary codes and truth values are written so.
struct RunDecoder {
  private let bytes: Buffer<UInt8>
  private let width: Int
  private var position = 0
  /// Numbers left in the run.
  private var left = 0
  /// The number that a run repeats; nil where the run is packed.
  private var repeated: Int32?
  /// The bit at which the packed numbers go on.
  private var bit = 0

  /// - Throws: `badData` where the numbers are wider than 32 bits.
  init(_ bytes: Buffer<UInt8>, width: Int) throws(ImmerseError) {
    guard (0...32).contains(width) else { throw .damagedParquet }
    self.bytes = bytes
    self.width = width
  }

  /// One packed run, without a header, of as many bits as there are.
  init(packedBits bytes: Buffer<UInt8>) {
    self.bytes = bytes
    width = 1
    position = bytes.count
    left = 8 * bytes.count
  }

  /// The next numbers of one run, at most `limit` of them.
  ///
  /// - Throws: `badData` where the numbers end before.
  private mutating func run(_ limit: Int) throws(ImmerseError) -> Int {
    while left == 0 {
      guard let header = bytes.varint(at: &position) else { throw .damagedParquet }
      if header & 1 == 0 {
        let size = (width + 7) / 8
        guard header >> 1 <= UInt64(Int32.max), size <= bytes.count - position else { throw .damagedParquet }
        left = Int(header >> 1)
        var value: UInt32 = 0
        for byte in 0..<size { value |= UInt32(bytes[position + byte]) << UInt32(8 * byte) }
        repeated = Int32(bitPattern: value)
        position += size
      } else {
        guard header >> 1 <= UInt64(Int32.max) / 8 else { throw .damagedParquet }
        repeated = width == 0 ? 0 : nil
        left = Int(header >> 1) * 8
        bit = 8 * position
        // The last group may be cut short.
        if width > 0 { left = min(left, 8 * (bytes.count - position) / width) }
        position = min(bytes.count, position + Int(header >> 1) * width)
      }
    }
    return min(left, limit)
  }

  mutating func skip(_ count: Int) throws(ImmerseError) {
    var skipped = 0
    while skipped < count {
      let next = try run(count - skipped)
      advance(next)
      skipped += next
    }
  }

  private mutating func advance(_ count: Int) {
    left -= count
    if repeated == nil { bit += count * width }
  }

  /// The next numbers. O(count).
  ///
  /// - Throws: `badData` where they end before.
  mutating func read(_ count: Int, into target: UnsafeMutablePointer<Int32>) throws(ImmerseError) {
    var filled = 0
    while filled < count {
      let next = try run(count - filled)
      if let repeated {
        (target + filled).update(repeating: repeated, count: next)
      } else {
        bytes.withUnsafeBufferPointer { Self.unpack(next, $0, at: bit, width: width, into: target + filled) }
      }
      advance(next)
      filled += next
    }
  }

  /// The next numbers of one bit as flags; returns how many of them are 1. O(count).
  mutating func readFlags(_ count: Int, into target: UnsafeMutablePointer<Bool>) throws(ImmerseError) -> Int {
    var (filled, set) = (0, 0)
    while filled < count {
      let next = try run(count - filled)
      if let repeated {
        (target + filled).update(repeating: repeated == 1, count: next)
        set += repeated == 1 ? next : 0
      } else {
        let (start, target) = (bit, target + filled)
        set += bytes.withUnsafeBufferPointer { bytes in
          var ones = 0
          for index in 0..<next {
            let bit = start + index
            let isSet = bytes[bit >> 3] >> UInt8(bit & 7) & 1 == 1
            target[index] = isSet
            ones += isSet ? 1 : 0
          }
          return ones
        }
      }
      advance(next)
      filled += next
    }
    return set
  }

  /// Packed numbers from a bit on; eight bytes can be read at each of them, because all buffers are padded.
  static func unpack(
    _ count: Int, _ bytes: UnsafeBufferPointer<UInt8>, at start: Int, width: Int,
    into target: UnsafeMutablePointer<Int32>
  ) {
    guard let base = UnsafeRawPointer(bytes.baseAddress) else { return }
    let mask = UInt64(1) << UInt64(width) - 1
    var bit = start
    for index in 0..<count {
      let word = UInt64(littleEndian: (base + bit >> 3).loadUnaligned(as: UInt64.self))
      target[index] = Int32(truncatingIfNeeded: word >> UInt64(bit & 7) & mask)
      bit += width
    }
  }
}
