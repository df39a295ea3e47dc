/// An interval of one parameter: a fixed effect, a standard deviation or a correlation.
public struct ParameterInterval: Sendable, Hashable, Codable {
  public enum Parameter: String, Sendable, Codable {
    case fixed
    case standardDeviation = "std_dev"
    case correlation
  }

  public var parameter: Parameter
  /// Nil for a fixed effect; `Residual` for σ.
  public var group: String?
  public var term1: String?
  public var term2: String?
  public var estimate: Double
  /// Nil where the interval is open on this side: a limit was not found.
  public var confidenceLow: Double?
  public var confidenceHigh: Double?

  enum CodingKeys: String, CodingKey {
    case parameter, group, term1, term2, estimate
    case confidenceLow = "conf_low"
    case confidenceHigh = "conf_high"
  }
}
