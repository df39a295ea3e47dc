public import Columnar
public import Streaming

extension UnitMatrix {
  /// Reads one row for each unit.
  ///
  /// - Parameters:
  ///   - unit: the column that names the units.
  ///   - codes: the numeric columns wanted.
  ///   - group: the column that groups the units.
  /// - Throws: `badData` where a column is missing or holds text or infinite values, where a unit has no name or two
  ///   have the same, or where there is no unit.
  public init(
    reading source: any Source, unit: String, codes: [String], group: String? = nil, engine: Engine
  ) throws(ImmerseError) {
    let columns = [.category(unit)] + (group.map { [.category($0)] } ?? []) + codes.map { ColumnRequest.number($0) }
    try source.require(columns.map(\.name))
    let dataset = try Dataset(source, columns: columns, engine: engine)
    for code in codes {
      guard let numbers = dataset.profile.numbers[code], numbers.count > 0 else { continue }
      if numbers.minimum.isInfinite || numbers.maximum.isInfinite {
        throw ImmerseError(
          .badData, "holds an infinite value", place: .init(file: source.name), variable: code,
          remedy: "leave the cell empty where the value is not known")
      }
    }
    var batches: [Batch] = []
    for index in 0..<dataset.chunkCount { batches.append(try dataset.chunk(index, columns)) }
    let names = try Self.names(batches, unit, source)
    var joined: [Buffer<Double>] = []
    for code in codes { joined.append(try Self.joined(batches, code, count: names.count)) }
    let groups: Categories? =
      if let group { try Self.joinedCategories(batches, group, count: names.count) } else { nil }
    self.init(units: names, codes: codes, columns: joined, group: groups)
  }

  private static func names(
    _ batches: [Batch], _ unit: String, _ source: any Source
  ) throws(ImmerseError) -> [String] {
    func refusal(_ problem: String, _ row: Int) -> ImmerseError {
      ImmerseError(
        .badData, problem, place: source.place(ofRow: row, column: unit), row: row, variable: unit,
        remedy: "keep one named row for each unit, or name another column of unit names")
    }
    var names: [String] = []
    // Levels are frozen, so a code means the same name in every batch; nil is not seen yet.
    var firstRow: [Int?] = []
    for batch in batches {
      let categories = try batch.categories(unit)
      if firstRow.isEmpty { firstRow = Array(repeating: nil, count: categories.levels.count) }
      for row in 0..<batch.rowCount {
        let (code, position) = (Int(categories.codes[row]), batch.firstRow + row)
        guard code >= 0 else { throw refusal("the unit has no name", position) }
        if let first = firstRow[code] { throw refusal("names the same unit as row \(first + 1)", position) }
        firstRow[code] = position
        names.append(categories.levels[code])
      }
    }
    if names.isEmpty {
      throw ImmerseError(.badData, "there is no unit to score", place: .init(file: source.name))
    }
    return names
  }

  private static func joined(_ batches: [Batch], _ code: String, count: Int) throws(ImmerseError) -> Buffer<Double> {
    if let only = batches.first, batches.count == 1 { return try only.numbers(code) }
    return try Buffer(count: count) { (target) throws(ImmerseError) in
      var start = 0
      for batch in batches {
        try batch.numbers(code).withUnsafeBufferPointer { part in
          _ = UnsafeMutableBufferPointer(rebasing: target[start..<start + part.count]).initialize(from: part)
        }
        start += batch.rowCount
      }
    }
  }

  private static func joinedCategories(
    _ batches: [Batch], _ name: String, count: Int
  ) throws(ImmerseError) -> Categories {
    var codes: [Int32] = []
    codes.reserveCapacity(count)
    var levels = Levels([])
    for batch in batches {
      let categories = try batch.categories(name)
      codes += categories.codes.array
      levels = categories.levels
    }
    return Categories(codes: Buffer(codes), levels: levels)
  }
}
