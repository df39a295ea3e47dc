import Columnar

/// How answers to several items become one score.
///
/// ```yaml
/// {items: [belong_1, belong_2, belong_3], reversed: [belong_2], minimum: 1, maximum: 4, minimum_items: 2}
/// {items: [trust], at_least: 4}
/// ```
public struct ItemScale: Codable, Sendable, Equatable {
  public enum Statistic: String, Codable, Sendable, CaseIterable {
    case mean
    /// The mean times the number of items, so that a missing answer counts as the respondent's mean.
    case sum
  }

  public var items: [String]
  /// Items whose answers are turned round: maximum + minimum - x.
  public var reversed: [String]
  /// The least and the greatest answer; needed where items are reversed. Answers outside are refused.
  public var minimum: Double?
  public var maximum: Double?
  public var statistic: Statistic
  /// Respondents who answered fewer items have no score; all items must be answered where it is not given.
  public var minimumItems: Int?
  /// Where given, the score becomes 100 at or above it and 0 below, so that its mean is a percentage.
  public var atLeast: Double?

  enum CodingKeys: String, CodingKey {
    case items, reversed, minimum, maximum, statistic
    case minimumItems = "minimum_items"
    case atLeast = "at_least"
  }

  public init(
    _ items: [String], reversed: [String] = [], minimum: Double? = nil, maximum: Double? = nil,
    statistic: Statistic = .mean, minimumItems: Int? = nil, atLeast: Double? = nil
  ) {
    self.items = items
    self.reversed = reversed
    self.minimum = minimum
    self.maximum = maximum
    self.statistic = statistic
    self.minimumItems = minimumItems
    self.atLeast = atLeast
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decodeOneOrMore(String.self, forKey: .items) ?? [],
      reversed: try container.decodeOneOrMore(String.self, forKey: .reversed) ?? [],
      minimum: try container.decodeIfPresent(Double.self, forKey: .minimum),
      maximum: try container.decodeIfPresent(Double.self, forKey: .maximum),
      statistic: try container.decodeIfPresent(Statistic.self, forKey: .statistic) ?? .mean,
      minimumItems: try container.decodeIfPresent(Int.self, forKey: .minimumItems),
      atLeast: try container.decodeIfPresent(Double.self, forKey: .atLeast))
  }

  /// - Throws: `usage` where the settings contradict each other.
  func check(_ name: String) throws(ImmerseError) {
    func refuse(_ problem: String) -> ImmerseError { ImmerseError(.usage, problem, variable: name) }
    if items.isEmpty { throw refuse("the scale has no items") }
    if Set(items).count < items.count { throw refuse("the scale names an item twice") }
    for item in reversed where !items.contains(item) {
      throw refuse("the reversed item \"\(item)\" is not among the items of the scale")
    }
    if let minimum, let maximum {
      guard minimum < maximum else { throw refuse("the least answer is not below the greatest") }
    } else if !reversed.isEmpty || minimum != nil || maximum != nil {
      throw refuse("the least and the greatest answer must both be given, as they must where items are reversed")
    }
    if let minimumItems, minimumItems < 1 || minimumItems > items.count {
      throw refuse("the minimum number of items must lie between 1 and \(items.count)")
    }
  }
}
