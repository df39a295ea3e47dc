public import Columnar
public import DataShaping
public import Streaming

/// Opens and writes data files in the format their extension tells.
public enum DataFile {
  public struct Options: Sendable {
    /// How text tables are written.
    public var dialect: CSVDialect
    /// Whether labelled variables are categories by their labels, rather than numbers by their codes.
    public var labels: Bool
    /// What a codebook says of variables, by name, in place of what the file says; variables the file lacks are
    /// left out.
    public var codebook: [String: VariableMetadata]
    public var threads: Int

    public init(
      dialect: CSVDialect = CSVDialect(), labels: Bool = false, codebook: [String: VariableMetadata] = [:],
      threads: Int = availableProcessors
    ) {
      self.dialect = dialect
      self.labels = labels
      self.codebook = codebook
      self.threads = threads
    }
  }

  /// Opens a file in the format that its extension or, where that is not known, its content tells; `-` is standard
  /// input.
  ///
  /// - Throws: `noInput` where it cannot be opened, `usage` where its format is not known, `badData` where its
  ///   content is not what the extension says.
  public static func open(
    _ path: String, options: Options = Options()
  ) throws(ImmerseError) -> any RandomAccessSource {
    let bytes = try FileBytes(path: path)
    let name = path == "-" ? "standard input" : path
    guard let format = FileFormat.ofInput(path) ?? FileFormat.ofContent(bytes.buffer) ?? (path == "-" ? .csv : nil)
    else { throw FileFormat.unknown(path, isInput: true) }
    let source = try open(bytes, name: name, format, options)
    let codebook = options.codebook.filter { source.columnNames.contains($0.key) }
    let hasLetters = format.statistical?.hasLetters ?? false
    guard !codebook.isEmpty || hasLetters || source.columnNames.contains(where: { source.metadata(of: $0) != nil })
    else { return source }
    return try DescribedSource(source, metadata: codebook, labels: options.labels, lettered: hasLetters)
  }

  private static func open(
    _ bytes: FileBytes, name: String, _ format: FileFormat, _ options: Options
  ) throws(ImmerseError) -> any RandomAccessSource {
    var dialect = options.dialect
    if let statistical = format.statistical {
      return try StatSource(
        bytes, name: name, format: statistical, encoding: dialect.encoding == .latin1 ? "WINDOWS-1252" : nil)
    }
    if format == .arrow || format == .arrowStream { return try ArrowSource(bytes, name: name) }
    if format == .parquet { return try ParquetSource(bytes, name: name) }
    if format == .tsv { dialect.separator = dialect.separator ?? UInt8(ascii: "\t") }
    return try CSVSource(bytes, name: name, dialect: dialect, threads: options.threads)
  }

  /// Opens several files as one source, their rows one after the other.
  ///
  /// - Throws: `usage` where no file is named, and what opening any of them throws.
  public static func open(
    _ paths: [String], options: Options = Options()
  ) throws(ImmerseError) -> any RandomAccessSource {
    var sources: [any RandomAccessSource] = []
    for path in paths { sources.append(try open(path, options: options)) }
    return sources.count == 1 ? sources[0] : try AppendedSource(sources)
  }

  /// Writes columns of a source, all of them unless some are named; the file appears when it is complete, or not at
  /// all. `-` is standard output, as a text table.
  ///
  /// A text table copied to a text table keeps the text of its cells. Labels, missing codes and reasons go into Arrow,
  /// SPSS and Stata files.
  ///
  /// - Parameters:
  ///   - format: By default the one the extension tells.
  ///   - codec: How an Arrow file is compressed; other formats have none.
  /// - Returns: What of the columns the format does not hold.
  /// - Throws: `usage` where the extension is not known, or the file exists and `force` is not set; `inputOutput`
  ///   where it cannot be written; and what the source throws.
  @discardableResult
  public static func write(
    _ source: any Source, columns names: [String]? = nil, to path: String, as format: FileFormat? = nil,
    codec: ArrowCodec? = nil, engine: Engine, force: Bool = false
  ) throws(ImmerseError) -> [Note] {
    let format = if let format { format } else { try FileFormat.ofOutput(path) }
    if codec != nil, format != .arrow, format != .arrowStream {
      throw ImmerseError(
        .usage, "only Arrow files are compressed", place: ImmerseError.Place(file: path), remedy: "write .arrow")
    }
    let file = try OutputFile(path, force: force)
    let columns = names ?? source.columnNames
    try source.require(columns)
    var notes: [Note] = []
    switch format {
    case .arrow, .arrowStream:
      try writeArrow(source, columns, to: file, isStream: format == .arrowStream, codec, engine)
    case .sav, .zsav, .dta: notes = try writeStatistical(source, columns, to: file, format, engine)
    default:
      let separator = UInt8(ascii: format == .tsv ? "\t" : ",")
      var writer = try CSVWriter(to: file, columns: columns, separator: separator)
      try source.export(columns.map { .verbatim($0) }, to: &writer, with: engine)
      let described = columns.filter { source.metadata(of: $0)?.hasWords == true }
      if !described.isEmpty {
        notes.append(
          Note(
            "not_kept",
            "a text table holds no labels and missing codes; \(described.count) variables have them "
              + "(write .arrow, .sav or .dta, or keep them with inspect --codebook)"))
      }
    }
    try file.commit()
    return notes
  }

  private static func writeArrow(
    _ source: any Source, _ columns: [String], to file: OutputFile, isStream: Bool, _ codec: ArrowCodec?,
    _ engine: Engine
  ) throws(ImmerseError) {
    let reasons = reasonColumns(of: columns, source)
    var properties: [String: [(key: String, text: String)]] = [:]
    for column in columns {
      if let metadata = source.metadata(of: column) { properties[column] = metadata.properties }
    }
    for (column, reason) in reasons { properties[reason] = [(VariableMetadata.reasonKey, column)] }
    let all = columns + columns.compactMap { reasons[$0] }
    let types = try source.types(of: all)
    var writer = ArrowWriter(
      to: file, fields: all.map { Field($0, types[$0] ?? .text) }, properties: properties,
      isStream: isStream, codec: codec)
    try source.export(all.map { .native($0) }, to: &writer, with: engine)
    try writer.finish()
  }

  private static func writeStatistical(
    _ source: any Source, _ columns: [String], to file: OutputFile, _ format: FileFormat, _ engine: Engine
  ) throws(ImmerseError) -> [Note] {
    let reasons = reasonColumns(of: columns, source)
    let requests = (columns + columns.compactMap { reasons[$0] }).map { ColumnRequest.native($0) }
    let metadata = columns.reduce(into: [:]) { $0[$1] = source.metadata(of: $1) }
    let types = try source.types(of: columns)
    let categories = columns.filter { types[$0] == .category && metadata[$0] != nil }
    var survey = ColumnSurvey(levels: Set(categories + reasons.values))
    try source.export(requests, to: &survey, with: engine)
    let plan = try StatPlan(
      columns.map { Field($0, types[$0] ?? .text) }, metadata, reasons: reasons, survey,
      format.statistical ?? .sav)
    let writer = try StatWriter(to: file, plan, format)
    var exporter = writer
    try source.export(requests, to: &exporter, with: engine)
    try writer.finish()
    return plan.notes
  }

  /// The hidden columns that hold the reasons of some columns, by column.
  private static func reasonColumns(of columns: [String], _ source: any Source) -> [String: String] {
    let hidden = Set(source.hiddenColumnNames)
    return columns.reduce(into: [:]) { reasons, column in
      let name = DescribedSource.reasonName(of: column)
      if hidden.contains(name) { reasons[column] = name }
    }
  }
}
