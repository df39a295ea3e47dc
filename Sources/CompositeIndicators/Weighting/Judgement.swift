/// What experts say of the parts of an aggregate.
///
/// ```yaml
/// budget: {belonging: [40, 30], bullying: [60, 70]}            # points of two experts
/// comparisons: [{of: belonging, to: bullying, ratio: 3}]       # belonging matters three times as much
/// ```
public struct Judgement: Codable, Sendable, Equatable {
  /// Points of each expert, in one order of experts for all parts; each expert's are rescaled to sum to 1.
  public var budget: [String: [Double]]?
  /// Each pair of parts once.
  public var comparisons: [Comparison]?

  public struct Comparison: Codable, Sendable, Equatable {
    public var of: String
    public var to: String
    /// How many times as much the first matters as the second.
    public var ratio: Double

    enum CodingKeys: String, CodingKey { case of, to, ratio }

    public init(of: String, to: String, ratio: Double) {
      self.of = of
      self.to = to
      self.ratio = ratio
    }
  }

  enum CodingKeys: String, CodingKey { case budget, comparisons }

  public init(budget: [String: [Double]]? = nil, comparisons: [Comparison]? = nil) {
    self.budget = budget
    self.comparisons = comparisons
  }
}
