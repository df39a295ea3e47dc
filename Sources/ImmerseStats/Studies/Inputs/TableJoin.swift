public import Columnar

/// A table to attach to the rows, many-to-one.
public struct TableJoin: Sendable, Hashable, Decodable {
  public var file: String
  public var key: String

  public init(file: String, key: String) {
    self.file = file
    self.key = key
  }

  /// Reads `FILE:KEY`.
  ///
  /// - Throws: `usage` where the text has another form.
  public init(option: String) throws(ImmerseError) {
    guard let colon = option.lastIndex(of: ":"), colon != option.startIndex, option.last != ":" else {
      throw ImmerseError(.usage, "\"\(option)\" is not a join", remedy: "write it as FILE:KEY")
    }
    file = String(option[..<colon])
    key = String(option[option.index(after: colon)...])
  }
}
