import CImmerse
import Columnar
import Streaming
import Synchronization

/// Where the rows of a text table begin.
///
/// The text is surveyed once, in parallel, in blocks. Whether a newline ends a row depends on the quotes before it,
/// which a block does not know; so each block counts its newlines both ways, and the running parity of quotes then
/// says which count holds. A row is found through its block.
struct CSVIndex: Sendable {
  private struct Block {
    var rowsBefore = 0
    var beginsInside = false
  }

  /// The bytes after the header.
  let range: Range<Int>
  let rowCount: Int
  let hasCarriageReturns: Bool
  private let text: FileBytes
  private let blockBytes: Int
  private let blocks: [Block]
  private let quote: UInt8

  /// Surveys the rows in `range` of the text. O(bytes).
  ///
  /// - Throws: `badData` where a quote is left open, or the text holds NUL bytes or is not UTF-8.
  init(
    _ text: FileBytes, range: Range<Int>, blockBytes: Int, threads: Int, diagnosis: CSVDiagnosis
  ) throws(ImmerseError) {
    let blockCount = (range.count + blockBytes - 1) / blockBytes
    let surveyed = Mutex([imm_csv_counts](repeating: imm_csv_counts(), count: blockCount))
    try parallelForEach(blockCount, threads: threads) { (index: Int) throws(ImmerseError) in
      let start = range.lowerBound + index * blockBytes
      let end = min(start + blockBytes, range.upperBound)
      let counts = text.buffer.withUnsafeBufferPointer { bytes in
        imm_csv_count(bytes.baseAddress.map { $0 + start }, end - start, diagnosis.quote)
      }
      if counts.has_nul { throw diagnosis.nul(in: start..<end) }
      if counts.has_non_ascii, let byte = text.firstInvalidUTF8(in: start..<end) { throw diagnosis.notUTF8(at: byte) }
      surveyed.withLock { $0[index] = counts }
    }
    var blocks: [Block] = []
    var next = Block()
    var hasCarriageReturns = false
    for counts in surveyed.withLock({ $0 }) {
      blocks.append(next)
      next.rowsBefore += Int(next.beginsInside ? counts.newlines - counts.newlines_outside : counts.newlines_outside)
      if counts.quotes % 2 == 1 { next.beginsInside.toggle() }
      if counts.has_carriage_return { hasCarriageReturns = true }
    }
    if next.beginsInside { throw diagnosis.firstFault(in: range) }
    let endsWithNewline = range.isEmpty || text.buffer[range.upperBound - 1] == CSVByte.newline
    self.range = range
    rowCount = next.rowsBefore + (endsWithNewline ? 0 : 1)
    self.hasCarriageReturns = hasCarriageReturns
    self.text = text
    self.blockBytes = blockBytes
    self.blocks = blocks
    quote = diagnosis.quote
  }

  /// The bytes of some rows. O(log blocks + block).
  func bytes(ofRows rows: Range<Int>) -> Range<Int> {
    offset(ofRow: rows.lowerBound)..<offset(ofRow: rows.upperBound)
  }

  private func offset(ofRow row: Int) -> Int {
    if row == 0 { return range.lowerBound }
    if row >= rowCount { return range.upperBound }
    // The last block with fewer rows before it holds the newline after which the row begins.
    var low = 0, high = blocks.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if blocks[middle].rowsBefore < row { low = middle } else { high = middle }
    }
    let start = range.lowerBound + low * blockBytes
    let block = blocks[low]
    return text.buffer.withUnsafeBufferPointer { bytes in
      start
        + imm_csv_skip(
          bytes.baseAddress.map { $0 + start }, range.upperBound - start, quote, block.beginsInside,
          row - block.rowsBefore)
    }
  }
}
