import CReadStat
import Columnar

/// The encoding of texts in a file.
enum TextEncodingName: Sendable {
  case utf8
  /// A name that iconv knows.
  case named(String)

  /// What a file calls its encoding; nil where it does not say.
  init?(_ name: String?) {
    guard let name else { return nil }
    self = ["UTF-8", "UTF8", "US-ASCII"].contains(name.uppercased()) ? .utf8 : .named(name)
  }
}

/// Turns texts into UTF-8.
struct TextDecoder: ~Copyable {
  private let descriptor: iconv_t?

  /// - Throws: `badData` where the encoding is not known here.
  init(_ encoding: TextEncodingName) throws(ImmerseError) {
    guard case .named(let name) = encoding else {
      descriptor = nil
      return
    }
    guard let descriptor = iconv_open("UTF-8", name), Int(bitPattern: descriptor) != -1 else {
      throw ImmerseError(.badData, "the texts are in an encoding that is not known (\(name))")
    }
    self.descriptor = descriptor
  }

  deinit { if let descriptor { iconv_close(descriptor) } }

  /// Appends a text without the spaces that fill it up; what cannot be decoded becomes the replacement character.
  mutating func append(_ text: UnsafeBufferPointer<UInt8>, to builder: inout TextBuilder) {
    guard let descriptor, text.contains(where: { $0 >= 0x80 }) else {
      builder.append(trimmedAndSound: text)
      return
    }
    var source = [CChar](unsafeUninitializedCapacity: text.count) { target, count in
      for (index, byte) in text.enumerated() { target[index] = CChar(bitPattern: byte) }
      count = text.count
    }
    var decoded = [UInt8](repeating: 0, count: 4 * text.count + 16)
    let room = decoded.count
    var used = 0
    source.withUnsafeMutableBufferPointer { source in
      decoded.withUnsafeMutableBytes { decoded in
        var input = source.baseAddress
        var left = source.count
        var output = decoded.baseAddress?.assumingMemoryBound(to: CChar.self)
        var free = room
        while left > 0, iconv(descriptor, &input, &left, &output, &free) == -1, free >= 3 {
          // One byte that is no character.
          for byte in [0xef, 0xbf, 0xbd] as [UInt8] {
            output?.pointee = CChar(bitPattern: byte)
            output = output.map { $0 + 1 }
          }
          free -= 3
          input = input.map { $0 + 1 }
          left -= 1
        }
        used = room - free
      }
    }
    decoded.withUnsafeBufferPointer { builder.append(trimmedAndSound: UnsafeBufferPointer(rebasing: $0[..<used])) }
  }
}
