public import Columnar
public import Streaming

/// How consistently the items of a scale measure, in one group.
public struct ScaleReliability: Codable, Sendable, Equatable {
  /// Nil without groups.
  public var group: String?
  /// Respondents who answered an item.
  public var count: Int
  /// Cronbach's alpha; nil where the sum of the items does not vary.
  public var alpha: Double?
  /// McDonald's omega of one factor; nil for two items or a Heywood case.
  public var omega: Double?
  /// Alpha of the polychoric correlations (Zumbo, Gadermann and Zeisser 2007); nil where one is not defined.
  public var ordinalAlpha: Double?

  enum CodingKeys: String, CodingKey {
    case group, count, alpha, omega
    case ordinalAlpha = "ordinal_alpha"
  }
}

extension ScaleCalibration {
  /// Alpha, omega and ordinal alpha of the items in every group, from pairwise covariances and correlations under the
  /// weights, in one pass.
  ///
  /// - Throws: `usage` where the settings contradict each other, `badData` where an answer or weight is impossible.
  public func reliability(on source: any Source, engine: Engine = Engine()) throws(ImmerseError) -> [ScaleReliability] {
    try check()
    let (table, groups) = try patterns(of: try Dataset(source, columns: columns, engine: engine), engine)
    return reliability(table, groups)
  }

  func reliability(_ table: PatternTable, _ groups: [String]) -> [ScaleReliability] {
    (0..<max(groups.count, 1)).map { group in
      let k = items.count
      var covariance = [Double?](repeating: nil, count: k * k)
      var polychoric = [Double?](repeating: 1, count: k * k)
      for a in 0..<k {
        for b in 0...a {
          let pair = PairCounts(table, a, b, group: group, categories: categories)
          covariance[a * k + b] = pair.covariance
          covariance[b * k + a] = pair.covariance
          if a == b { continue }
          polychoric[a * k + b] = PolychoricCorrelation.estimate(pair.weights, columns: categories)
          polychoric[b * k + a] = polychoric[a * k + b]
        }
      }
      let complete = covariance.compactMap(\.self)
      let correlations = polychoric.compactMap(\.self)
      return ScaleReliability(
        group: groups.isEmpty ? nil : groups[group], count: table.counts.reduce(0) { $0 + $1[group] },
        alpha: complete.count == k * k ? cronbachAlpha(complete, items: k) : nil,
        omega: complete.count == k * k ? OneFactor(complete, items: k)?.omega : nil,
        ordinalAlpha: correlations.count == k * k ? cronbachAlpha(correlations, items: k) : nil)
    }
  }
}

/// The weighted table of the answers to two items, over the respondents who answered both.
private struct PairCounts {
  /// Categories of the first item by categories of the second.
  var weights: [Double]
  private var count = 0
  private let categories: Int

  init(_ table: PatternTable, _ a: Int, _ b: Int, group: Int, categories: Int) {
    self.categories = categories
    weights = Array(repeating: 0, count: categories * categories)
    for (pattern, codes) in table.codes.enumerated() where codes[a] > 0 && codes[b] > 0 {
      weights[(Int(codes[a]) - 1) * categories + Int(codes[b]) - 1] += table.weights[pattern][group]
      count += table.counts[pattern][group]
    }
  }

  /// Divisor n - 1, weights rescaled to a mean of 1; nil below two respondents.
  var covariance: Double? {
    let total = weights.reduce(0, +)
    guard count > 1, total > 0 else { return nil }
    var (x, y, xy) = (0.0, 0.0, 0.0)
    for (cell, weight) in weights.enumerated() {
      x += weight * Double(cell / categories)
      y += weight * Double(cell % categories)
    }
    for (cell, weight) in weights.enumerated() {
      xy += weight * (Double(cell / categories) - x / total) * (Double(cell % categories) - y / total)
    }
    return xy / total * Double(count) / Double(count - 1)
  }
}
