import Columnar

/// The formats of data files, told by the extension of their name.
public enum FileFormat: Sendable, CaseIterable {
  /// Cells between commas, semicolons or tabs, found out from the header.
  case csv
  /// Cells between tabs.
  case tsv
  /// Arrow IPC, file or stream.
  case arrow

  public var extensions: [String] {
    switch self {
    case .csv: ["csv", "txt"]
    case .tsv: ["tsv"]
    case .arrow: ["arrow", "feather", "ipc"]
    }
  }

  /// Whether a file of the format may be gzipped, with `.gz` after its extension.
  var mayBeGzipped: Bool { self != .arrow }

  /// The format of a file to be read, or nil where the extension is not known.
  static func ofInput(_ path: String) -> FileFormat? {
    let (name, last) = splitExtension(path)
    guard last == "gz" else { return of(last) }
    return of(splitExtension(name).last).flatMap { $0.mayBeGzipped ? $0 : nil }
  }

  /// The format of a file to be written; standard output takes a text table.
  ///
  /// - Throws: `usage` where the extension is not known.
  static func ofOutput(_ path: String) throws(ImmerseError) -> FileFormat {
    if path == "-" { return .csv }
    guard let format = of(splitExtension(path).last) else { throw unknown(path, gzipped: false) }
    return format
  }

  static func unknown(_ path: String, gzipped: Bool) -> ImmerseError {
    let names = allCases.flatMap { format in
      format.extensions.flatMap { gzipped && format.mayBeGzipped ? [".\($0)", ".\($0).gz"] : [".\($0)"] }
    }
    return ImmerseError(
      .usage, "the extension tells no known format", place: ImmerseError.Place(file: path),
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
