import Columnar

/// Weights to be cut off at bounds, their sum kept.
public struct TrimRequest: Sendable, Hashable, Codable {
  public var weights: String
  public var lower: Double?
  public var upper: Double?
  /// Whether no weight may end outside the bounds. Otherwise weights are cut off once, and what the others receive may
  /// lift some of them over the upper bound.
  public var strict: Bool
  /// The column the trimmed weights are written to.
  public var output: String

  public init(
    weights: String, lower: Double? = nil, upper: Double? = nil, strict: Bool = false, output: String = "weight"
  ) {
    self.weights = weights
    self.lower = lower
    self.upper = upper
    self.strict = strict
    self.output = output
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      weights: try container.decode(String.self, forKey: .weights),
      lower: try container.decodeIfPresent(Double.self, forKey: .lower),
      upper: try container.decodeIfPresent(Double.self, forKey: .upper),
      strict: try container.decodeIfPresent(Bool.self, forKey: .strict) ?? false,
      output: try container.decodeIfPresent(String.self, forKey: .output) ?? "weight")
  }

  func validate() throws(ImmerseError) {
    guard lower != nil || upper != nil else {
      throw ImmerseError(.usage, "no bound to trim at", remedy: "give --lower, --upper or both")
    }
    guard (lower ?? 0) >= 0, (upper ?? .infinity) > (lower ?? 0) else {
      throw ImmerseError(.usage, "the bounds of the weights are not a range of positive numbers")
    }
  }
}
