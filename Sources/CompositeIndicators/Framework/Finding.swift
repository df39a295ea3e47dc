/// Something wrong with a framework.
public struct Finding: Codable, Sendable, Equatable {
  public enum Code: String, Codable, Sendable, CaseIterable {
    case noIndicators = "no_indicators"
    case duplicateCode = "duplicate_code"
    case unknownParent = "unknown_parent"
    case repeatedParent = "repeated_parent"
    /// An indicator without a parent in a framework that has aggregates.
    case orphan
    case emptyAggregate = "empty_aggregate"
    case cycle
    case invalidWeight = "invalid_weight"
    case zeroWeights = "zero_weights"
    case mixedRoles = "mixed_roles"
    case invalidGoalposts = "invalid_goalposts"
  }

  public var code: Code
  public var message: String
  /// The code of the indicator or aggregate it is about; empty where it is about the whole framework.
  public var subject: String

  enum CodingKeys: String, CodingKey { case code, message, subject }

  public init(_ code: Code, _ subject: String, _ message: String) {
    self.code = code
    self.message = message
    self.subject = subject
  }
}
