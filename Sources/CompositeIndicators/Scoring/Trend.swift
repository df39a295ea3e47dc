import Columnar
import Numerics

/// How the score of one unit under one term went from the first to the last period in which it has one.
public struct Trend: Codable, Sendable, Equatable {
  public var unit: String
  public var term: String
  public var from: String
  public var to: String
  /// In points of the scale.
  public var change: Double
  /// The least-squares slope over all periods, in points a period of length 1; nil where periods are no numbers.
  public var annualChange: Double?
  /// The compound growth rate, (last / first)^(1 / length) - 1; nil where a score is zero or less, or periods no numbers.
  public var annualGrowth: Double?
  /// Places gained; negative where places were lost.
  public var rankChange: Int

  enum CodingKeys: String, CodingKey {
    case unit, term, from, to, change
    case annualChange = "annual_change"
    case annualGrowth = "annual_growth"
    case rankChange = "rank_change"
  }
}

extension ScoreResult {
  /// The trend of every unit with scores in two periods or more, term by term; empty where there are no periods.
  /// O(rows · terms).
  public var trends: [Trend] {
    guard let period else { return [] }
    var rowsOfUnit: [String: [Int]] = [:]
    var order: [String] = []
    for (row, name) in units.enumerated() {
      if rowsOfUnit[name] == nil { order.append(name) }
      rowsOfUnit[name, default: []].append(row)
    }
    return terms.indices.flatMap { term in
      order.compactMap { unit in
        let rows = (rowsOfUnit[unit] ?? []).filter { !estimates[term][$0].isNaN }
          .sorted { period.codes[$0] < period.codes[$1] }
        guard let first = rows.first, let last = rows.last, rows.count > 1 else { return nil }
        let (start, end) = (estimates[term][first], estimates[term][last])
        let times = period.levels.numbers.map { numbers in rows.map { numbers[Int(period.codes[$0])] } }
        let length = times.map { ($0.last ?? 0) - ($0.first ?? 0) }
        return Trend(
          unit: unit, term: terms[term].code, from: period[first] ?? "", to: period[last] ?? "", change: end - start,
          annualChange: times.map { slope($0, rows.map { estimates[term][$0] }) },
          annualGrowth: length.flatMap { start > 0 && end > 0 ? Double.pow(end / start, 1 / $0) - 1 : nil },
          rankChange: Int(ranks[term][first]) - Int(ranks[term][last]))
      }
    }
  }
}

/// The least-squares slope of y on x.
private func slope(_ x: [Double], _ y: [Double]) -> Double {
  let n = Double(x.count)
  let (meanX, meanY) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
  let products = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
  return products / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
}
