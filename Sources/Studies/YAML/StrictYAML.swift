public import Columnar
import ImmerseStats
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
    return try YAMLNode(node: root).decode(type, file: file)
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

private struct YAMLNode: DocumentNode {
  let node: Node

  var members: [(key: String, keyNode: YAMLNode, value: YAMLNode)]? {
    // By text, so that a key such as 0 is found whether or not it is quoted.
    node.mapping?.compactMap { key, value in key.string.map { ($0, YAMLNode(node: key), YAMLNode(node: value)) } }
  }

  var elements: [YAMLNode]? { node.sequence?.map { YAMLNode(node: $0) } }

  var scalarText: String? { node.scalar?.string }

  var isNull: Bool { node.null != nil }

  var position: (line: Int, column: Int)? { node.mark.map { ($0.line, $0.column) } }
}
