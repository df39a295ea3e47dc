/// One row read byte by byte: for the header, and to say what is wrong with a row that the fast path refused.
struct CSVRecord {
  /// Why a row is not well formed, and the byte at which it shows.
  enum Fault: Error {
    case unterminatedQuote(at: Int)
    case strayQuote(at: Int)
  }

  /// The cells without their quotes.
  private(set) var cells: [[UInt8]] = []
  /// The first byte after the row.
  private(set) var end: Int
  private let quote: UInt8

  /// Reads the row that begins at byte `start`. O(row).
  init(_ text: UnsafeBufferPointer<UInt8>, from start: Int, separator: UInt8, quote: UInt8) throws(Fault) {
    end = start
    self.quote = quote
    while true {
      let isQuoted = end < text.count && text[end] == quote
      cells.append(isQuoted ? try quotedCell(text) : try plainCell(text, separator: separator))
      skipCarriageReturn(text)
      guard end < text.count else { return }
      let last = text[end]
      if last != separator && last != CSVByte.newline { throw .strayQuote(at: end - 1) }
      end += 1
      if last == CSVByte.newline { return }
    }
  }

  private mutating func plainCell(_ text: UnsafeBufferPointer<UInt8>, separator: UInt8) throws(Fault) -> [UInt8] {
    let start = end
    while end < text.count, text[end] != separator, text[end] != CSVByte.newline, !endsLine(text) {
      if text[end] == quote { throw .strayQuote(at: end) }
      end += 1
    }
    return Array(text[start..<end])
  }

  private mutating func quotedCell(_ text: UnsafeBufferPointer<UInt8>) throws(Fault) -> [UInt8] {
    let opening = end
    var cell: [UInt8] = []
    end += 1
    while end < text.count {
      if text[end] != quote {
        cell.append(text[end])
        end += 1
      } else if end + 1 < text.count, text[end + 1] == quote {
        cell.append(quote)
        end += 2
      } else {
        end += 1
        return cell
      }
    }
    throw .unterminatedQuote(at: opening)
  }

  /// Whether a carriage return stands here that belongs to the end of the row.
  private func endsLine(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    text[end] == CSVByte.carriageReturn && (end + 1 == text.count || text[end + 1] == CSVByte.newline)
  }

  private mutating func skipCarriageReturn(_ text: UnsafeBufferPointer<UInt8>) {
    if end < text.count, endsLine(text) { end += 1 }
  }
}
