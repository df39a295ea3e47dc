/// Something a reader of a result must know, under a stable code that programs can test for.
public struct Note: Sendable, Hashable, Codable {
  public var code: String
  public var message: String

  public init(_ code: String, _ message: String) {
    self.code = code
    self.message = message
  }
}
