public import Columnar
import Streaming
import Synchronization

/// The score of one unit under one term.
public struct ScoreRow: Codable, Sendable, Equatable {
  public var unit: String
  public var term: String
  public var level: Int
  /// Nil where the unit has no score.
  public var estimate: Double?
  public var rank: Int?
  /// Nil where there is no sampling error or it is not known.
  public var standardError: Double?
  /// The best and the worst rank that the sampling error leaves open; nil where the standard error is.
  public var rankLow: Int?
  public var rankHigh: Int?

  enum CodingKeys: String, CodingKey {
    case unit, term, level, estimate, rank
    case standardError = "std_error"
    case rankLow = "rank_low"
    case rankHigh = "rank_high"
  }

  /// Writes what is absent as null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(unit, forKey: .unit)
    try container.encode(term, forKey: .term)
    try container.encode(level, forKey: .level)
    try container.encode(estimate, forKey: .estimate)
    try container.encode(rank, forKey: .rank)
    try container.encode(standardError, forKey: .standardError)
    try container.encode(rankLow, forKey: .rankLow)
    try container.encode(rankHigh, forKey: .rankHigh)
  }
}

/// Scores and ranks of all units under all terms, by column.
public struct ScoreResult: Sendable {
  /// What was frozen on the reference units.
  public let model: ScoreModel
  public let units: [String]
  /// The highest level first, in the order of the framework within a level.
  public let terms: [Term]
  /// One column over units for each term; NaN where there is no score.
  public let estimates: [Buffer<Double>]
  /// 1 for the highest score, ties share the smallest rank, 0 where there is no score.
  public let ranks: [Buffer<Int32>]
  /// NaN where there is no sampling error or it is not known; nil where none was given.
  public let standardErrors: [Buffer<Double>]?
  private let rankIntervals: [RankIntervals]?
  public let notes: [Note]

  /// - Parameter standardErrors: of the terms in the model's order.
  init(
    _ model: ScoreModel, _ scores: UnitMatrix, standardErrors: [Buffer<Double>]?, notes: [Note], threads: Int
  ) throws(ImmerseError) {
    let all = model.aggregation.terms
    let order = all.indices.sorted { (-all[$0].level, $0) < (-all[$1].level, $1) }
    let estimates = order.map { scores.columns[$0] }
    let errors = standardErrors.map { errors in order.map { errors[$0] } }
    self.model = model
    units = scores.units
    terms = order.map { all[$0] }
    self.estimates = estimates
    self.standardErrors = errors
    self.notes = notes
    ranks = try mapTerms(order.count, threads) { descendingRanks(estimates[$0]) }
    if let errors, scores.units.count <= RankIntervals.unitLimit {
      rankIntervals = try mapTerms(order.count, threads) {
        RankIntervals(estimates[$0], errors[$0], level: model.confidenceLevel)
      }
    } else {
      rankIntervals = nil
    }
  }

  /// One row for each term and unit, term by term, made as they are read.
  public var rows: Rows { Rows(result: self) }

  public struct Rows: RandomAccessCollection, Sendable {
    let result: ScoreResult

    public var startIndex: Int { 0 }
    public var endIndex: Int { result.terms.count * result.units.count }

    public subscript(position: Int) -> ScoreRow {
      let (term, unit) = position.quotientAndRemainder(dividingBy: result.units.count)
      let estimate = result.estimates[term][unit]
      let rank = Int(result.ranks[term][unit])
      let error = result.standardErrors?[term][unit] ?? .nan
      let (low, high) = result.rankIntervals.map { (Int($0[term].low[unit]), Int($0[term].high[unit])) } ?? (0, 0)
      return ScoreRow(
        unit: result.units[unit], term: result.terms[term].code, level: result.terms[term].level,
        estimate: estimate.isNaN ? nil : estimate, rank: rank == 0 ? nil : rank,
        standardError: error.isNaN ? nil : error, rankLow: low == 0 ? nil : low, rankHigh: high == 0 ? nil : high)
    }
  }

  /// The row of a unit and a term, or nil where there is none. O(units + terms).
  public func row(unit: String, term: String) -> ScoreRow? {
    guard let unit = units.firstIndex(of: unit), let term = terms.firstIndex(where: { $0.code == term }) else {
      return nil
    }
    return rows[term * units.count + unit]
  }
}

/// A value for each term, computed on several threads.
private func mapTerms<Value: Sendable>(
  _ count: Int, _ threads: Int, _ value: @escaping @Sendable (Int) -> Value
) throws(ImmerseError) -> [Value] {
  let values = Mutex([Value?](repeating: nil, count: count))
  try parallelForEach(count, threads: threads) { term in
    let done = value(term)
    values.withLock { $0[term] = done }
  }
  return values.withLock { $0.compactMap(\.self) }
}
