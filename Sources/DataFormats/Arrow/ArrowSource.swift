public import Columnar
public import Streaming

/// An Arrow IPC file or stream, mapped into memory; numbers without missing values are not copied.
///
/// Record batches of any size are cut into chunks anew. Flat columns of numbers, truth values, UTF-8 and coded UTF-8
/// are read, days and times as text in ISO 8601, decimals as Float64; bodies may be compressed. A column of another flat type is refused only when it is asked for.
public struct ArrowSource: RandomAccessSource {
  public let name: String
  public let columnNames: [String]
  public let hiddenColumnNames: [String]
  public let rowCount: Int

  private let contents: ArrowContents
  private let positions: [String: Int]
  private let metadata: [String: VariableMetadata]
  /// The row at which each batch begins.
  private let starts: [Int]

  /// Opens a file; `-` is standard input. O(batches), plus the dictionaries.
  ///
  /// - Throws: `noInput` where it cannot be opened; `badData` where it is damaged or holds nested
  ///   columns.
  public init(path: String) throws(ImmerseError) {
    try self.init(FileBytes(path: path), name: path == "-" ? "standard input" : path)
  }

  init(_ file: FileBytes, name: String) throws(ImmerseError) {
    do {
      contents = try ArrowContents(file.buffer)
    } catch {
      throw error.at(ImmerseError.Place(file: name))
    }
    self.name = name
    let names = contents.fields.map(\.name)
    let known = Set(names)
    let reasons = Set(
      contents.fields.filter { field in
        field.properties.contains { $0.key == VariableMetadata.reasonKey && known.contains($0.text) }
      }.map(\.name))
    columnNames = names.filter { !reasons.contains($0) }
    hiddenColumnNames = names.filter(reasons.contains)
    metadata = contents.fields.reduce(into: [:]) { $0[$1.name] = VariableMetadata(properties: $1.properties) }
    var starts: [Int] = []
    var rows = 0
    for (batch, _) in contents.batches {
      starts.append(rows)
      rows += batch.rowCount
    }
    self.starts = starts
    rowCount = rows
    var positions: [String: Int] = [:]
    for (index, column) in names.enumerated() where positions.updateValue(index, forKey: column) != nil {
      throw ImmerseError(
        .badData, "two columns have this name", place: ImmerseError.Place(file: name), variable: column,
        remedy: "rename one of them")
    }
    self.positions = positions
  }

  public func metadata(of column: String) -> VariableMetadata? { metadata[column] }

  public func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    var types: [String: DataType] = [:]
    for name in columns {
      let index = try find(name)
      types[name] = try located { () throws(ImmerseError) -> DataType in try contents.fields[index].dataType() }
    }
    return types
  }

  public func rows(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    let overlapping = contents.batches.indices.filter {
      starts[$0] < rows.upperBound && rows.lowerBound < starts[$0] + contents.batches[$0].batch.rowCount
    }
    var delivered: [(name: String, column: Column)] = []
    for request in columns {
      let index = try find(request.name)
      let values = try located { () throws(ImmerseError) -> Column in
        let column = try column(index, rows, in: overlapping)
        if request.kind == .category, case .text(let texts) = column.values { return texts.coded(column.validity) }
        return try column.delivered(as: request)
      }
      delivered.append((request.name, values))
    }
    return Batch(delivered, rowCount: rows.count, firstRow: rows.lowerBound)
  }

  private func find(_ name: String) throws(ImmerseError) -> Int {
    guard let position = positions[name] else {
      throw .missingColumn(name, among: columnNames).at(ImmerseError.Place(file: self.name))
    }
    return position
  }

  /// A column's values in some rows, end to end where these span several of the batches.
  private func column(_ index: Int, _ rows: Range<Int>, in batches: [Int]) throws(ImmerseError) -> Column {
    let field = contents.fields[index]
    let type = try field.dataType()
    var pieces: [Column] = []
    for number in batches {
      let (batch, dictionaries) = contents.batches[number]
      let start = starts[number]
      let own = rows.clamped(to: start..<start + batch.rowCount)
      let column = try ArrowColumn(field, at: index, in: batch)
      let dictionary = field.dictionary.flatMap { dictionaries[$0.id] }
      pieces.append(try column.values(own.lowerBound - start..<own.upperBound - start, dictionary: dictionary))
    }
    return try Column.joined(pieces, type: type)
  }

  private func located<Result>(_ body: () throws(ImmerseError) -> Result) throws(ImmerseError) -> Result {
    do {
      return try body()
    } catch {
      throw error.at(ImmerseError.Place(file: name))
    }
  }
}
