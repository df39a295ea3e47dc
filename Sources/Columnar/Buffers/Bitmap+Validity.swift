extension Bitmap {
  /// The validity bitmap of rows for which `isPresent` holds, or nil where it holds for all. O(count).
  @inlinable public init?(validity count: Int, isPresent: (Int) -> Bool) {
    var missing = 0
    let bytes = Buffer<UInt8>(count: (count + 7) / 8) { target in
      for byte in 0..<target.count {
        var bits: UInt8 = 0
        for row in byte * 8..<min(byte * 8 + 8, count) { bits |= (isPresent(row) ? 1 : 0) << UInt8(row & 7) }
        missing += min(8, count - byte * 8) - bits.nonzeroBitCount
        target[byte] = bits
      }
    }
    if missing == 0 { return nil }
    self.init(bytes: bytes, count: count)
  }
}
