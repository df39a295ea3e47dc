public import Columnar

/// Rows that can be read again and again, any part at a time and by several threads at once.
///
/// A source is cut into chunks of `chunkRows` consecutive rows, counted before any filter: the unit in which rows
/// are read, computed on and written, whatever batches a file was written in. A stream that can be read only once
/// is stored first.
public protocol Source: Sendable {
  /// What messages call the source; a file name where it has one.
  var name: String { get }
  var columnNames: [String] { get }
  /// Columns that can be asked for but are no part of a plain copy, such as the reasons of missing values.
  var hiddenColumnNames: [String] { get }
  /// Rows before any filter.
  var rowCount: Int { get }

  /// What the source says about a column beside its values, or nil where it says nothing.
  func metadata(of column: String) -> VariableMetadata?

  /// The type of each named column. Reads the rows where the format does not say.
  ///
  /// - Throws: `badData` where a column does not exist.
  func types(of columns: [String]) throws(ImmerseError) -> [String: DataType]

  /// The requested columns of one chunk; fewer rows than the chunk has where a filter dropped some.
  ///
  /// `automatic` requests are resolved by `types(of:)` beforehand and never reach this call. Categories carry levels
  /// of the source's own choosing, which may differ between chunks.
  ///
  /// - Throws: `badData` where a column does not exist or a cell contradicts the request.
  func chunk(_ index: Int, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch

  /// What is known of a column's values in some rows without reading them; nil where they would have to be read.
  func bounds(of column: String, in rows: Range<Int>) -> ValueBounds?

  /// Where a row stands, and its cell of a column where one is named, for messages.
  func place(ofRow row: Int, column: String?) -> ImmerseError.Place
}

/// The number of rows in every chunk of a source but the last.
public let chunkRows = 65_536

extension Source {
  public var chunkCount: Int { (rowCount + chunkRows - 1) / chunkRows }

  /// The source rows of one chunk.
  public func rows(ofChunk index: Int) -> Range<Int> {
    index * chunkRows..<min((index + 1) * chunkRows, rowCount)
  }

  public var hiddenColumnNames: [String] { [] }

  public func metadata(of column: String) -> VariableMetadata? { nil }

  public func bounds(of column: String, in rows: Range<Int>) -> ValueBounds? { nil }

  public func place(ofRow row: Int, column: String?) -> ImmerseError.Place { ImmerseError.Place(file: name) }

  /// Runs work on the rows, and gives its errors the places of their rows.
  public func locatingErrors<Result>(
    _ work: () throws(ImmerseError) -> Result
  ) throws(ImmerseError) -> Result {
    do { return try work() } catch {
      throw error.at(error.row.map { place(ofRow: $0, column: error.variable) } ?? ImmerseError.Place(file: name))
    }
  }

  /// - Throws: `badData` for the first of the names that is no column.
  public func require(_ names: some Sequence<String>) throws(ImmerseError) {
    let known = columnNames
    let hidden = hiddenColumnNames
    for name in names where !known.contains(name) && !hidden.contains(name) {
      throw ImmerseError.missingColumn(name, among: known).at(ImmerseError.Place(file: self.name, line: 1))
    }
  }

  /// The requests with every `automatic` one replaced by what the column's type makes of it.
  ///
  /// - Throws: `badData` where a column does not exist.
  public func resolve(_ requests: [ColumnRequest]) throws(ImmerseError) -> [ColumnRequest] {
    try require(requests.map(\.name))
    let open = requests.filter { $0.kind == .automatic }.map(\.name)
    if open.isEmpty { return requests }
    let types = try types(of: open)
    return requests.map { request in
      guard request.kind == .automatic else { return request }
      return ColumnRequest(request.name, types[request.name]?.isNumeric == true ? .number : .category)
    }
  }
}
