public import Columnar
public import Streaming

/// A source whose variables have labels and missing codes.
///
/// Codes that a variable declares missing become missing values, and so do the lettered ones of Stata and SAS. Which
/// code it was is the hidden column `variable.na`, a category: null where there is a value, and where nothing at all
/// was recorded. Labelled numbers remain numbers, their codes the levels of groups, unless `labels` asks for the
/// labels in their place; these are then levels in the order of the codes.
public struct DescribedSource: RandomAccessSource {
  private let base: any RandomAccessSource
  private let described: [String: Described]
  private let labels: Bool
  public let columnNames: [String]
  public let hiddenColumnNames: [String]

  /// A variable with what is needed to read it.
  private struct Described: Sendable {
    var metadata: VariableMetadata
    var codes: MissingCodesTable
    /// The type of the column as the base delivers it.
    var type: DataType
  }

  /// What the hidden column of a variable's reasons is called.
  public static func reasonName(of variable: String) -> String { "\(variable).na" }

  /// - Parameters:
  ///   - metadata: By variable; what the base says of the others holds for them.
  ///   - labels: Whether labelled variables are categories with their labels as levels.
  ///   - lettered: Whether any number may be one of the lettered missing values.
  /// - Throws: `badData` where a described variable does not exist, or the columns cannot be read.
  public init(
    _ base: any RandomAccessSource, metadata: [String: VariableMetadata] = [:], labels: Bool, lettered: Bool = false
  ) throws(ImmerseError) {
    try base.require(metadata.keys.sorted())
    var described: [String: VariableMetadata] = [:]
    for name in base.columnNames {
      let own = metadata[name] ?? base.metadata(of: name) ?? VariableMetadata()
      if lettered || !own.isEmpty { described[name] = own }
    }
    let names = base.columnNames.filter { described[$0] != nil }
    let types = try names.isEmpty ? [:] : base.types(of: names)
    self.base = base
    self.labels = labels
    self.described = described.reduce(into: [:]) { all, entry in
      all[entry.key] = Described(
        metadata: entry.value, codes: MissingCodesTable(entry.value), type: types[entry.key] ?? .float64)
    }
    columnNames = base.columnNames
    let known = Set(base.columnNames + base.hiddenColumnNames)
    hiddenColumnNames =
      base.hiddenColumnNames
      + names.filter { lettered && types[$0] != .text || described[$0]?.hasReasons == true }.map(Self.reasonName)
      .filter { !known.contains($0) }
  }

  public var name: String { base.name }
  public var rowCount: Int { base.rowCount }

  public func metadata(of column: String) -> VariableMetadata? {
    guard var metadata = described[column]?.metadata else { return base.metadata(of: column) }
    if labels, metadata.isLabelled { metadata.storage = nil }
    return metadata
  }

  /// Codes of missing answers may be among the values, so that any of them may be missing.
  public func bounds(of column: String, in rows: Range<Int>) -> ValueBounds? {
    if variable(ofReason: column) != nil || labelled(column) != nil { return nil }
    var bounds = base.bounds(of: column, in: rows)
    if described[column]?.codes.isEmpty == false { bounds?.mayBeMissing = true }
    return bounds
  }

  public func place(ofRow row: Int, column: String?) -> ImmerseError.Place { base.place(ofRow: row, column: column) }

  public func types(of columns: [String]) throws(ImmerseError) -> [String: DataType] {
    try require(columns)
    var types: [String: DataType] = [:]
    var rest: [String] = []
    for name in columns {
      if variable(ofReason: name) != nil || labelled(name) != nil {
        types[name] = .category
      } else if let own = described[name], own.type == .float64, let storage = own.metadata.storage {
        types[name] = storage
      } else {
        rest.append(name)
      }
    }
    if !rest.isEmpty { types.merge(try base.types(of: rest)) { $1 } }
    return types
  }

  public func rows(_ rows: Range<Int>, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    try require(columns.map(\.name))
    let reasons = columns.compactMap { request in variable(ofReason: request.name) }
    let values = columns.filter { variable(ofReason: $0.name) == nil }
    let read = try base.rows(rows, values.map(baseRequest))
    let coded = try reasons.isEmpty ? nil : base.rows(rows, reasons.map(rawRequest))
    var delivered: [(name: String, column: Column)] = []
    for request in columns {
      let column: Column
      if let variable = variable(ofReason: request.name), let raw = coded?[variable], let own = described[variable] {
        column = own.codes.reasons(in: raw) { labels ? own.metadata.label(of: $0) : nil }
      } else if let raw = read[request.name] {
        column = try value(of: raw, request)
      } else {
        throw .missingColumn(request.name, among: columnNames)
      }
      delivered.append((request.name, column))
    }
    return Batch(delivered, rowCount: rows.count, firstRow: rows.lowerBound)
  }

  /// The variable whose reasons a hidden column holds, or nil.
  private func variable(ofReason name: String) -> String? {
    guard name.hasSuffix(".na"), hiddenColumnNames.contains(name), !base.hiddenColumnNames.contains(name) else {
      return nil
    }
    return String(name.dropLast(3))
  }

  /// The variable, where its labels take the place of its codes.
  private func labelled(_ name: String) -> Described? {
    guard labels, let own = described[name], own.metadata.isLabelled else { return nil }
    return own
  }

  private func rawRequest(_ name: String) -> ColumnRequest {
    described[name]?.type.isNumeric == true ? .number(name) : .category(name)
  }

  private func baseRequest(_ request: ColumnRequest) -> ColumnRequest {
    guard let own = described[request.name] else { return request }
    if request.kind != .number, labelled(request.name) != nil { return rawRequest(request.name) }
    // Codes of text are recognised among the levels, where each stands once.
    if !own.codes.isEmpty, !own.type.isNumeric, request.kind != .number { return .category(request.name) }
    return request
  }

  private func value(of raw: Column, _ request: ColumnRequest) throws(ImmerseError) -> Column {
    guard let own = described[request.name] else { return raw }
    if request.kind != .number, labelled(request.name) != nil {
      return own.codes.labelled(raw, by: own.metadata)
    }
    let column = own.codes.isEmpty ? raw : own.codes.masked(raw)
    if request.kind == .native, case .float64 = column.values, let storage = own.metadata.storage {
      return try column.converted(to: storage, named: request.name)
    }
    return column
  }
}

extension VariableMetadata {
  /// Whether its values may be missing for a recorded reason.
  fileprivate var hasReasons: Bool {
    !missing.isEmpty || valueLabels.contains { if case .tag = $0.code { true } else { false } }
  }
}
