public import Columnar
public import Streaming

/// The rows of several sources one after the other, as one source.
///
/// Columns are matched by name, in the order of first mention; a source that lacks a column has missing values in it.
/// Where the sources disagree on a type, numbers take the wider type and a column that holds text anywhere is text.
public struct AppendedSource: RandomAccessSource {
  public let name: String
  public let columnNames: [String]
  public let hiddenColumnNames: [String]
  public let rowCount: Int
  /// What the sources say of the variables, put together.
  private let described: [String: VariableMetadata]
  /// The variables of which sources say different things: a label of one code, or which codes are missing.
  public let contradictions: [String]
  private let parts: [any RandomAccessSource]
  /// The row of the whole at which each part begins.
  private let starts: [Int]

  /// - Throws: `usage` where there is no source.
  public init(_ parts: [any RandomAccessSource]) throws(ImmerseError) {
    guard let first = parts.first else { throw ImmerseError(.usage, "no input is named") }
    name = parts.count == 1 ? first.name : "\(first.name) and \(parts.count - 1) more"
    var seen: Set<String> = []
    columnNames = parts.flatMap(\.columnNames).filter { seen.insert($0).inserted }
    let own = Set(columnNames)
    hiddenColumnNames = parts.flatMap(\.hiddenColumnNames).filter { !own.contains($0) && seen.insert($0).inserted }
    var described: [String: VariableMetadata] = [:]
    var contradictions: [String] = []
    for column in columnNames {
      let known = parts.compactMap { $0.metadata(of: column) }
      guard let first = known.first else { continue }
      described[column] = known.dropFirst().reduce(first) { $0.merging($1) }
      if known.dropFirst().contains(where: { first.contradicts($0) }) { contradictions.append(column) }
    }
    self.described = described
    self.contradictions = contradictions
    var starts: [Int] = []
    var rows = 0
    for part in parts {
      starts.append(rows)
      rows += part.rowCount
    }
    self.parts = parts
    self.starts = starts
    rowCount = rows
  }

  public func metadata(of column: String) -> VariableMetadata? { described[column] }

  public func bounds(of column: String, in rows: Range<Int>) -> ValueBounds? {
    var whole = ValueBounds(.none, mayBeMissing: false)
    for (part, start) in zip(parts, starts) {
      let own = rows.clamped(to: start..<start + part.rowCount)
      if own.isEmpty { continue }
      let isLacking = !part.columnNames.contains(column)
      let known =
        isLacking
        ? ValueBounds(.none, mayBeMissing: true)
        : part.bounds(of: column, in: own.lowerBound - start..<own.upperBound - start)
      guard let known, let joined = whole.union(known) else { return nil }
      whole = joined
    }
    return whole
  }

  public func place(ofRow row: Int, column: String?) -> ImmerseError.Place {
    guard let part = starts.lastIndex(where: { $0 <= row }) else { return ImmerseError.Place(file: name) }
    return parts[part].place(ofRow: row - starts[part], column: column)
  }

  public func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    try require(columns)
    var types: [String: DataType] = [:]
    for part in parts {
      let known = Set(part.columnNames + part.hiddenColumnNames)
      types.merge(try part.types(of: columns.filter(known.contains))) { $0.joined(with: $1) }
    }
    return types
  }

  public func rows(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    try require(columns.map(\.name))
    let native = columns.filter { $0.kind == .native }.map(\.name)
    let types = try native.isEmpty ? [:] : types(of: native)
    var pieces: [Batch] = []
    for (part, start) in zip(parts, starts) {
      let own = rows.clamped(to: start..<start + part.rowCount)
      if own.isEmpty { continue }
      let known = Set(part.columnNames + part.hiddenColumnNames)
      let requests = columns.filter { known.contains($0.name) }.map { request in
        // Numbers that become text do so as they stand in their file.
        types[request.name] == .text ? ColumnRequest.verbatim(request.name) : request
      }
      pieces.append(try part.rows(own.lowerBound - start..<own.upperBound - start, requests))
    }
    var joined: [(name: String, column: Column)] = []
    for request in columns { joined.append((request.name, try join(pieces, request, types[request.name]))) }
    return Batch(joined, rowCount: rows.count, firstRow: rows.lowerBound)
  }

  /// One column of all pieces, missing where a piece lacks it.
  private func join(_ pieces: [Batch], _ request: ColumnRequest, _ type: DataType?) throws(ImmerseError) -> Column {
    let present = pieces.compactMap { $0[request.name]?.type }
    let none: DataType = request.kind == .category ? .category : .float64
    let type = type ?? present.dropFirst().reduce(present.first ?? none) { $0.joined(with: $1) }
    var columns: [Column] = []
    for piece in pieces {
      let column = piece[request.name] ?? Column([Double](repeating: .nan, count: piece.rowCount))
      columns.append(try column.converted(to: type, named: request.name))
    }
    return try Column.joined(columns, type: type)
  }
}

extension VariableMetadata {
  /// What both say; where they differ, this.
  func merging(_ other: VariableMetadata) -> VariableMetadata {
    var merged = self
    merged.label = label ?? other.label
    merged.measure = measure ?? other.measure
    merged.format = format ?? other.format
    if storage != other.storage { merged.storage = nil }
    merged.valueLabels += other.valueLabels.filter { label(of: $0.code) == nil }
    merged.valueLabels.sort { $0.code < $1.code }
    merged.missing += other.missing.filter { !missing.contains($0) }
    return merged
  }

  /// Whether the other gives one code another label, or declares other codes missing.
  func contradicts(_ other: VariableMetadata) -> Bool {
    Set(missing) != Set(other.missing)
      || other.valueLabels.contains { value in label(of: value.code).map { $0 != value.label } ?? false }
  }
}
