import Columnar

/// Gathers texts end to end.
struct TextBuilder {
  private let offsets: ColumnMemory<Int32>
  private var bytes: ColumnMemory<UInt8>
  private var used = 0
  private var rows = 0
  private var isFull = false

  /// - Precondition: `rows` texts will be appended.
  init(rows: Int) {
    offsets = ColumnMemory(count: rows + 1)
    offsets.base[0] = 0
    bytes = ColumnMemory(count: 16 * rows)
  }

  /// Appends a text after which at least sixteen bytes can be read.
  @inline(__always) mutating func append(padded start: UnsafePointer<UInt8>, _ count: Int) {
    append(upTo: max(count, 16)) { target in
      if count <= 16 { copySixteen(start, to: target) } else { target.update(from: start, count: count) }
      return count
    }
  }

  mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
    append(upTo: text.count) { target in
      if let start = text.baseAddress { target.update(from: start, count: text.count) }
      return text.count
    }
  }

  mutating func append(_ string: String) {
    var string = string
    string.withUTF8 { append($0) }
  }

  @inline(__always) mutating func appendEmpty() {
    rows += 1
    offsets.base[rows] = Int32(truncatingIfNeeded: used)
  }

  /// Appends a text of at most `limit` bytes, which `write` writes and counts.
  @inline(__always) mutating func append(upTo limit: Int, write: (UnsafeMutablePointer<UInt8>) -> Int) {
    if bytes.count - used >= limit || grow(limit) { used += write(bytes.base + used) }
    appendEmpty()
  }

  /// False where the texts would outgrow their offsets.
  private mutating func grow(_ count: Int) -> Bool {
    guard used + count <= Int(Int32.max) else {
      isFull = true
      return false
    }
    let larger = ColumnMemory<UInt8>(count: 2 * (used + count))
    larger.base.update(from: bytes.base, count: used)
    bytes = larger
    return true
  }

  /// - Throws: `badData` where the texts together take more than 2 GB.
  func finish() throws(ImmerseError) -> TextBuffer {
    if isFull { throw .tooMuchText(rows: rows) }
    return TextBuffer(offsets: offsets.buffer, bytes: bytes.buffer.slice(0..<used))
  }
}

extension ImmerseError {
  static func tooMuchText(rows: Int) -> ImmerseError {
    ImmerseError(.badData, "\(rows) rows of a column hold more than 2 GB of text", remedy: "leave the column out")
  }
}

/// Copies sixteen bytes, whatever number of them is wanted: for short texts that is one load and one store.
@inline(__always)
func copySixteen(_ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>) {
  let bytes = UnsafeRawPointer(source).loadUnaligned(as: SIMD16<UInt8>.self)
  UnsafeMutableRawPointer(target).storeBytes(of: bytes, as: SIMD16<UInt8>.self)
}
