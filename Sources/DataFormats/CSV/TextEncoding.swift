import Columnar

extension FileBytes {
  /// The first byte in a range that does not belong to a well-formed UTF-8 character; characters that begin before
  /// the range belong to what precedes it. O(bytes).
  func firstInvalidUTF8(in range: Range<Int>) -> Int? {
    let start = endOfCharacter(at: range.lowerBound)
    let end = endOfCharacter(at: range.upperBound)
    guard start < end else { return nil }
    do {
      _ = try UTF8Span(validating: buffer.slice(start..<end).span)
      return nil
    } catch {
      return start + error.byteOffsets.lowerBound
    }
  }

  /// The first of at most three following bytes that does not continue a character.
  private func endOfCharacter(at byte: Int) -> Int {
    if byte == 0 { return 0 }
    let limit = min(byte + 3, buffer.count)
    return (byte..<limit).first { buffer[$0] & 0xc0 != 0x80 } ?? limit
  }

  /// The text, written in code page 1252, in UTF-8. O(bytes).
  func decodedFromLatin1() throws(ImmerseError) -> FileBytes {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(buffer.count + buffer.count / 8)
    buffer.withUnsafeBufferPointer { bytes in
      for byte in bytes {
        if byte < 0x80 {
          decoded.append(byte)
        } else {
          let scalar = (0x80..<0xa0).contains(byte) ? Self.windows1252[Int(byte) - 0x80] : UInt16(byte)
          decoded.append(contentsOf: String(Unicode.Scalar(scalar) ?? "\u{fffd}").utf8)
        }
      }
    }
    return try FileBytes(decoded)
  }

  /// What Windows puts where ISO 8859-1 has control characters.
  private static let windows1252: [UInt16] = [
    0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,
    0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
    0x0153, 0x9d, 0x017e, 0x0178,
  ]
}
