import CReadStat
import Columnar
import Streaming

/// A file of SPSS, Stata or SAS as it stands: numbers as Float64 with their codes, lettered missing values as NaN that
/// remembers its letter, texts without the spaces that fill them up.
///
/// Only the variables that are asked for are read, of only the rows that are asked for. `DescribedSource` makes missing
/// values of the codes.
struct StatSource: RandomAccessSource {
  let name: String
  let columnNames: [String]
  let rowCount: Int
  private let variables: [StatDictionary.Variable]
  private let positions: [String: Int]
  private let bytes: Buffer<UInt8>
  private let format: StatFormat
  private let encoding: String?
  /// The rows of an SPSS file as they are laid out, where that is a layout of our own reader.
  private let rows: SAVRows?

  /// - Parameter encoding: The encoding of texts, where the file does not say or says it wrongly.
  /// - Throws: `badData` where the file is damaged or of a version that is not read.
  init(
    _ file: FileBytes, name: String, format: StatFormat, encoding: String? = nil, ownReader: Bool = true
  ) throws(ImmerseError) {
    let dictionary = StatDictionary()
    let parser = try StatParser(file.buffer, format, encoding: encoding)
    let status = parser.read(into: dictionary)
    guard status == READSTAT_OK else { throw .unreadable(status, format, name) }
    dictionary.finish()
    self.name = name
    self.format = format
    self.encoding = encoding
    bytes = file.buffer
    variables = dictionary.variables
    columnNames = variables.map(\.name)
    var positions: [String: Int] = [:]
    for (index, column) in columnNames.enumerated() where positions.updateValue(index, forKey: column) != nil {
      throw ImmerseError(
        .badData, "two variables have this name", place: ImmerseError.Place(file: name), variable: column,
        remedy: "rename one of them")
    }
    self.positions = positions
    do {
      rows =
        try ownReader && format == .sav && dictionary.isLittleEndian
        ? SAVRows(file.buffer, variables, encoding: encoding ?? dictionary.encoding) : nil
    } catch {
      throw error.at(ImmerseError.Place(file: name))
    }
    if let rows {
      rowCount = rows.rowCount
    } else if dictionary.rowCount >= 0 {
      rowCount = dictionary.rowCount
    } else {
      let counter = StatRowCounter()
      let status = try StatParser(file.buffer, format, encoding: encoding).count(with: counter)
      guard status == READSTAT_OK else { throw .unreadable(status, format, name) }
      rowCount = counter.count
    }
  }

  func metadata(of column: String) -> VariableMetadata? { positions[column].map { variables[$0].metadata } }

  func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    try require(columns)
    return columns.reduce(into: [:]) { types, name in
      types[name] = positions[name].map { variables[$0].isText } == true ? .text : .float64
    }
  }

  func rows(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    try require(columns.map(\.name))
    var wanted: [Int] = []
    for request in columns {
      if let position = positions[request.name], !wanted.contains(position) { wanted.append(position) }
    }
    let read: [Column]
    if let own = self.rows, own.canRead(wanted) {
      do { read = try own.columns(wanted, of: rows) } catch { throw error.at(ImmerseError.Place(file: name)) }
    } else {
      read = try readByReadStat(rows, wanted)
    }
    var delivered: [(name: String, column: Column)] = []
    for request in columns {
      guard let position = positions[request.name], let index = wanted.firstIndex(of: position) else { continue }
      let column = read[index]
      if request.kind == .category, case .text(let texts) = column.values {
        delivered.append((request.name, texts.coded(column.validity)))
      } else {
        delivered.append((request.name, try column.delivered(as: request)))
      }
    }
    return Batch(delivered, rowCount: rows.count, firstRow: rows.lowerBound)
  }

  private func readByReadStat(_ rows: Range<Int>, _ wanted: [Int]) throws(ImmerseError) -> [Column] {
    let reader = StatRowReader(wanted, of: variables, rows: rows.count)
    // A limit of no rows would mean all of them.
    if !rows.isEmpty, !wanted.isEmpty {
      let status = try StatParser(bytes, format, encoding: encoding).read(rows, into: reader)
      guard status == READSTAT_OK else { throw .unreadable(status, format, name) }
      guard reader.rowsRead == rows.count else {
        throw ImmerseError(
          .badData, "the \(format.program) file ends after \(rows.lowerBound + reader.rowsRead) of \(rowCount) rows",
          place: ImmerseError.Place(file: name), remedy: "copy it again")
      }
    }
    return try reader.finish()
  }
}

extension ImmerseError {
  static func unreadable(_ status: readstat_error_t, _ format: StatFormat, _ file: String) -> ImmerseError {
    if status == READSTAT_ERROR_MALLOC {
      // A length in the file that no memory holds.
      return ImmerseError(
        .badData, "the \(format.program) file is damaged: it claims more than fits into memory",
        place: Place(file: file), remedy: "copy it again")
    }
    let reason = readstat_error_message(status).map { String(cString: $0) } ?? "error \(status.rawValue)"
    return ImmerseError(
      .badData, "is no \(format.program) file that can be read: \(reason)", place: Place(file: file),
      remedy: "copy it again, or save it anew from the program it comes from")
  }
}
