import CImmerse
import Columnar

extension TextBuffer {
  /// Whether every text is UTF-8. O(bytes).
  var isUTF8: Bool { bytes.isUTF8(cutAt: offsets.count) { Int(offsets[$0]) } }

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

extension Buffer<UInt8> {
  /// Whether the bytes, and each of the parts into which `count` positions cut them, are UTF-8. O(bytes).
  func isUTF8(cutAt count: Int, _ position: (Int) -> Int) -> Bool {
    let isASCII = withUnsafeBufferPointer { bytes in
      // The kernel reads whole blocks, and what follows the bytes may not be ours to read.
      let blocks = bytes.count & ~63
      return !imm_csv_count(bytes.baseAddress, blocks, 0).has_non_ascii && bytes[blocks...].allSatisfy { $0 < 0x80 }
    }
    if isASCII { return true }
    guard (try? UTF8Span(validating: span)) != nil else { return false }
    return (0..<count).allSatisfy { index in
      let cut = position(index)
      return cut >= self.count || self[cut] & 0xc0 != 0x80
    }
  }
}
