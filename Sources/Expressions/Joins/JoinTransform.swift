public import Columnar
public import Streaming

/// Attaches the columns of a small table, of sites or countries, to the rows that name one of its keys: a
/// many-to-one join.
///
/// Keys are compared by their text as it stands in the files, so the number 1 of one file matches the text `1` of
/// the other, while `01` does not. A row whose key is missing or not in the table gets missing values; a `JoinCheck`
/// counts such rows.
public struct JoinTransform: Transform {
  /// The column of the rows that holds the key.
  public let key: String
  /// What messages call the table.
  public let tableName: String
  let tableRows: [String: Int32]
  private let fields: [Field]
  private let columns: [Column]
  private let described: [String: VariableMetadata]

  /// Reads the table into memory.
  ///
  /// - Parameters:
  ///   - key: the column of the rows that holds the key.
  ///   - tableKey: the table's key column, where it has another name.
  ///   - columns: the columns to attach; all but the key where nil.
  /// - Throws: `badData` where a column does not exist, or where a key is missing or stands twice in the table.
  public init(
    _ table: any Source, key: String, tableKey: String? = nil, columns: [String]? = nil, with engine: Engine
  ) throws(ImmerseError) {
    let tableKey = tableKey ?? key
    let names = columns ?? table.columnNames.filter { $0 != tableKey }
    if names.isEmpty {
      throw ImmerseError(.usage, "the join attaches no column", place: ImmerseError.Place(file: table.name))
    }
    self.key = key
    described = names.reduce(into: [:]) { all, name in
      all[name] = table.metadata(of: name)
      all[name]?.storage = nil
    }
    tableName = table.name
    let types = try table.types(of: names)
    fields = names.map { Field($0, types[$0]?.isNumeric == true ? .float64 : .category) }
    // Everything is read as categories, which keep the text of numbers for joins and groups.
    let requests = ([tableKey] + names).map(ColumnRequest.category).merged
    let dataset = try Dataset(table, columns: requests, engine: engine)
    var keys = TableKeys(column: tableKey, table: table.name)
    var codes = [[Int32]](repeating: [], count: names.count)
    for chunk in 0..<dataset.chunkCount {
      let batch = try dataset.chunk(chunk, requests)
      try keys.absorb(try batch.categories(tableKey), firstRow: batch.firstRow)
      for (index, name) in names.enumerated() { codes[index] += try batch.categories(name).codes.array }
    }
    tableRows = keys.rows
    self.columns = zip(names, codes).map { name, codes in
      Column(.category(Buffer(codes), dataset.profile.levels[name] ?? Levels([])))
    }
  }

  public var inputs: [ColumnRequest] { [.category(key)] }
  public var outputs: [Field] { fields }

  /// The labels and missing codes that the table's own file says of a column.
  public func metadata(of output: String) -> VariableMetadata? { described[output] }

  public func apply(to batch: Batch) throws(ImmerseError) -> Batch {
    let rows = matches(try batch.categories(key))
    var joined = batch
    for (field, column) in zip(fields, columns) { joined.set(field.name, column.gathering(rows)) }
    return joined
  }

  /// The table's row for each key, negative where there is none. One look-up for each level.
  private func matches(_ keys: Categories) -> Buffer<Int32> {
    let map = keys.levels.names.map { tableRows[$0] ?? -1 }
    return keys.codes.mapped { $0 < 0 ? -1 : map[Int($0)] }
  }
}

extension Source {
  /// This source with the columns of a table attached.
  ///
  /// - Throws: `badData` where the key column does not exist; `usage` where a column would be attached whose name the
  ///   rows already use.
  public func joining(_ join: JoinTransform) throws(ImmerseError) -> any Source {
    let known = Set(columnNames)
    if let taken = join.outputs.first(where: { known.contains($0.name) }) {
      throw ImmerseError(
        .usage, "the rows already have a column of the name that \(join.tableName) would attach",
        variable: taken.name, remedy: "rename it in the table, or list the columns to attach without it")
    }
    return try applying(join)
  }
}

/// The row of each key of a table.
private struct TableKeys {
  let column: String
  let table: String
  var rows: [String: Int32] = [:]
  private var count = 0

  init(column: String, table: String) {
    self.column = column
    self.table = table
  }

  mutating func absorb(_ keys: Categories, firstRow: Int) throws(ImmerseError) {
    for (row, code) in keys.codes.array.enumerated() {
      guard code >= 0 else {
        throw mistake("row \(firstRow + row + 1) of the table has no key", "fill it in, or remove the row")
      }
      if let earlier = rows.updateValue(Int32(count), forKey: keys.levels[Int(code)]) {
        throw mistake(
          "rows \(earlier + 1) and \(firstRow + row + 1) of the table have the same key",
          "a joined table needs one row for each key")
      }
      count += 1
    }
  }

  private func mistake(_ problem: String, _ remedy: String) -> ImmerseError {
    ImmerseError(.badData, problem, place: ImmerseError.Place(file: table), variable: column, remedy: remedy)
  }
}
