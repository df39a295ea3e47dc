public import Columnar
public import Streaming
import Synchronization

/// Beyond this magnitude the square of a value does not fit a double, and variances come out infinite.
let largestComputable = 1e150

extension UnitMatrix {
  /// Reads one row for each unit, or for each unit and period.
  ///
  /// - Parameters:
  ///   - unit: the column that names the units.
  ///   - codes: the numeric columns wanted.
  ///   - group: the column that groups the units.
  ///   - period: the column of years or other periods, sorted as numbers where they are numbers.
  /// - Throws: `badData` where a column is missing or holds text, infinite values or values beyond 1e150, where a unit has
  ///   no name or two rows have the same, or where there is no unit.
  public init(
    reading source: any Source, unit: String, codes: [String], group: String? = nil, period: String? = nil,
    engine: Engine
  ) throws(ImmerseError) {
    let labels = [group, period].compactMap(\.self)
    let columns: [ColumnRequest] =
      ([.verbatim(unit)] + labels.map { .category($0) } + codes.map { .number($0) }).merged
    try source.require(columns.map(\.name))
    let batches = Mutex([Batch?](repeating: nil, count: source.chunkCount))
    try parallelForEach(source.chunkCount, threads: engine.threads) { (index: Int) throws(ImmerseError) in
      try engine.checkCancellation()
      let batch = try source.locatingErrors { () throws(ImmerseError) in try source.chunk(index, columns) }
      batches.withLock { $0[index] = batch }
    }
    let read = batches.withLock { $0.compactMap(\.self) }
    let period: Categories? = if let period { try Self.categories(read, period) } else { nil }
    let names = try Self.names(read, unit, period, source)
    let joined = Mutex([Buffer<Double>?](repeating: nil, count: codes.count))
    try parallelForEach(codes.count, threads: engine.threads) { (index: Int) throws(ImmerseError) in
      let column = try Self.numbers(read, codes[index], source)
      joined.withLock { $0[index] = column }
    }
    self.init(
      units: names, codes: codes, columns: joined.withLock { $0.compactMap(\.self) },
      group: try group.map { (name) throws(ImmerseError) in try Self.categories(read, name) }, period: period)
  }

  private static func names(
    _ batches: [Batch], _ unit: String, _ period: Categories?, _ source: any Source
  ) throws(ImmerseError) -> UnitNames {
    var parts: [Column] = []
    for batch in batches {
      guard let column = batch[unit] else { throw .missingColumn(unit, among: batch.names) }
      parts.append(column)
    }
    let names = UnitNames(parts)
    if names.isEmpty {
      throw ImmerseError(.badData, "there is no unit to score", place: .init(file: source.name))
    }
    /// The row of the source, which has rows that a filter dropped.
    func sourceRow(_ row: Int) -> Int {
      var left = row
      for batch in batches {
        if left < batch.rowCount { return batch.firstRow + left }
        left -= batch.rowCount
      }
      return row
    }
    func refusal(_ problem: String, _ row: Int) -> ImmerseError {
      let row = sourceRow(row)
      return ImmerseError(
        .badData, problem, place: source.place(ofRow: row, column: unit), row: row, variable: unit,
        remedy: "keep one named row for each unit"
          + (period == nil ? ", name another column of unit names, or name the column of years" : " and period"))
    }
    if let row = period?.codes.array.firstIndex(where: { $0 < 0 }) {
      throw refusal("the row has no period", row)
    }
    switch names.fault(within: period) {
    case nil: return names
    case .missing(let row): throw refusal("the unit has no name", row)
    case .repeated(let row, let first):
      throw refusal("names the same unit\(period == nil ? "" : " and period") as row \(sourceRow(first) + 1)", row)
    }
  }

  private static func numbers(
    _ batches: [Batch], _ code: String, _ source: any Source
  ) throws(ImmerseError) -> Buffer<Double> {
    var parts: [Buffer<Double>] = []
    for batch in batches { parts.append(try batch.numbers(code)) }
    let column = Buffer(joining: parts)
    let largest = column.largestMagnitude
    if largest > largestComputable {
      throw ImmerseError(
        .badData, largest.isInfinite ? "holds an infinite value" : "holds a value beyond 1e150",
        place: .init(file: source.name), variable: code,
        remedy: largest.isInfinite
          ? "leave the cell empty where the value is not known" : "measure the indicator in a larger unit")
    }
    return column
  }

  /// One list of levels for all batches, sorted.
  private static func categories(_ batches: [Batch], _ name: String) throws(ImmerseError) -> Categories {
    var parts: [Categories] = []
    for batch in batches { parts.append(try batch.categories(name)) }
    if let first = parts.first, parts.allSatisfy({ $0.levels === first.levels }) {
      return Categories(codes: Buffer(joining: parts.map(\.codes)), levels: first.levels)
    }
    var names: Set<String> = []
    for part in parts { names.formUnion(part.levels.names) }
    let levels = Levels(sorting: names)
    return Categories(codes: Buffer(joining: parts.map { $0.recoded(to: levels).codes }), levels: levels)
  }
}
