public import Columnar
import DataFormats
public import DataShaping
public import ImmerseStats
public import Streaming

/// The files that a study or an option names: data in any format, settings in YAML or JSON.
public struct InputFiles: StudyInputs {
  /// Where relative paths begin; empty for the working directory.
  private let folder: String

  /// - Parameter study: the file from which paths count; nil for the working directory.
  public init(beside study: String? = nil) {
    folder = study.flatMap { path in path.lastIndex(of: "/").map { String(path[...$0]) } } ?? ""
  }

  func resolve(_ path: String) -> String { path.hasPrefix("/") || path == "-" ? path : folder + path }

  public func rows(
    _ names: [String], dialect: CSVDialect, codebook: [String: VariableMetadata], labels: Bool
  ) throws(ImmerseError) -> any RandomAccessSource {
    try DataFile.open(
      names.map(resolve), options: DataFile.Options(dialect: dialect, labels: labels, codebook: codebook))
  }

  public func document<T: Decodable>(_ type: T.Type, _ name: String) throws(ImmerseError) -> T? {
    let file = resolve(name)
    if file == "-" || FileFormat.ofInput(file) != nil { return nil }
    let text = try Inputs.text(of: file)
    if file.hasSuffix(".json") {
      return try JSONValue(parsing: Array(text.utf8), file: file).decode(type, file: file)
    }
    return try StrictYAML.decode(type, from: text, file: file)
  }

  public func bytes(_ name: String) throws(ImmerseError) -> [UInt8] { try InputFile.bytes(resolve(name)) }
}
