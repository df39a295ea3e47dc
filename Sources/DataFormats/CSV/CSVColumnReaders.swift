import Columnar
import DataShaping

/// Gathers the cells of one column in the form that was asked for.
protocol CSVColumnReader {
  /// Reads the next cells; returns the row of the first that is not of the column's type, nil where all are.
  mutating func read(_ cells: CSVCells) -> Int?

  /// - Throws: `badData` where a column of text outgrows what a batch can hold.
  func finish() throws(ImmerseError) -> Column
}

extension CSVNumber {
  /// Reads all cells, missing codes included; returns the first row whose cell is neither, nil where there is none.
  static func read(
    _ cells: CSVCells, decimal: UInt8, codes: MissingCodes, into target: UnsafeMutablePointer<Self>
  ) -> Int? {
    var row = 0
    while true {
      row = read(cells, from: row, decimal: decimal, quote: codes.quote, into: target)
      if row == cells.count { break }
      guard codes.contain(insideQuotes(cells[row], codes.quote)) else { return row }
      row += 1
    }
    if !codes.isEmpty {
      for row in 0..<cells.count where codes.contain(insideQuotes(cells[row], codes.quote)) { target[row] = missing }
    }
    return nil
  }
}

/// A column of numbers: Float64 with NaN, or Int64 with a bitmap.
struct CSVNumberReader<Value: CSVNumber>: CSVColumnReader {
  private let memory: ColumnMemory<Value>
  private let decimal: UInt8
  private let codes: MissingCodes
  private var rows = 0

  init(rows: Int, dialect: CSVDialect, arena: ColumnArena) {
    memory = ColumnMemory(count: rows, in: arena)
    decimal = dialect.decimal
    codes = MissingCodes(dialect)
  }

  mutating func read(_ cells: CSVCells) -> Int? {
    let refused = Value.read(cells, decimal: decimal, codes: codes, into: memory.base + rows)
    rows += cells.count
    return refused
  }

  func finish() -> Column { Value.column(memory) }
}

/// Codes into levels, the cells as they stand in the file without their quotes.
struct CSVCategoryReader: CSVColumnReader {
  private let memory: ColumnMemory<Int32>
  private let codes: MissingCodes
  private var coder = CategoryCoder()
  private var unquoter: Unquoter
  private var rows = 0

  init(rows: Int, dialect: CSVDialect) {
    memory = ColumnMemory(count: rows)
    codes = MissingCodes(dialect)
    unquoter = Unquoter(dialect)
  }

  mutating func read(_ cells: CSVCells) -> Int? {
    let target = memory.base + rows
    for row in 0..<cells.count {
      let cell = unquoter.text(of: cells[row])
      target[row] = cell.count == 0 || codes.contain(cell) ? -1 : coder.code(of: cell.start, cell.count)
    }
    rows += cells.count
    return nil
  }

  func finish() -> Column { Column(.category(memory.buffer, coder.levels)) }
}

/// The cells as they stand in the file without their quotes, for copying.
struct CSVTextReader: CSVColumnReader {
  private var texts: TextBuilder
  private let codes: MissingCodes
  private var unquoter: Unquoter

  init(rows: Int, dialect: CSVDialect) {
    texts = TextBuilder(rows: rows)
    codes = MissingCodes(dialect)
    unquoter = Unquoter(dialect)
  }

  mutating func read(_ cells: CSVCells) -> Int? {
    for row in 0..<cells.count {
      let cell = unquoter.text(of: cells[row])
      texts.append(padded: cell.start, codes.contain(cell) ? 0 : cell.count)
    }
    return nil
  }

  func finish() throws(ImmerseError) -> Column {
    let text = try texts.finish()
    // An empty cell is a missing one.
    let validity = text.offsets.withUnsafeBufferPointer { offsets in
      Bitmap(validity: text.count) { offsets[$0] != offsets[$0 + 1] }
    }
    return Column(.text(text), validity: validity)
  }
}
