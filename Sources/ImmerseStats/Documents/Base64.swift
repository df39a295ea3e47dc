/// Bytes as text (RFC 4648), for documents that hold texts only.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let filler = UInt8(ascii: "=")

  static func text(of bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      let bits = (0..<3).reduce(UInt32(0)) { $0 << 8 | UInt32($1 < part.count ? part[start + $1] : 0) }
      for place in 0..<4 {
        text.append(place <= part.count ? alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 63)] : filler)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil where the text is of another kind.
  static func bytes(of text: String) -> [UInt8]? {
    let characters = Array(text.utf8)
    guard characters.count % 4 == 0 else { return nil }
    var values = [UInt32?](repeating: nil, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt32(value) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(characters.count / 4 * 3)
    let end = characters.lastIndex { $0 != filler }.map { $0 + 1 } ?? 0
    guard characters.count - end <= 2 else { return nil }
    for start in stride(from: 0, to: characters.count, by: 4) {
      let part = characters[start..<min(start + 4, end)]
      var bits: UInt32 = 0
      for character in part {
        guard let value = values[Int(character)] else { return nil }
        bits = bits << 6 | value
      }
      bits <<= 6 * UInt32(4 - part.count)
      for place in 0..<(part.count - 1) { bytes.append(UInt8(truncatingIfNeeded: bits >> (16 - 8 * UInt32(place)))) }
    }
    return bytes
  }
}
