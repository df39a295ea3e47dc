import DataShaping

/// The bytes of a cell; at least `FileBytes.padding` readable bytes follow.
typealias CSVCell = (start: UnsafePointer<UInt8>, count: Int)

/// What stands between the quotes of a cell, doubled ones as they are; the cell itself where it has no quotes.
@inline(__always) func insideQuotes(_ cell: CSVCell, _ quote: UInt8) -> CSVCell {
  cell.count < 2 || cell.start[0] != quote ? cell : (cell.start + 1, cell.count - 2)
}

/// Takes the quotes off cells.
struct Unquoter {
  private let quote: UInt8
  private var scratch = ColumnMemory<UInt8>(count: 256)

  init(_ dialect: CSVDialect) { quote = dialect.quote }

  /// The cell's text, its quotes taken off and doubled ones halved; valid until the next call.
  @inline(__always) mutating func text(of cell: CSVCell) -> CSVCell {
    if cell.count < 2 || cell.start[0] != quote { return cell }
    return undoubled(insideQuotes(cell, quote))
  }

  private mutating func undoubled(_ cell: CSVCell) -> CSVCell {
    let bytes = UnsafeBufferPointer(start: cell.start, count: cell.count)
    if !bytes.contains(quote) { return cell }
    if scratch.count < cell.count + FileBytes.padding {
      scratch = ColumnMemory(count: 2 * cell.count + FileBytes.padding)
    }
    var count = 0
    var position = 0
    while position < bytes.count {
      scratch.base[count] = bytes[position]
      position += bytes[position] == quote ? 2 : 1
      count += 1
    }
    return (UnsafePointer(scratch.base), count)
  }
}

/// The missing codes of a dialect, as bytes.
struct MissingCodes {
  private let codes: [[UInt8]]

  /// The dialect's quote, which is no part of a cell's text.
  let quote: UInt8

  init(_ dialect: CSVDialect) {
    codes = dialect.missingCodes.map { Array($0.utf8) }
    quote = dialect.quote
  }

  var isEmpty: Bool { codes.isEmpty }

  /// Whether a cell, its quotes taken off, is one of the codes.
  @inline(__always) func contain(_ text: CSVCell) -> Bool {
    !codes.isEmpty && codes.contains { $0.elementsEqual(UnsafeBufferPointer(start: text.start, count: text.count)) }
  }
}
