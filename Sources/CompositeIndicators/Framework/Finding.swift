/// Something wrong with a framework, or worth knowing of it.
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
    case missingColumn = "missing_column"
    /// An indicator or aggregate that is averaged into more than one parent.
    case severalParents = "several_parents"
    /// A part that is reported without being averaged.
    case zeroWeight = "zero_weight"
    case undeclaredRole = "undeclared_role"
    case undeclaredKind = "undeclared_kind"
    case unevenLevels = "uneven_levels"

    /// Whether a framework with such a finding can be used.
    public var severity: Severity {
      switch self {
      case .severalParents, .zeroWeight, .undeclaredRole, .undeclaredKind, .unevenLevels: .remark
      default: .error
      }
    }
  }

  public enum Severity: String, Codable, Sendable { case error, remark }

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
