import Columnar

/// How one ranking of units differs from another, over the units that both rank.
public struct RankComparison: Codable, Sendable, Equatable {
  public struct Shift: Codable, Sendable, Equatable {
    public var unit: String
    public var first: Int
    public var second: Int

    enum CodingKeys: String, CodingKey { case unit, first, second }

    /// Above zero where the unit stands lower in the second.
    public var shift: Int { second - first }
  }

  public let shifts: [Shift]
  /// Pearson's correlation of average ranks; nil where one ranking ties all units.
  public let spearman: Double?
  /// Kendall's tau-b.
  public let kendall: Double?
  public let meanAbsoluteShift: Double
  public let largestShift: Int

  enum CodingKeys: String, CodingKey {
    case shifts, spearman, kendall
    case meanAbsoluteShift = "mean_rank_shift"
    case largestShift = "largest_rank_shift"
  }

  /// Compares two results under one of their terms each. Nil where a term is unknown or fewer than two units have both
  /// scores.
  ///
  /// O(units²).
  public init?(_ first: ScoreResult, _ second: ScoreResult, term: String, secondTerm: String? = nil) {
    guard let a = first.terms.firstIndex(where: { $0.code == term }),
      let b = second.terms.firstIndex(where: { $0.code == secondTerm ?? term })
    else { return nil }
    func name(_ result: ScoreResult, _ row: Int) -> String {
      result.units[row] + (result.period.flatMap { $0[row] }.map { " \($0)" } ?? "")
    }
    let places = Dictionary(second.units.indices.map { (name(second, $0), $0) }) { one, _ in one }
    let pairs = first.units.indices.compactMap { row -> (String, Double, Double)? in
      let unit = name(first, row)
      guard let other = places[unit] else { return nil }
      let (x, y) = (first.estimates[a][row], second.estimates[b][other])
      return x.isNaN || y.isNaN ? nil : (unit, x, y)
    }
    self.init(units: pairs.map(\.0), pairs.map(\.1), pairs.map(\.2))
  }

  /// Compares two indices of the same units under the first aggregate of the highest level of each.
  ///
  /// - Throws: `badData` where fewer than two units have both scores.
  public init(_ first: ScoreResult, _ second: ScoreResult) throws(ImmerseError) {
    guard let a = first.terms.first?.code, let b = second.terms.first?.code,
      let comparison = RankComparison(first, second, term: a, secondTerm: b)
    else { throw ImmerseError(.badData, "fewer than two units are scored by both indices, so that no ranks compare") }
    self = comparison
  }

  /// Compares two lists of scores, one for each unit.
  public init?(units: [String], _ x: [Double], _ y: [Double]) {
    let count = units.count
    guard count > 1, x.count == count, y.count == count, (x + y).allSatisfy({ !$0.isNaN }) else { return nil }
    let (ranksX, ranksY) = (descendingRanks(Buffer(x)), descendingRanks(Buffer(y)))
    shifts = units.indices.map { Shift(unit: units[$0], first: Int(ranksX[$0]), second: Int(ranksY[$0])) }
    let absolute = shifts.map { $0.shift.magnitude }
    meanAbsoluteShift = Double(absolute.reduce(0, +)) / Double(count)
    largestShift = Int(absolute.max() ?? 0)
    // One comparison of all pairs gives both coefficients: an average rank is a count of pairs.
    var (mid, midOther) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    var (agreement, untiedX, untiedY) = (0.0, 0.0, 0.0)
    for i in 0..<count {
      for j in 0..<count where i != j {
        let (dx, dy) = (sign(x[i] - x[j]), sign(y[i] - y[j]))
        mid[i] += dx
        midOther[i] += dy
        agreement += dx * dy
        untiedX += dx * dx
        untiedY += dy * dy
      }
    }
    kendall = untiedX > 0 && untiedY > 0 ? agreement / (untiedX * untiedY).squareRoot() : nil
    spearman = PairMoments([mid, midOther], Array(repeating: 1, count: count)).correlation(0, 1)
  }
}

private func sign(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : 0 }
