/// One bit a row, least significant bit first, as Arrow stores validity and booleans.
public struct Bitmap: Sendable {
  let bytes: Buffer<UInt8>
  let offset: Int
  public let count: Int

  /// Reads `count` bits of `bytes`, beginning at bit `offset`.
  public init(bytes: Buffer<UInt8>, offset: Int = 0, count: Int) {
    precondition(offset >= 0 && count >= 0 && offset + count <= bytes.count * 8, "bitmap longer than its bytes")
    self.bytes = bytes
    self.offset = offset
    self.count = count
  }

  /// Packs a predicate over `0..<count`. O(count).
  public init(count: Int, where isSet: (Int) -> Bool) {
    bytes = Buffer(count: (count + 7) / 8) { target in
      target.initialize(repeating: 0)
      for row in 0..<count where isSet(row) {
        target[row >> 3] |= 1 << UInt8(row & 7)
      }
    }
    offset = 0
    self.count = count
  }

  public subscript(row: Int) -> Bool {
    precondition(row >= 0 && row < count, "row outside the bitmap")
    let bit = offset + row
    return bytes[bit >> 3] & (1 << UInt8(bit & 7)) != 0
  }

  /// A part of the bitmap, sharing its memory. O(1).
  public func slice(_ range: Range<Int>) -> Bitmap {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "slice outside the bitmap")
    return Bitmap(bytes: bytes, offset: offset + range.lowerBound, count: range.count)
  }

  /// The bytes with the first row at bit 0, as a file format wants them. O(count) unless already aligned.
  public var packedBytes: Buffer<UInt8> {
    let length = (count + 7) / 8
    if offset & 7 == 0 { return bytes.slice((offset >> 3)..<((offset >> 3) + length)) }
    return Bitmap(count: count) { self[$0] }.bytes
  }

  /// How many bits are not set. O(count).
  public var unsetCount: Int {
    packedBytes.withUnsafeBufferPointer { bytes in
      let whole = count / 8
      let last = count % 8 == 0 ? 0 : bytes[whole] & (1 << UInt8(count % 8) - 1)
      return count - bytes[..<whole].reduce(last.nonzeroBitCount) { $0 + $1.nonzeroBitCount }
    }
  }

  /// Calls `body` with every row whose bit is not set, in order. O(count), eight rows at once where all are set.
  @inline(__always)
  public func forEachUnset(_ body: (Int) -> Void) {
    packedBytes.withUnsafeBufferPointer { bytes in
      for byte in 0..<bytes.count {
        var unset = ~bytes[byte]
        while unset != 0 {
          let row = byte * 8 + unset.trailingZeroBitCount
          if row >= count { return }
          body(row)
          unset &= unset - 1
        }
      }
    }
  }
}
