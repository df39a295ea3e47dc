import Columnar

/// The cross-classification of rows by several columns, as single numbers.
struct CellKeys: Sendable {
  let columns: [String]
  let levels: [Levels]

  /// - Throws: `badData` for a row that lacks one of the columns, or has a level that was not there before.
  func keys(_ batch: Batch) throws(ImmerseError) -> [UInt64] {
    var keys = [UInt64](repeating: 0, count: batch.rowCount)
    for (name, levels) in zip(columns, levels) {
      let codes = try batch.categories(name).recoded(to: levels).codes
      for row in keys.indices {
        guard codes[row] >= 0 else {
          throw ImmerseError(
            .badData, "has no category that the margins know", row: batch.firstRow + row, variable: name,
            remedy: "fill it in, or leave such rows out with --where")
        }
        keys[row] = keys[row] * UInt64(levels.count) + UInt64(codes[row])
      }
    }
    return keys
  }
}
