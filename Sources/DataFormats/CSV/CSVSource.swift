public import Columnar
public import DataShaping
public import Streaming

/// A text table: comma, semicolon or tab between cells, names in the first row.
///
/// Quotes carry no type: a column whose non-empty cells all read as numbers is numeric, an empty cell is a missing
/// value. Opening surveys the file once for its rows; cells are read when they are asked for, and only those of the
/// requested columns.
public struct CSVSource: RandomAccessSource {
  public let name: String
  public let columnNames: [String]
  public var rowCount: Int { index.rowCount }

  private let positions: [String: Int]
  private let text: FileBytes
  private let index: CSVIndex
  /// With the separator as found.
  let dialect: CSVDialect
  let threads: Int
  let knownTypes = KnownTypes()
  private let pace: Pace

  /// How much is done at a time; no setting changes a result.
  struct Pace {
    /// Text in a block of the index.
    var blockBytes = 1 << 18
    /// Cells split before they are read: with their text they fit into the second-level cache.
    var cells = 1 << 14
  }

  /// Opens a file, plain, or compressed by gzip or zstd; `-` is standard input. O(bytes).
  ///
  /// - Throws: `noInput` where it cannot be opened; `badData` where it is empty, two columns share a name, a quote is
  ///   left open, or the text is not in the encoding it should be.
  public init(
    path: String, dialect: CSVDialect = CSVDialect(), threads: Int = availableProcessors
  ) throws(ImmerseError) {
    let name = path == "-" ? "standard input" : path
    try self.init(FileBytes(path: path), name: name, dialect: dialect, threads: threads)
  }

  init(
    _ file: FileBytes, name: String, dialect: CSVDialect, threads: Int, pace: Pace = Pace()
  ) throws(ImmerseError) {
    try dialect.check()
    var text = try file.isGzip ? file.inflated(name: name) : file.isZstd ? file.expanded(name: name) : file
    if dialect.encoding == .latin1 { text = try text.decodedFromLatin1() }
    let header = try CSVHeader(text, name: name, dialect: dialect)
    var range = header.end..<text.buffer.count
    if header.names.count > 1 { range = text.withoutBlankLines(atEndOf: range) }
    let diagnosis = CSVDiagnosis(
      text: text, name: name, separator: header.separator, quote: dialect.quote, columnNames: header.names)
    index = try CSVIndex(text, range: range, blockBytes: pace.blockBytes, threads: threads, diagnosis: diagnosis)
    self.name = name
    columnNames = header.names
    positions = Dictionary(uniqueKeysWithValues: header.names.enumerated().map { ($1, $0) })
    self.text = text
    self.dialect = CSVDialect(
      separator: header.separator, quote: dialect.quote, decimal: dialect.decimal, missingCodes: dialect.missingCodes)
    self.threads = threads
    self.pace = pace
  }

  public func place(ofRow row: Int, column: String?) -> ImmerseError.Place {
    guard row < rowCount else { return ImmerseError.Place(file: name) }
    return diagnosis.place(
      ofByte: index.bytes(ofRows: row..<row + 1).lowerBound, column: column.flatMap { positions[$0] })
  }

  public func rows(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    let positions = try find(columns.map(\.name))
    let forms = try forms(of: columns)
    let arena = ColumnArena(columns: forms.count { $0.isNumeric }, rows: rows.count)
    var readers = forms.map { form -> any CSVColumnReader in
      switch form {
      case .float64: CSVNumberReader<Double>(rows: rows.count, dialect: dialect, arena: arena)
      case .int64: CSVNumberReader<Int64>(rows: rows.count, dialect: dialect, arena: arena)
      case .category: CSVCategoryReader(rows: rows.count, dialect: dialect)
      default: CSVTextReader(rows: rows.count, dialect: dialect)
      }
    }
    try read(rows, ofColumns: positions) { readers[$0].read($1) }
    var delivered: [(name: String, column: Column)] = []
    for (request, reader) in zip(columns, readers) { delivered.append((request.name, try reader.finish())) }
    return Batch(delivered, rowCount: rows.count, firstRow: rows.lowerBound)
  }

  /// The type in which each request is delivered.
  private func forms(of columns: [ColumnRequest]) throws(ImmerseError) -> [DataType] {
    // Only where numbers have a decimal point does their text mean the same to every other reader.
    let copiesText = dialect.decimal == UInt8(ascii: ".")
    let forms = columns.map { request -> DataType? in
      switch request.kind {
      case .number: .float64
      case .category: .category
      case .verbatim: copiesText ? .text : nil
      case .native, .automatic: nil
      }
    }
    let open = zip(columns, forms).filter { $0.1 == nil }.map(\.0.name)
    let types = try open.isEmpty ? [:] : types(of: open)
    return zip(columns, forms).map { $1 ?? types[$0.name] ?? .text }
  }

  /// Hands the cells of some rows to `reader`, with the place of their column in `columns`; it returns the first row
  /// it refuses.
  func read(
    _ rows: Range<Int>, ofColumns columns: [Int], _ reader: (Int, CSVCells) -> Int?
  ) throws(ImmerseError) {
    if rows.isEmpty { return }
    let range = index.bytes(ofRows: rows)
    // Positions within a run of rows are held in 32 bits.
    guard range.count < Int(Int32.max) else {
      if rows.count == 1 {
        throw ImmerseError(
          .badData, "the row takes more than 2 GB", place: diagnosis.place(ofByte: range.lowerBound),
          remedy: "a quote may be left open before it")
      }
      let middle = rows.lowerBound + rows.count / 2
      try read(rows.lowerBound..<middle, ofColumns: columns, reader)
      return try read(middle..<rows.upperBound, ofColumns: columns, reader)
    }
    try text.buffer.withUnsafeBufferPointer { bytes throws(ImmerseError) in
      guard let base = bytes.baseAddress else { return }
      let before = base + range.lowerBound - 1
      var splitter = CSVSplitter(
        after: before, count: range.count, columns: columnNames.count, separator: dialect.separator ?? 0,
        quote: dialect.quote, hasCarriageReturns: index.hasCarriageReturns, cellsAtATime: pace.cells)
      while true {
        guard let count = splitter.next() else { throw diagnosis.firstFault(in: range) }
        if count == 0 { return }
        for (place, column) in columns.enumerated() {
          let cells = splitter.cells(ofColumn: column)
          if let row = reader(place, cells) {
            throw diagnosis.notANumber(at: cells[row].start - base, column: column)
          }
        }
      }
    }
  }

  private var diagnosis: CSVDiagnosis {
    CSVDiagnosis(
      text: text, name: name, separator: dialect.separator ?? 0, quote: dialect.quote, columnNames: columnNames)
  }

  /// The positions of named columns.
  func find(_ names: [String]) throws(ImmerseError) -> [Int] {
    var found: [Int] = []
    for name in names {
      guard let position = positions[name] else {
        throw .missingColumn(name, among: columnNames).at(ImmerseError.Place(file: self.name, line: 1))
      }
      found.append(position)
    }
    return found
  }
}

extension FileBytes {
  /// The range without the blank lines at its end, which carry no row.
  fileprivate func withoutBlankLines(atEndOf range: Range<Int>) -> Range<Int> {
    var end = range.upperBound
    while end > range.lowerBound, buffer[end - 1] == CSVByte.newline {
      var previous = end - 1
      if previous > range.lowerBound, buffer[previous - 1] == CSVByte.carriageReturn { previous -= 1 }
      guard previous == range.lowerBound || buffer[previous - 1] == CSVByte.newline else { break }
      end = previous
    }
    return range.lowerBound..<end
  }
}
