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

  @inline(__always) mutating func append(_ start: UnsafePointer<UInt8>, _ count: Int) {
    append(upTo: count) { target in
      copyShort(start, count, to: target)
      return count
    }
  }

  @inline(__always) mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
    if let base = text.baseAddress { append(base, text.count) } else { appendEmpty() }
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

/// Copies bytes, quickly where they are few; neither side is touched beyond `count`.
@inline(__always)
func copyShort(_ source: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>) {
  if count > 16 {
    target.update(from: source, count: count)
  } else if count >= 8 {
    copyEnds(source, count, to: target, as: UInt64.self)
  } else if count >= 4 {
    copyEnds(source, count, to: target, as: UInt32.self)
  } else if count > 0 {
    target[0] = source[0]
    target[count >> 1] = source[count >> 1]
    target[count - 1] = source[count - 1]
  }
}

/// Copies the first and the last word, which may overlap.
@inline(__always)
private func copyEnds<Word: BitwiseCopyable>(
  _ source: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>, as word: Word.Type
) {
  let end = count - MemoryLayout<Word>.size
  let (from, to) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
  let (first, last) = (from.loadUnaligned(as: Word.self), (from + end).loadUnaligned(as: Word.self))
  to.storeBytes(of: first, as: Word.self)
  (to + end).storeBytes(of: last, as: Word.self)
}
