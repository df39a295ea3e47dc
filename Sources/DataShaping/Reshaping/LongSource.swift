public import Columnar
public import Streaming

/// A wide table read as a long one: each of its rows becomes one for each wave or item, next to each other.
///
/// Rows are made as they are asked for, chunk by chunk. The index is a number where every column's name has one, else a
/// category in the order in which columns were named. A variable's columns take the wider of their types; it has the labels
/// and missing codes of all its columns, and the words with which their own labels begin.
public struct LongSource: Source {
  public let columnNames: [String]
  public let hiddenColumnNames: [String]
  /// Of every variable and index, before rows without any value are dropped.
  public let rowCount: Int
  /// Rows dropped so far because every variable was missing.
  public let dropped = DroppedRowCount()

  private let base: any RandomAccessSource
  private let reshape: Reshape
  private let plan: ReshapePlan
  /// The wide columns behind each long one and behind its reasons, by index.
  private let wide: [String: [String?]]
  private let valueTypes: [String: DataType]
  private let described: [String: VariableMetadata]

  /// Opens the long form of a table. Where the reshaping names an id, all ids are read once: O(rows) memory.
  ///
  /// - Throws: `usage` where the reshaping does not fit the columns; `badData` where two rows have one id, or one has none;
  ///   and what the table throws.
  public init(_ base: any RandomAccessSource, _ reshape: Reshape, engine: Engine) throws(ImmerseError) {
    plan = try ReshapePlan(reshape, of: base)
    self.base = base
    self.reshape = reshape
    let variables = reshape.variables.map(\.name)
    columnNames = plan.kept + [reshape.index] + variables
    let hidden = Set(base.hiddenColumnNames)
    var wide = plan.columns
    for (name, columns) in plan.columns {
      let reasons = columns.map { $0.map(DescribedSource.reasonName).flatMap { hidden.contains($0) ? $0 : nil } }
      if reasons.contains(where: { $0 != nil }) { wide[DescribedSource.reasonName(of: name)] = reasons }
    }
    self.wide = wide
    hiddenColumnNames =
      plan.kept.map(DescribedSource.reasonName).filter(hidden.contains)
      + variables.map(DescribedSource.reasonName).filter { wide[$0] != nil }
    let (rows, isTooMany) = base.rowCount.multipliedReportingOverflow(by: plan.indices.count)
    if isTooMany { throw ImmerseError(.badData, "the long table has too many rows", place: .init(file: base.name)) }
    rowCount = rows
    let types = try base.types(of: wide.values.flatMap { $0.compactMap(\.self) })
    valueTypes = wide.mapValues { columns in
      let own = columns.compactMap { $0.flatMap { types[$0] } }
      return own.dropFirst().reduce(own.first ?? .float64) { $0.joined(with: $1) }
    }
    described = plan.columns.compactMapValues { columns in
      VariableMetadata(ofColumns: columns.compactMap { $0.flatMap(base.metadata) })
    }
    if !reshape.id.isEmpty { try UniqueRows.check(reshape.id, of: base, engine: engine) }
  }

  public var name: String { base.name }

  /// Variables whose wide columns label one code differently, or declare other codes missing.
  public var contradictions: [String] {
    reshape.variables.map(\.name).filter { name in
      let known = (plan.columns[name] ?? []).compactMap { $0.flatMap(base.metadata) }
      return known.dropFirst().contains { known[0].contradicts($0) }
    }
  }

  public func metadata(of column: String) -> VariableMetadata? {
    if column == reshape.index { return nil }
    return wide[column] == nil ? base.metadata(of: column) : described[column]
  }

  public func place(ofRow row: Int, column: String?) -> ImmerseError.Place {
    let (wideRow, index) = row.quotientAndRemainder(dividingBy: plan.indices.count)
    return base.place(ofRow: wideRow, column: column.flatMap { column in wide[column].map { $0[index] } ?? column })
  }

