public import Columnar

/// The formats of data files, told by the extension of their name or by their first bytes.
public enum FileFormat: Sendable, CaseIterable {
  /// Cells between commas, semicolons or tabs, found out from the header.
  case csv
  /// Cells between tabs.
  case tsv
  /// Arrow IPC; either form is read, and a file written.
  case arrow
  /// Arrow IPC, a stream.
  case arrowStream
  /// Parquet.
  case parquet
  /// SPSS, compressed or not.
  case sav
  /// SPSS in zlib blocks.
  case zsav
  /// SPSS portable.
  case por
  /// Stata.
  case dta
  /// SAS.
  case sas7bdat
  /// SAS transport.
  case xpt

  public var extensions: [String] {
    switch self {
    case .csv: ["csv", "txt"]
    case .tsv: ["tsv"]
    case .arrow: ["arrow", "feather", "ipc"]
    case .arrowStream: ["arrows"]
    case .parquet: ["parquet", "pq"]
    case .sav: ["sav"]
    case .zsav: ["zsav"]
    case .por: ["por"]
    case .dta: ["dta"]
    case .sas7bdat: ["sas7bdat"]
    case .xpt: ["xpt"]
    }
  }

  /// Whether files of the format are written.
  var isWritten: Bool {
    switch self {
    case .csv, .tsv, .arrow, .arrowStream, .sav, .zsav, .dta: true
    case .parquet, .por, .sas7bdat, .xpt: false
    }
  }

  /// Whether a file of the format may be compressed as a whole, with `.gz` or `.zst` after its extension.
  var mayBeCompressed: Bool { self == .csv || self == .tsv }

  /// The statistical format by which it is read, or nil.
  var statistical: StatFormat? {
    switch self {
    case .sav, .zsav: .sav
    case .por: .por
    case .dta: .dta
    case .sas7bdat: .sas7bdat
    case .xpt: .xpt
    case .csv, .tsv, .arrow, .arrowStream, .parquet: nil
    }
  }

  /// The format of a file to be read, or nil where the extension is not known.
  public static func ofInput(_ path: String) -> FileFormat? {
    let (name, last) = splitExtension(path)
    guard last == "gz" || last == "zst" else { return of(last) }
    return of(splitExtension(name).last).flatMap { $0.mayBeCompressed ? $0 : nil }
  }

  /// The format that the first bytes tell, or nil where they could be anything, such as text.
  static func ofContent(_ bytes: Buffer<UInt8>) -> FileFormat? {
    func begins(_ start: [UInt8], at position: Int = 0) -> Bool {
      bytes.count >= position + start.count && bytes.slice(position..<position + start.count).array == start
    }
    func begins(_ text: String, at position: Int = 0) -> Bool { begins(Array(text.utf8), at: position) }
    if ArrowContents.begins(bytes) { return .arrow }
    if ParquetFooter.begins(bytes) { return .parquet }
    if begins("$FL2") || begins("$FL3") { return .sav }
    if begins("<stata_dta>") { return .dta }
    // Before version 117: the version, the byte order, the type of the file.
    if bytes.count > 4, (104...115).contains(bytes[0]), bytes[1] == 1 || bytes[1] == 2, bytes[2] == 1 { return .dta }
    if begins([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc2, 0xea, 0x81, 0x60]) { return .sas7bdat }
    if begins("HEADER RECORD*******LIB") { return .xpt }
    // After 200 bytes of greeting, 256 of an alphabet, and the ends of lines between them.
    if (456..<476).contains(where: { begins("SPSSPORT", at: $0) }) { return .por }
    return nil
  }

  /// The format of that extension, to be written; a file on standard output is a stream in Arrow.
  ///
  /// - Throws: `usage` where there is none.
  public static func named(_ name: String, on path: String) throws(ImmerseError) -> FileFormat {
    guard let format = of(name), format.isWritten else { throw unknown(".\(name)", isInput: false) }
    return format == .arrow && path == "-" ? .arrowStream : format
  }

  /// The format of a file to be written; standard output takes a text table.
  ///
  /// - Throws: `usage` where the extension is not known.
  static func ofOutput(_ path: String) throws(ImmerseError) -> FileFormat {
    if path == "-" { return .csv }
    guard let format = of(splitExtension(path).last), format.isWritten else { throw unknown(path, isInput: false) }
    return format
  }

  static func unknown(_ path: String, isInput: Bool) -> ImmerseError {
    let names = allCases.filter { isInput || $0.isWritten }.flatMap { format in
      format.extensions.flatMap {
        isInput && format.mayBeCompressed ? [".\($0)", ".\($0).gz", ".\($0).zst"] : [".\($0)"]
      }
    }
    return ImmerseError(
      .usage, "the extension tells no format that is \(isInput ? "read" : "written")",
      place: ImmerseError.Place(file: path),
      remedy: "use one of \(names.joined(separator: " "))")
  }

  private static func of(_ fileExtension: String) -> FileFormat? {
    allCases.first { $0.extensions.contains(fileExtension) }
  }

  /// The path before the last point of its file name and the lower-case extension after it, empty where there is none.
  private static func splitExtension(_ path: String) -> (name: String, last: String) {
    guard let point = path.lastIndex(of: "."), !path[point...].contains("/") else { return (path, "") }
    return (String(path[..<point]), path[path.index(after: point)...].lowercased())
  }
}
