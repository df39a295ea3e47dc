import CImmerse
import Columnar

/// The cells of one column in a run of rows, as positions in the text.
struct CSVCells {
  /// The byte at position 0.
  let text: UnsafePointer<UInt8>
  /// For each row, the position of the byte before the cell.
  fileprivate let before: UnsafePointer<UInt32>
  fileprivate let stride: Int
  /// For each row, the position of the byte after the cell.
  fileprivate let ends: UnsafePointer<UInt32>
  fileprivate let endStride: Int
  let count: Int

  /// The bytes of one cell, quotes included. At least `FileBytes.padding` readable bytes follow.
  @inline(__always) subscript(row: Int) -> (start: UnsafePointer<UInt8>, count: Int) {
    let start = Int(before[row &* stride]) &+ 1
    return (text + start, Int(ends[row &* endStride]) &- start)
  }
}

/// Cuts consecutive rows into cells, some rows at a time, so that text and positions stay in the cache while each
/// column is read.
struct CSVSplitter: ~Copyable {
  private let text: UnsafePointer<UInt8>
  private let count: Int
  private let columns: Int
  private let separator: UInt8
  private let quote: UInt8
  /// The end of every cell, after the position before the first one.
  private let ends: UnsafeMutablePointer<UInt32>
  private let capacity: Int
  private var filled = 0
  /// Ends of rows without their carriage return, where the text has any.
  private let rowEnds: UnsafeMutablePointer<UInt32>?
  private var state = imm_csv_state()
  private var rowsSplit = 0
  /// The rows at hand.
  private var rows = 0

  /// Splits the `count` bytes that follow the byte at `text`, about `cellsAtATime` at once.
  ///
  /// - Precondition: a row begins there, and `count` is less than 2^32 - 1.
  init(
    after text: UnsafePointer<UInt8>, count: Int, columns: Int, separator: UInt8, quote: UInt8,
    hasCarriageReturns: Bool,
    cellsAtATime: Int
  ) {
    self.text = text
    self.count = count + 1
    self.columns = columns
    self.separator = separator
    self.quote = quote
    capacity = max(cellsAtATime, 4 * columns) + 64
    ends = .allocate(capacity: capacity + 2)
    rowEnds = hasCarriageReturns ? .allocate(capacity: capacity / columns + 2) : nil
    ends[0] = 0
    state.position = 1
    state.ended = 1
  }

  deinit {
    ends.deallocate()
    rowEnds?.deallocate()
  }

  /// Splits the next rows and returns how many are at hand now: 0 at the end, nil where one is not well formed.
  mutating func next() -> Int? {
    // Cells of a row that was cut begin the next run.
    let used = rows * columns
    filled -= used
    ends.update(from: ends + used, count: filled + 1)
    rowsSplit += rows
    let wasAtEnd = state.position == count
    filled += imm_csv_split(
      text, count, quote, separator, &state, ends + 1 + filled, capacity - filled)
    if state.position == count, !wasAtEnd { closeLastRow() }
    rows = filled / columns
    let isWellFormed = !state.has_stray_quote && state.newlines == rowsSplit + rows && rowsEndWithNewlines()
    return isWellFormed ? rows : nil
  }

  /// Ends the last row at the end of the text where no newline does.
  private mutating func closeLastRow() {
    if Int(ends[filled]) == count - 1, text[count - 1] == CSVByte.newline { return }
    filled += 1
    ends[filled] = UInt32(count)
    state.newlines += 1
  }

  /// As many newlines as rows, and one at the end of each: then none stands elsewhere.
  private func rowsEndWithNewlines() -> Bool {
    var isWellFormed = true
    for row in 0..<rows {
      let end = Int(ends[(row + 1) * columns])
      isWellFormed = isWellFormed && (end == count || text[end] == CSVByte.newline)
      rowEnds?[row] = UInt32(text[end - 1] == CSVByte.carriageReturn ? end - 1 : end)
    }
    return isWellFormed
  }

  /// One column of the rows at hand, valid until the next ones are split.
  func cells(ofColumn column: Int) -> CSVCells {
    let before = UnsafePointer(ends + column)
    if let rowEnds, column == columns - 1 {
      return CSVCells(text: text, before: before, stride: columns, ends: rowEnds, endStride: 1, count: rows)
    }
    return CSVCells(text: text, before: before, stride: columns, ends: before + 1, endStride: columns, count: rows)
  }
}
