import Columnar

extension TextBuffer {
  /// Calls `body` with the bytes of every text, in order.
  @inline(__always)
  func forEachText(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    offsets.withUnsafeBufferPointer { offsets in
      bytes.withUnsafeBufferPointer { bytes in
        for row in 0..<count {
          let start = Int(offsets[row])
          body(UnsafeBufferPointer(rebasing: bytes[start..<Int(offsets[row + 1])]))
        }
      }
    }
  }
}
