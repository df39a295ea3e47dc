public import Columnar

/// The apply verb: a frozen rule or model that adds columns to a batch, or keeps only some of its rows.
public protocol Transform: Sendable {
  /// The columns it reads.
  var inputs: [ColumnRequest] { get }
  /// The columns it adds; empty for a filter.
  var outputs: [Field] { get }
  /// Whether it may drop rows, so that it must run even where none of its outputs is wanted.
  var filtersRows: Bool { get }

  /// What is known of a column it adds beside its values; nil where nothing is.
  func metadata(of output: String) -> VariableMetadata?

  /// Whether it drops all of some rows, so that these need not be read; known only of a filter.
  func dropsAll(of rows: Range<Int>, knowing bounds: KnownBounds) -> Bool

  /// - Throws: `badData` where a row contradicts the rule.
  func apply(to batch: Batch) throws(ImmerseError) -> Batch
}

extension Transform {
  public var filtersRows: Bool { false }

  public func metadata(of output: String) -> VariableMetadata? { nil }

  public func dropsAll(of rows: Range<Int>, knowing bounds: KnownBounds) -> Bool { false }
}

/// A source with a transform in front of it. Columns nobody asks for are not computed.
struct TransformedSource: Source {
  private let base: any Source
  private let rule: any Transform
  /// What the rule reads, `automatic` resolved.
  private let inputs: [ColumnRequest]
  /// The types of the columns it adds.
  private let added: [String: DataType]
  let columnNames: [String]

  init(_ base: any Source, _ rule: any Transform) throws(ImmerseError) {
    self.base = base
    self.rule = rule
    inputs = try base.resolve(rule.inputs)
    added = rule.outputs.reduce(into: [:]) { $0[$1.name] = $1.type }
    let known = base.columnNames
    columnNames = known + rule.outputs.map(\.name).filter { !known.contains($0) }
  }

  var name: String { base.name }
  var rowCount: Int { base.rowCount }
  var hiddenColumnNames: [String] { base.hiddenColumnNames.filter { !columnNames.contains($0) } }

  func metadata(of column: String) -> VariableMetadata? {
    added[column] == nil ? base.metadata(of: column) : rule.metadata(of: column)
  }

  func bounds(of column: String, in rows: Range<Int>) -> ValueBounds? {
    added[column] == nil ? base.bounds(of: column, in: rows) : nil
  }

  func place(ofRow row: Int, column: String?) -> ImmerseError.Place { base.place(ofRow: row, column: column) }

  func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    var types = added
    let rest = columns.filter { types[$0] == nil }
    if !rest.isEmpty { types.merge(try base.types(of: rest)) { own, _ in own } }
    return types
  }

  func chunk(_ index: Int, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    let wanted = columns.filter { added[$0.name] != nil }
    let passed = columns.filter { added[$0.name] == nil }
    if wanted.isEmpty && !rule.filtersRows { return try base.chunk(index, columns) }
    let rows = rows(ofChunk: index)
    if rule.filtersRows, rule.dropsAll(of: rows, knowing: { base.bounds(of: $0, in: rows) }) {
      return try noRows(columns, at: rows.lowerBound)
    }
    let transformed = try rule.apply(to: try base.chunk(index, (inputs + passed).merged))
    var batch = Batch([], rowCount: transformed.rowCount, firstRow: transformed.firstRow)
    for request in columns {
      guard let column = transformed[request.name] else {
        throw .missingColumn(request.name, among: transformed.names)
      }
      // A rule may hold numbers as categories, to keep their text; a copy has the type that the rule declares.
      let isNumber = request.kind == .native && added[request.name]?.isNumeric == true
      batch.set(request.name, try column.delivered(as: isNumber ? .number(request.name) : request))
    }
    return batch
  }

  private func noRows(_ columns: [ColumnRequest], at row: Int) throws(ImmerseError) -> Batch {
    let types = try types(of: columns.filter { $0.kind == .native || $0.kind == .verbatim }.map(\.name))
    var empty: [(name: String, column: Column)] = []
    for request in columns {
      let type = types[request.name] ?? (request.kind == .category ? .category : .float64)
      empty.append((request.name, try Column.joined([], type: type)))
    }
    return Batch(empty, rowCount: 0, firstRow: row)
  }
}

extension Source {
  /// This source with a transform applied to every batch.
  ///
  /// - Throws: `badData` where the transform reads a column that does not exist.
  public func applying(_ rule: some Transform) throws(ImmerseError) -> any Source {
    try TransformedSource(self, rule)
  }
}