  public func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    try require(columns)
    var types = try base.types(of: columns.filter { wide[$0] == nil && $0 != reshape.index })
    for column in columns {
      if let type = valueTypes[column] { types[column] = type }
      if column == reshape.index { types[column] = index.type }
    }
    return types
  }

  public func chunk(_ number: Int, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    try require(columns.map(\.name))
    let rows = rows(ofChunk: number)
    guard reshape.dropsMissing else { return try long(rows, columns) }
    let asked = Set(columns.map(\.name))
    let others = reshape.variables.map(\.name).filter { !asked.contains($0) }.map { ColumnRequest.native($0) }
    let all = try long(rows, columns + others)
    let values = reshape.variables.compactMap { all[$0.name] }
    let observed = (0..<Int32(rows.count)).filter { row in values.contains { $0.hasValue(at: Int(row)) } }
    dropped.note(rows.count - observed.count, ofChunk: number)
    let wanted = Batch(
      zip(all.names, all.columns).filter { asked.contains($0.0) }.map { ($0, $1) }, rowCount: rows.count,
      firstRow: rows.lowerBound)
    return observed.count == rows.count ? wanted : wanted.gathering(Buffer(observed))
  }

  /// Rows of the long table before any is dropped.
  private func long(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    let waves = plan.indices.count
    let wideRows = rows.lowerBound / waves..<(rows.upperBound + waves - 1) / waves
    let requests = columns.filter { $0.name != reshape.index }.flatMap { request in
      guard let own = wide[request.name] else { return [request] }
      return own.compactMap { $0.map { ColumnRequest($0, kind(of: request)) } }
    }
    let read = try base.locatingErrors { () throws(ImmerseError) in try base.rows(wideRows, requests.merged) }
    let repeated = Buffer(rows.map { Int32($0 / waves - wideRows.lowerBound) })
    // Wide columns lie end to end when a long one is made of them.
    let interleaved = Buffer(
      rows.map { row in Int32(row % waves * wideRows.count + row / waves - wideRows.lowerBound) })
    let ordinals = Buffer(rows.map { Int32($0 % waves) })
    var long: [(name: String, column: Column)] = []
    for request in columns {
      if request.name == reshape.index {
        long.append((request.name, try index.gathering(ordinals).delivered(as: request)))
      } else if let own = wide[request.name] {
        let parts = try own.map { column throws(ImmerseError) in
          try part(column.flatMap { read[$0] }, rows: wideRows.count, request)
        }
        let types = parts.map(\.type)
        let type = types.dropFirst().reduce(types.first ?? .float64) { $0.joined(with: $1) }
        let stacked = try Column.joined(
          try parts.map { p throws(ImmerseError) in try p.converted(to: type, named: request.name) }, type: type)
        long.append((request.name, stacked.gathering(interleaved)))
      } else if let column = read[request.name] {
        long.append((request.name, column.gathering(repeated)))
      }
    }
    return Batch(long, rowCount: rows.count, firstRow: rows.lowerBound)
  }

  /// How the columns of a variable are read: as text where some of them are, as it stands in the file.
  private func kind(of request: ColumnRequest) -> ColumnRequest.Kind {
    request.kind == .native && valueTypes[request.name] == .text ? .verbatim : request.kind
  }

  /// One wide column; missing values where the variable has none at that index.
  private func part(_ column: Column?, rows: Int, _ request: ColumnRequest) throws(ImmerseError) -> Column {
    if let column {
      guard request.kind == .native, let type = valueTypes[request.name] else { return column }
      return try column.converted(to: type, named: request.name)
    }
    let isNumber = request.kind == .number || valueTypes[request.name]?.isNumeric == true && request.kind != .category
    let none =
      isNumber ? Column([Double](repeating: .nan, count: rows)) : Column([String?](repeating: nil, count: rows))
    guard request.kind == .native, let type = valueTypes[request.name] else {
      return try none.delivered(as: request)
    }
    return try none.converted(to: type, named: request.name)
  }

  /// The index of the long rows of one wide row.
  private var index: Column {
    let numbers = plan.indices.compactMap { Int64($0) }
    if numbers.count == plan.indices.count { return Column(.int64(Buffer(numbers))) }
    return Column(
      .category(Buffer((0..<Int32(plan.indices.count)).map { $0 }), Levels(plan.indices, isDeclared: true)))
  }
}

extension VariableMetadata {
  /// What several columns say of the variable they are one part of each; nil where they say nothing.
  fileprivate init?(ofColumns columns: [VariableMetadata]) {
    guard let first = columns.first else { return nil }
    self = columns.dropFirst().reduce(first) { $0.merging($1) }
    let labels = columns.map { $0.label ?? "" }
    if Set(labels).count > 1 { label = Self.sharedBeginning(of: labels) }
  }

  /// The words that all labels begin with; nil where there are none.
  private static func sharedBeginning(of labels: [String]) -> String? {
    let words = labels.map { $0.split(separator: " ") }
    let count = words.reduce(words[0].count) { shared, other in
      min(shared, zip(words[0], other).prefix { $0 == $1 }.count)
    }
    var label = words[0].prefix(count).joined(separator: " ")
    while let last = label.last, !last.isLetter, !last.isNumber, !")]?".contains(last) { label.removeLast() }
    return label.isEmpty ? nil : label
  }
}

extension Column {
  fileprivate func hasValue(at row: Int) -> Bool {
    if validity?[row] == false { return false }
    switch values {
    case .float64(let numbers): return !numbers[row].isNaN
    case .float32(let numbers): return !numbers[row].isNaN
    case .category(let codes, _): return codes[row] >= 0
    default: return true
    }
  }
}
