/// Strings laid out as Arrow's `utf8`: the bytes of all rows end to end, and where each row begins.
public struct TextBuffer: Sendable {
  /// `count + 1` positions in `bytes`; row `i` is `offsets[i]..<offsets[i + 1]`.
  public let offsets: Buffer<Int32>
  public let bytes: Buffer<UInt8>

  public var count: Int { offsets.count - 1 }

  /// - Precondition: `offsets` is not empty, ascends, and ends inside `bytes`.
  public init(offsets: Buffer<Int32>, bytes: Buffer<UInt8>) {
    self.offsets = offsets
    self.bytes = bytes
  }

  public init(_ strings: [String]) {
    var offsets: [Int32] = [0]
    var bytes: [UInt8] = []
    offsets.reserveCapacity(strings.count + 1)
    for string in strings {
      bytes.append(contentsOf: string.utf8)
      offsets.append(Int32(bytes.count))
    }
    self.init(offsets: Buffer(offsets), bytes: Buffer(bytes))
  }

  public subscript(row: Int) -> String {
    let range = Int(offsets[row])..<Int(offsets[row + 1])
    return bytes.slice(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }

  /// A part of the rows, sharing the memory. O(1).
  public func slice(_ range: Range<Int>) -> TextBuffer {
    TextBuffer(offsets: offsets.slice(range.lowerBound..<(range.upperBound + 1)), bytes: bytes)
  }
}
