public import Columnar
import DataShaping
import Streaming
import Synchronization

/// The types found so far, so that a column is examined once.
final class KnownTypes: Sendable {
  private let found = Mutex([String: DataType]())

  func known(_ names: [String]) -> [String: DataType] {
    found.withLock { found in names.reduce(into: [:]) { $0[$1] = found[$1] } }
  }

  func add(_ types: [String: DataType]) {
    found.withLock { $0.merge(types) { _, new in new } }
  }
}

extension CSVSource {
  /// `int64` where every non-empty cell is a whole number, `float64` where every one is a number, else `text`. Reads
  /// the columns through to the end, unless the first rows already hold text. O(rows), once for each column.
  public func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    _ = try find(columns)
    let known = knownTypes.known(columns)
    var open = columns.filter { known[$0] == nil }
    if open.isEmpty { return known }
    var found = Dictionary(uniqueKeysWithValues: Set(open).map { ($0, CellKind.empty) })
    if rowCount > 0 { try examine([0], open, &found) }
    open.removeAll { found[$0] == .text }
    if !open.isEmpty { try examine(Array(1..<max(1, chunkCount)), open, &found) }
    knownTypes.add(found.mapValues(\.type))
    return knownTypes.known(columns)
  }

  private func examine(
    _ chunks: [Int], _ columns: [String], _ found: inout [String: CellKind]
  ) throws(ImmerseError) {
    let positions = try find(columns)
    let kinds = Mutex([CellKind](repeating: .empty, count: columns.count))
    try parallelForEach(chunks.count, threads: threads) { (index: Int) throws(ImmerseError) in
      let start = kinds.withLock { $0 }
      var readers = start.map { CSVKindReader($0, dialect: dialect) }
      try read(rows(ofChunk: chunks[index]), ofColumns: positions) { column, cells in
        readers[column].read(cells)
        return nil
      }
      let seen = readers.map(\.kind)
      kinds.withLock { kinds in
        for column in kinds.indices { kinds[column] = max(kinds[column], seen[column]) }
      }
    }
    for (name, kind) in zip(columns, kinds.withLock({ $0 })) { found[name] = max(found[name] ?? .empty, kind) }
  }
}

/// What the cells of a column have been so far; a later case admits what the earlier ones do.
private enum CellKind: Comparable {
  case empty, integer, number, text

  var type: DataType {
    switch self {
    case .integer: .int64
    case .empty, .number: .float64
    case .text: .text
    }
  }
}

/// Finds the narrowest kind that admits all cells, and keeps none of them.
private struct CSVKindReader {
  private(set) var kind: CellKind
  private let decimal: UInt8
  private let codes: MissingCodes
  private var integers = ColumnMemory<Int64>(count: 0)
  private var numbers = ColumnMemory<Double>(count: 0)

  init(_ kind: CellKind, dialect: CSVDialect) {
    self.kind = kind
    decimal = dialect.decimal
    codes = MissingCodes(dialect)
  }

  mutating func read(_ cells: CSVCells) {
    if kind <= .integer {
      if integers.count < cells.count { integers = ColumnMemory(count: cells.count) }
      if Int64.read(cells, decimal: decimal, codes: codes, into: integers.base) != nil {
        kind = .number
      } else if kind == .empty, (0..<cells.count).contains(where: { integers.base[$0] != .missing }) {
        kind = .integer
      }
    }
    if kind == .number {
      if numbers.count < cells.count { numbers = ColumnMemory(count: cells.count) }
      if Double.read(cells, decimal: decimal, codes: codes, into: numbers.base) != nil { kind = .text }
    }
  }
}
