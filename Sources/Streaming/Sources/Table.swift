public import Columnar

/// Columns in memory, as a source.
///
/// This is how a program hands over its own arrays:
///
/// ```swift
/// let table = Table([("score", Column([1.5, 2.5, .nan])), ("school", Column(["a", "b", "b"]))])
/// ```
public struct Table: RandomAccessSource {
  public let name: String
  public let batch: Batch

  /// - Precondition: the columns have one length.
  public init(_ columns: [(name: String, column: Column)], name: String = "table") {
    self.name = name
    batch = Batch(columns, rowCount: columns.first?.column.count ?? 0)
  }

  public init(_ batch: Batch, name: String = "table") {
    self.name = name
    self.batch = batch
  }

  public var columnNames: [String] { batch.names }
  public var rowCount: Int { batch.rowCount }

  public func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    try require(columns)
    return zip(batch.names, batch.columns).reduce(into: [:]) { $0[$1.0] = $1.1.type }
  }

  public func rows(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    var part = Batch([], rowCount: rows.count, firstRow: rows.lowerBound)
    for request in columns {
      guard let column = batch[request.name] else { throw .missingColumn(request.name, among: columnNames) }
      part.set(request.name, try column.slice(rows).delivered(as: request))
    }
    return part
  }
}

extension Column {
  /// The column in the form a request names.
  ///
  /// - Throws: `badData` where text is asked for as a number.
  public func delivered(as request: ColumnRequest) throws(ImmerseError) -> Column {
    switch request.kind {
    case .native, .verbatim, .automatic: return self
    case .category:
      let categories = categories
      return Column(.category(categories.codes, categories.levels))
    case .number:
      guard let numbers else {
        throw ImmerseError(
          .badData, "holds text where numbers are needed", variable: request.name,
          remedy: "recode it, or use it as a category")
      }
      return Column(.float64(numbers))
    }
  }
}
