public import Columnar
import Streaming

/// The score of one unit under one term.
public struct ScoreRow: Codable, Sendable, Equatable {
  public var unit: String
  /// Nil where units stand in one period only.
  public var period: String?
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
    case unit, period, term, level, estimate, rank
    case standardError = "std_error"
    case rankLow = "rank_low"
    case rankHigh = "rank_high"
  }

  /// Writes what is absent as null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(unit, forKey: .unit)
    try container.encodeIfPresent(period, forKey: .period)
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
  public let units: UnitNames
  /// The period of each row; nil where units stand in one period only. Ranks are within periods.
  public let period: Categories?
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
    period = scores.period
    terms = order.map { all[$0] }
    self.estimates = estimates
    self.standardErrors = errors
    self.notes = notes
    let periods = scores.rowsByPeriod
    ranks = try makeColumns(order.count, rows: scores.units.count, threads) {
      descendingRanks(estimates[$0], within: periods, into: $1)
    }
    if let errors, scores.units.count <= RankIntervals.unitLimit {
      rankIntervals = try mapColumns(order.count, threads) {
        RankIntervals(estimates[$0], errors[$0], within: periods, level: model.confidenceLevel)
      }
    } else {
      rankIntervals = nil
    }
  }

  /// Results of several periods, each scored by itself, as one; its model is that of the last period.
  init(joining results: [ScoreResult], threads: Int) throws(ImmerseError) {
    guard let last = results.last else { throw ImmerseError(.failure, "there are no periods to score") }
    let terms = last.modelOrder
    let scores = UnitMatrix(
      units: results.flatMap { Array($0.units) }, codes: last.model.aggregation.terms.map(\.code),
      columns: terms.map { term in Buffer(joining: results.map { $0.estimates[term] }) },
      period: last.period.map { period in
        Categories(codes: Buffer(joining: results.compactMap { $0.period?.codes }), levels: period.levels)
      })
    var errors: [Buffer<Double>]?
    if last.standardErrors != nil {
      errors = terms.map { term in Buffer(joining: results.compactMap { $0.standardErrors?[term] }) }
    }
    let notes = results.flatMap { result in
      result.notes.map { note in
        Note(note.code, (result.period.flatMap { $0[0] }.map { "\($0): " } ?? "") + note.message)
      }
    }
    try self.init(last.model, scores, standardErrors: errors, notes: notes, threads: threads)
  }

  /// For each term of the model, its position among the terms of the result.
  var modelOrder: [Int] {
    model.aggregation.terms.map { term in terms.firstIndex { $0.code == term.code } ?? 0 }
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
        unit: result.units[unit], period: result.period?[unit], term: result.terms[term].code,
        level: result.terms[term].level,
        estimate: estimate.isNaN ? nil : estimate, rank: rank == 0 ? nil : rank,
        standardError: error.isNaN ? nil : error, rankLow: low == 0 ? nil : low, rankHigh: high == 0 ? nil : high)
    }
  }

  /// The row of a unit and a term in a period, the first where none is named; nil where there is none. O(units + terms).
  public func row(unit: String, period: String? = nil, term: String) -> ScoreRow? {
    let isWanted = { (row: Int) in units[row] == unit && (period == nil || self.period?[row] == period) }
    guard let unit = units.indices.first(where: isWanted), let term = terms.firstIndex(where: { $0.code == term })
    else {
      return nil
    }
    return rows[term * units.count + unit]
  }
}
