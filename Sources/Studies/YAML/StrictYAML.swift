public import Columnar
import Yams

/// Reads YAML into `Decodable` types and accepts nothing else: an unknown key, a missing one or a value of the wrong kind
/// is an error at its line and column.
public enum StrictYAML {
  /// - Throws: `badData` at the line and column of what is wrong.
  public static func decode<T: Decodable>(
    _ type: T.Type, from text: String, file: String
  ) throws(ImmerseError) -> T {
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch {
      throw syntaxError(error, file: file)
    }
    guard let root else {
      throw ImmerseError(.badData, "the file is empty", place: ImmerseError.Place(file: file))
    }
    do {
      return try NodeDecoder(root, file: file, path: []).decode(type)
    } catch let error as ImmerseError {
      throw error
    } catch {
      throw ImmerseError(.badData, "\(error)", place: ImmerseError.Place(file: file))
    }
  }

  private static func syntaxError(_ error: any Error, file: String) -> ImmerseError {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ImmerseError(
        .badData, "not valid YAML: \(problem)",
        place: ImmerseError.Place(file: file, line: mark.line, column: mark.column),
        remedy: "check indentation, colons and quotes")
    case .duplicatedKeysInMapping(let keys, let context):
      ImmerseError(
        .badData, "the key \"\(keys.first ?? "")\" stands twice",
        place: ImmerseError.Place(file: file, line: context.mark.line, column: context.mark.column))
    default: ImmerseError(.badData, "not valid YAML", place: ImmerseError.Place(file: file))
    }
  }
}
