/// A column an analysis needs, and the form it needs it in.
///
/// What a cell means depends on its use: `01` is a group called "01" to a table by group and the number 1 to a mean.
/// The analysis says which, and the reader delivers just that.
public struct ColumnRequest: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// Float64; text is an error at its line.
    case number
    /// Codes into levels, numbers by their text as it stands in the file.
    case category
    /// A number where every value of the column is one, else a category.
    case automatic
    /// As the source stores it, for copying.
    case native
    /// As `native`, but a text file delivers its cells as they stand in it: `1.50` remains `1.50`.
    case verbatim
  }

  public var name: String
  public var kind: Kind

  public init(_ name: String, _ kind: Kind) {
    self.name = name
    self.kind = kind
  }

  public static func number(_ name: String) -> ColumnRequest { ColumnRequest(name, .number) }
  public static func category(_ name: String) -> ColumnRequest { ColumnRequest(name, .category) }
  public static func automatic(_ name: String) -> ColumnRequest { ColumnRequest(name, .automatic) }
  public static func native(_ name: String) -> ColumnRequest { ColumnRequest(name, .native) }
  public static func verbatim(_ name: String) -> ColumnRequest { ColumnRequest(name, .verbatim) }
}

extension Sequence<ColumnRequest> {
  /// One request for each name, in the order of first mention.
  ///
  /// A column wanted both as a number and by its text, as a category or verbatim, is delivered as a category, from
  /// which its numbers can be read; the other way round the text would be lost.
  public var merged: [ColumnRequest] {
    var merged: [ColumnRequest] = []
    var position: [String: Int] = [:]
    for request in self {
      guard let index = position[request.name] else {
        position[request.name] = merged.count
        merged.append(request)
        continue
      }
      let kinds: Set = [merged[index].kind, request.kind]
      if kinds.count == 1 { continue }
      merged[index].kind =
        kinds.contains(.category) || kinds.contains(.verbatim)
        ? .category : kinds.contains(.automatic) ? .automatic : .number
    }
    return merged
  }
}
