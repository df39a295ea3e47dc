/// A node of a document of settings: YAML in a study file, JSON in a request.
public protocol DocumentNode {
  /// The members of a mapping in their order, each with the node of its key; nil for other nodes.
  var members: [(key: String, keyNode: Self, value: Self)]? { get }
  /// The elements of a list; nil for other nodes.
  var elements: [Self]? { get }
  /// The text of a scalar; nil for other nodes.
  var scalarText: String? { get }
  var isNull: Bool { get }
  /// Where the node begins, counted from 1, where that is known.
  var position: (line: Int, column: Int)? { get }
}
