public import Columnar
public import Streaming

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Opens and writes data files in the format their extension tells.
public enum DataFile {
  public struct Options: Sendable {
    /// How text tables are written.
    public var dialect: CSVDialect
    public var threads: Int

    public init(dialect: CSVDialect = CSVDialect(), threads: Int = availableProcessors) {
      self.dialect = dialect
      self.threads = threads
    }
  }

  /// Opens a file; `-` is standard input, a text table or Arrow.
  ///
  /// - Throws: `noInput` where it cannot be opened, `usage` where its extension is not known, `badData` where its
  ///   content is not what the extension says.
  public static func open(
    _ path: String, options: Options = Options()
  ) throws(ImmerseError) -> any RandomAccessSource {
    if path == "-" { return try openStandardInput(options) }
    guard let format = FileFormat.ofInput(path) else {
      guard access(path, F_OK) == 0 else { throw .cannotOpen(path, errno) }
      throw FileFormat.unknown(path, gzipped: true)
    }
    switch format {
    case .csv: return try CSVSource(path: path, dialect: options.dialect, threads: options.threads)
    case .tsv:
      var dialect = options.dialect
      dialect.separator = dialect.separator ?? UInt8(ascii: "\t")
      return try CSVSource(path: path, dialect: dialect, threads: options.threads)
    case .arrow: return try ArrowSource(path: path)
    }
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

  private static func openStandardInput(_ options: Options) throws(ImmerseError) -> any RandomAccessSource {
    let name = "standard input"
    let bytes = try FileBytes(path: "-")
    if ArrowContents.begins(bytes.buffer) { return try ArrowSource(bytes, name: name) }
    return try CSVSource(bytes, name: name, dialect: options.dialect, threads: options.threads)
  }

  /// Writes columns of a source, all of them unless some are named; the file appears when it is complete, or not at
  /// all. `-` is standard output, as a text table.
  ///
  /// A text table copied to a text table keeps the text of its cells.
  ///
  /// - Throws: `usage` where the extension is not known, or the file exists and `force` is not set; `inputOutput`
  ///   where it cannot be written; and what the source throws.
  public static func write(
    _ source: any Source, columns names: [String]? = nil, to path: String, engine: Engine, force: Bool = false
  ) throws(ImmerseError) {
    let format = try FileFormat.ofOutput(path)
    let file = try OutputFile(path, force: force)
    let columns = names ?? source.columnNames
    try source.require(columns)
    switch format {
    case .csv, .tsv:
      let separator = UInt8(ascii: format == .csv ? "," : "\t")
      var writer = try CSVWriter(to: file, columns: columns, separator: separator)
      try source.export(columns.map { .verbatim($0) }, to: &writer, with: engine)
    case .arrow:
      let types = try source.types(of: columns)
      var writer = ArrowWriter(to: file, fields: columns.map { Field($0, types[$0] ?? .text) })
      try source.export(columns.map { .native($0) }, to: &writer, with: engine)
      try writer.finish()
    }
    try file.commit()
  }
}
