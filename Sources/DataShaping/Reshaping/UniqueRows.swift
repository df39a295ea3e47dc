import Columnar
import Streaming

/// Finds out whether some columns together name every row once.
struct UniqueRows: Fit {
  /// As numbers, or as frozen categories.
  let columns: [ColumnRequest]

  var signature: String { "unique rows by \(columns)" }

  func makePartial() -> Partial { Partial(columns) }

  func finish(_ partial: Partial) throws(ImmerseError) {}

  /// Reads the columns once, and once more where they are text.
  ///
  /// - Throws: `badData` where two rows have the same values, or one lacks a value.
  static func check(_ id: [String], of source: any Source, engine: Engine) throws(ImmerseError) {
    let requests = try source.resolve(id.map { .automatic($0) })
    let texts = Set(requests.filter { $0.kind == .category }.map(\.name))
    let dataset = try Dataset(
      source, columns: requests, unprofiled: Set(id).subtracting(texts), engine: engine)
    try dataset.fit(UniqueRows(columns: requests), with: engine)
  }

  /// The combinations seen, numbered column by column as a tree, and the first row of each.
  struct Partial: Streaming.Partial {
    private let columns: [ColumnRequest]
    private var values: [KeyIndex]
    private var combinations: [KeyIndex]
    private var rows: [Int] = []

    init(_ columns: [ColumnRequest]) {
      self.columns = columns
      values = columns.map { _ in KeyIndex() }
      combinations = columns.dropFirst().map { _ in KeyIndex() }
    }

    mutating func absorb(_ batch: Batch) throws(ImmerseError) {
      var keys: [[UInt64]] = []
      for column in columns { keys.append(try Self.keys(column, batch)) }
      for row in 0..<batch.rowCount {
        try insert(keys.map { $0[row] }, row: batch.firstRow + row)
      }
    }

    private static func keys(_ column: ColumnRequest, _ batch: Batch) throws(ImmerseError) -> [UInt64] {
      func missing(_ row: Int) -> ImmerseError {
        ImmerseError(
          .badData, "has no value, but names the rows", row: batch.firstRow + row, variable: column.name,
          remedy: "fill it in, or leave it out of the id")
      }
      if column.kind == .category {
        let codes = try batch.categories(column.name).codes
        if let row = codes.array.firstIndex(where: { $0 < 0 }) { throw missing(row) }
        return codes.array.map { UInt64($0) }
      }
      let numbers = try batch.numbers(column.name)
      if let row = numbers.array.firstIndex(where: \.isNaN) { throw missing(row) }
      // Both zeros are one number.
      return numbers.array.map { ($0 + 0).bitPattern }
    }

    private mutating func insert(_ keys: [UInt64], row: Int) throws(ImmerseError) {
      var number = values[0].insert(keys[0])
      for (stage, key) in keys.dropFirst().enumerated() {
        number = combinations[stage].insert(KeyIndex.pair(number, values[stage + 1].insert(key)))
      }
      guard number == rows.count else {
        let (first, second) = (min(rows[number], row), max(rows[number], row))
        throw ImmerseError(
          .badData, "rows \(first + 1) and \(second + 1) have the same id", row: second,
          variable: columns.map(\.name).joined(separator: ", "),
          remedy: "an id names one row; add the column that tells them apart, or remove one of them")
      }
      rows.append(row)
    }

    mutating func merge(_ other: Partial) throws(ImmerseError) {
      for (number, row) in other.rows.enumerated() { try insert(other.keys(of: number), row: row) }
    }

    /// The values of a combination, back from its number.
    private func keys(of number: Int) -> [UInt64] {
      var (number, keys) = (number, [UInt64]())
      for stage in combinations.indices.reversed() {
        let parts = KeyIndex.parts(combinations[stage].keys[number])
        keys.append(values[stage + 1].keys[parts.second])
        number = parts.first
      }
      keys.append(values[0].keys[number])
      return keys.reversed()
    }

    func write(to blob: inout BlobWriter) {
      blob.write(rows)
      for number in rows.indices { blob.write(keys(of: number)) }
    }

    mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
      for row in try blob.integers() {
        let keys = try blob.keys()
        guard keys.count == columns.count else { throw .brokenPartial }
        try insert(keys, row: row)
      }
    }
  }
}
