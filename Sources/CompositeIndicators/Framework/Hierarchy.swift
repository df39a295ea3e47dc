public import Columnar

/// An indicator, an aggregate or the index, as scores are reported.
public struct Term: Codable, Sendable, Equatable {
  public var code: String
  public var name: String?
  /// 1 for an indicator, one more than the highest child for an aggregate.
  public var level: Int

  enum CodingKeys: String, CodingKey { case code, name, level }
}

/// A framework found sound: its terms from the indicators up, and what each aggregate averages.
public struct Hierarchy: Sendable {
  public struct Group: Codable, Sendable, Equatable {
    /// Positions in `terms`.
    public var target: Int
    public var children: [Int]
    /// Rescaled to sum to 1.
    public var weights: [Double]

    enum CodingKeys: String, CodingKey { case target, children, weights }
  }

  /// Indicators in the order of the framework, then aggregates by level and, within a level, in that order.
  public let terms: [Term]
  /// One for each aggregate, children before parents.
  public let groups: [Group]
  public let indicators: [Indicator]
  /// What experts say of the parts of an aggregate, by its code.
  public let judgements: [String: Judgement]

  public var topLevel: Int { terms.map(\.level).max() ?? 1 }

  /// The weight of every indicator in the aggregate of that code: the product of weights down the tree, summed over
  /// the ways down. Nil where there is no such aggregate.
  public func effectiveWeights(in aggregate: String) -> [Double]? {
    guard let top = terms.firstIndex(where: { $0.code == aggregate }), top >= indicators.count else { return nil }
    var weights = [Double](repeating: 0, count: terms.count)
    weights[top] = 1
    for group in groups.reversed() where weights[group.target] != 0 {
      for (child, weight) in zip(group.children, group.weights) { weights[child] += weights[group.target] * weight }
    }
    return Array(weights.prefix(indicators.count))
  }
}

extension Framework {
  /// The framework as a checked tree, or several trees.
  ///
  /// - Throws: `badData` naming every finding where there is one.
  public func hierarchy() throws(ImmerseError) -> Hierarchy {
    let findings = findings()
    if !findings.isEmpty {
      throw ImmerseError(
        .badData, "the framework cannot be used: \(Spelling.list(findings.map(\.message), limit: 5))",
        remedy: "correct the framework")
    }
    let children = childrenByParent
    let levels = levels(children).levels
    let level = { (code: String) in levels[code] ?? 1 }
    let ordered = members.enumerated().sorted { (level($0.1.code), $0.0) < (level($1.1.code), $1.0) }.map(\.element)
    let position = Dictionary(ordered.enumerated().map { ($1.code, $0) }) { first, _ in first }
    let groups = ordered.filter { !$0.isIndicator }.map { parent in
      let members = children[parent.code] ?? []
      let total = members.reduce(0) { $0 + $1.weight }
      return Hierarchy.Group(
        target: position[parent.code] ?? 0, children: members.map { position[$0.code] ?? 0 },
        weights: members.map { $0.weight / total })
    }
    return Hierarchy(
      terms: ordered.map { Term(code: $0.code, name: $0.name, level: level($0.code)) }, groups: groups,
      indicators: indicators,
      judgements: Dictionary(aggregates.compactMap { a in a.judgement.map { (a.code, $0) } }) { first, _ in first })
  }
}
