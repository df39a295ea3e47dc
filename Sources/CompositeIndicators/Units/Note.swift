/// Something a reader of a result must know: what was left out, replaced or taken for granted.
public struct Note: Codable, Sendable, Equatable {
  /// Short and stable, for programs.
  public var code: String
  public var message: String

  enum CodingKeys: String, CodingKey { case code, message }

  public init(_ code: String, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// "1 unit", "3 units".
func counted(_ count: Int, _ noun: String) -> String {
  count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
}
