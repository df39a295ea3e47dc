import Columnar

/// Whole numbers as differences, packed in blocks that each have a smallest difference and, for each of their parts, a
/// number of bits (DELTA_BINARY_PACKED).
struct DeltaDecoder {
  private let bytes: Buffer<UInt8>
  /// Where the next block, or the numbers' end, is.
  private(set) var position = 0
  /// Numbers not read yet.
  private(set) var left: Int
  private var last: Int64
  private var isFirst = true
  private let partsPerBlock: Int
  private let valuesPerPart: Int
  private var smallest: Int64 = 0
  /// Where the bit widths of the block's parts stand.
  private var widths = 0
  /// The part of the block, and the differences left in it.
  private var part: Int
  private var leftInPart = 0
  private var width = 0
  private var bit = 0

  /// No program writes larger blocks; a block of no bits costs next to nothing, so that its size has to be limited.
  private static let largestBlock = 1 << 16

  /// - Throws: `badData` where the header is damaged or claims more than `most` numbers.
  init(_ bytes: Buffer<UInt8>, atMost most: Int) throws(ImmerseError) {
    func next(_ position: inout Int, atMost limit: Int) throws(ImmerseError) -> Int {
      guard let value = bytes.varint(at: &position), value <= UInt64(limit) else { throw .damagedParquet }
      return Int(value)
    }
    var position = 0
    let block = try next(&position, atMost: Self.largestBlock)
    partsPerBlock = try next(&position, atMost: Self.largestBlock)
    guard partsPerBlock > 0, block % partsPerBlock == 0, block / partsPerBlock % 8 == 0, block > 0 else {
      throw .damagedParquet
    }
    valuesPerPart = block / partsPerBlock
    part = partsPerBlock
    left = try next(&position, atMost: most)
    guard let first = bytes.varint(at: &position) else { throw .damagedParquet }
    last = Self.unzigzag(first)
    self.bytes = bytes
    self.position = position
  }

  private static func unzigzag(_ value: UInt64) -> Int64 {
    Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// Calls `body` with the next numbers, in order. O(count).
  ///
  /// - Throws: `badData` where they end before.
  @inline(__always)
  mutating func read(_ count: Int, _ body: (Int64) -> Void) throws(ImmerseError) {
    guard count <= left else { throw .damagedParquet }
    left -= count
    var rest = count
    if rest > 0, isFirst {
      isFirst = false
      body(last)
      rest -= 1
    }
    while rest > 0 {
      if leftInPart == 0 { try nextPart() }
      let run = min(rest, leftInPart)
      let mask: UInt64 = width == 64 ? .max : UInt64(1) << UInt64(width) - 1
      var (value, bit) = (last, bit)
      let (smallest, width) = (smallest, width)
      bytes.withUnsafeBufferPointer { bytes in
        guard let base = UnsafeRawPointer(bytes.baseAddress) else { return }
        for _ in 0..<run {
          // Up to 64 bits may begin within a byte and end in the ninth.
          let low = UInt64(littleEndian: (base + bit >> 3).loadUnaligned(as: UInt64.self)) >> UInt64(bit & 7)
          let high = UInt64((base + bit >> 3 + 8).load(as: UInt8.self)) << UInt64(64 - bit & 7)
          let difference = (bit & 7 == 0 ? low : low | high) & mask
          value = value &+ smallest &+ Int64(bitPattern: difference)
          body(value)
          bit += width
        }
      }
      (last, self.bit) = (value, bit)
      leftInPart -= run
      rest -= run
    }
  }

  private mutating func nextPart() throws(ImmerseError) {
    part += 1
    if part >= partsPerBlock {
      guard let least = bytes.varint(at: &position), partsPerBlock <= bytes.count - position else {
        throw .damagedParquet
      }
      smallest = Self.unzigzag(least)
      widths = position
      position += partsPerBlock
      part = 0
    }
    width = Int(bytes[widths + part])
    guard width <= 64, valuesPerPart / 8 * width <= bytes.count - position else { throw .damagedParquet }
    bit = 8 * position
    position += valuesPerPart / 8 * width
    leftInPart = valuesPerPart
  }
}
