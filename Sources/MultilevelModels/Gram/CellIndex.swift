import Columnar
import Streaming

/// Numbers the combinations of group codes that occur, in the order in which they first appear.
struct CellIndex: Sendable {
  /// The first pairs the codes of the first two columns, each further one the number so far with the next column's
  /// code. A single column is its own key.
  private var indexes: [KeyIndex]
  private let columnCount: Int

  init(columnCount: Int) {
    self.columnCount = columnCount
    indexes = Array(repeating: KeyIndex(), count: max(1, columnCount - 1))
  }

  var count: Int { indexes[indexes.count - 1].count }

  /// The number of a combination. Amortised O(columns).
  mutating func insert(_ code: (Int) -> Int32) -> Int {
    if columnCount == 1 { return indexes[0].insert(UInt64(code(0))) }
    var number = Int(code(0))
    for column in 1..<columnCount {
      number = indexes[column - 1].insert(KeyIndex.pair(number, Int(code(column))))
    }
    return number
  }

  /// Takes over the combinations of another index.
  ///
  /// - Returns: the number here of each combination there.
  mutating func insert(contentsOf other: CellIndex) -> [Int] {
    var numbers: [Int] = []
    for (position, index) in other.indexes.enumerated() {
      // The first part of a key is a code of the first column, or the number in the index before.
      let known = numbers
      numbers = index.keys.map { key in
        let parts = KeyIndex.parts(key)
        return indexes[position].insert(position == 0 ? key : KeyIndex.pair(known[parts.first], parts.second))
      }
    }
    return numbers
  }

  /// The codes of all combinations, column by column. O(combinations · columns).
  func codesByColumn() -> [[Int32]] {
    if columnCount == 1 { return [indexes[0].keys.map { Int32(truncatingIfNeeded: $0) }] }
    var columns = [[Int32]](repeating: [], count: columnCount)
    var numbers = Array(0..<count)
    for column in (1..<columnCount).reversed() {
      let keys = indexes[column - 1].keys
      columns[column] = numbers.map { Int32(truncatingIfNeeded: KeyIndex.parts(keys[$0]).second) }
      numbers = numbers.map { KeyIndex.parts(keys[$0]).first }
    }
    columns[0] = numbers.map { Int32(truncatingIfNeeded: $0) }
    return columns
  }

  func write(to blob: inout BlobWriter) {
    for index in indexes { blob.write(index.keys) }
  }

  /// - Throws: `badData` where the keys are not those of codes below these numbers of levels.
  mutating func read(from blob: inout BlobReader, levelCounts: [Int]) throws(ImmerseError) {
    for position in indexes.indices {
      let keys = try blob.keys()
      let limits = (
        position == 0 ? levelCounts[0] : indexes[position - 1].count, columnCount == 1 ? 0 : levelCounts[position + 1]
      )
      for key in keys {
        let parts = columnCount == 1 ? (Int(exactly: key) ?? .max, -1) : KeyIndex.parts(key)
        guard parts.0 < limits.0, parts.1 < limits.1 else { throw .brokenPartial }
      }
      indexes[position] = KeyIndex(keys)
      guard indexes[position].count == keys.count else { throw .brokenPartial }
    }
  }
}
