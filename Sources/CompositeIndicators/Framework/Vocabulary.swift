/// What an indicator's values are; it decides whether they can carry sampling error.
public enum IndicatorKind: String, Codable, Sendable, CaseIterable {
  /// A ratio of two official counts.
  case officialRatio = "official_ratio"
  /// The share of respondents at or above a cut-off on one item.
  case shareAtCutoff = "share_at_cutoff"
  /// A score of several items of one scale.
  case compositeOfItems = "composite_of_items"
  /// A value stated for a site by its principal or teachers.
  case siteValue = "site_value"
  /// A coded assessment of law and policy.
  case policyScore = "policy_score"

  /// Official counts and coded policy were not drawn as a sample, so they have no sampling error.
  public var canCarrySamplingError: Bool {
    self != .officialRatio && self != .policyScore
  }
}

/// Where an indicator's value is observed.
public enum MeasurementLevel: String, Codable, Sendable, CaseIterable {
  case child, site, region, country
}

/// Whether an indicator tells how children fare, or what helps and hinders them.
public enum IndicatorRole: String, Codable, Sendable, CaseIterable {
  case result, determinant
}

/// Which part of a child's surroundings an indicator is about.
public enum EcologicalLevel: String, Codable, Sendable, CaseIterable {
  case micro, meso, macro
  /// Partly the school's doing, partly the country's.
  case mesoAndMacro = "meso/macro"
}

/// How well an indicator's definition is documented.
public enum Confidence: String, Codable, Sendable, CaseIterable {
  /// Name and definition were read in the source.
  case verified
  /// A published result or text proves that it exists.
  case partly
  /// Known from memory only.
  case reconstructed
}

/// Whether more is better.
public enum Direction: Int, Codable, Sendable, CaseIterable {
  case positive = 1
  case negative = -1

  var sign: Double { Double(rawValue) }
}

/// The values between which an indicator is scaled, such as 20 and 85 years of life expectancy.
public struct Goalposts: Codable, Sendable, Equatable {
  public var lower: Double
  public var upper: Double

  enum CodingKeys: String, CodingKey { case lower, upper }

  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    lower = try container.decode(Double.self, forKey: .lower)
    upper = try container.decode(Double.self, forKey: .upper)
  }
}
