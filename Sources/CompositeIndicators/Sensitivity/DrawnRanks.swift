/// Ranks under a block of draws.
enum DrawnRanks {
  /// Above this number of units a sort costs less than comparing all pairs.
  static let pairLimit = 256

  /// Descending ranks, ties at the smallest, 0 where there is no score.
  ///
  /// - Parameters:
  ///   - scores: unit by unit, `DrawnScores.width` draws each.
  ///   - ranks: the same layout.
  static func rank(_ scores: UnsafePointer<Double>, units: Int, into ranks: UnsafeMutablePointer<Double>) {
    if units <= pairLimit { rankByPairs(scores, units, ranks) } else { rankBySorting(scores, units, ranks) }
  }

  /// 1 plus the number of units above, all draws at once. O(units²).
  private static func rankByPairs(
    _ scores: UnsafePointer<Double>, _ units: Int, _ ranks: UnsafeMutablePointer<Double>
  ) {
    let width = DrawnScores.width
    for unit in 0..<units {
      let (own, rank) = (scores + unit * width, ranks + unit * width)
      for draw in 0..<width { rank[draw] = own[draw] == own[draw] ? 1 : 0 }
    }
    for unit in 0..<units {
      let (own, rank) = (scores + unit * width, ranks + unit * width)
      for other in 0..<unit {
        let (its, itsRank) = (scores + other * width, ranks + other * width)
        for draw in 0..<width {
          rank[draw] += its[draw] > own[draw] ? 1 : 0
          itsRank[draw] += own[draw] > its[draw] ? 1 : 0
        }
      }
    }
  }

  /// O(units log units) for each draw.
  private static func rankBySorting(
    _ scores: UnsafePointer<Double>, _ units: Int, _ ranks: UnsafeMutablePointer<Double>
  ) {
    let width = DrawnScores.width
    for draw in 0..<width {
      var scored: [Int] = []
      for unit in 0..<units {
        ranks[unit * width + draw] = 0
        if !scores[unit * width + draw].isNaN { scored.append(unit) }
      }
      scored.sort { scores[$0 * width + draw] > scores[$1 * width + draw] }
      var (rank, last) = (0, Double.nan)
      for (place, unit) in scored.enumerated() {
        let score = scores[unit * width + draw]
        if score != last { rank = place + 1 }
        ranks[unit * width + draw] = Double(rank)
        last = score
      }
    }
  }
}
