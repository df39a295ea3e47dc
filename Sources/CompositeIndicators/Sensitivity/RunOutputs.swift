/// What every run gave, filled by several threads: each writes the runs of its own cells.
final class RunOutputs: @unchecked Sendable {
  /// Values of ranks and scores that are kept at most.
  static let limit = 1 << 28

  let units: Int
  /// The mean over units of how far a rank lies from the nominal one.
  let shifts: UnsafeMutableBufferPointer<Double>
  /// Run by run, units in order; 0 where a unit has no score.
  let ranks: UnsafeMutableBufferPointer<UInt16>
  /// The same for scores, of the runs whose scores lie on one scale.
  let scores: UnsafeMutableBufferPointer<Double>
  /// The position of each run's scores, or nil.
  let scorePlaces: [Int?]

  init(runs: Int, units: Int, scorePlaces: [Int?]) {
    self.units = units
    self.scorePlaces = scorePlaces
    shifts = .allocate(capacity: runs)
    ranks = .allocate(capacity: runs * units)
    scores = .allocate(capacity: scorePlaces.reduce(0) { $0 + ($1 == nil ? 0 : units) })
    shifts.initialize(repeating: 0)
    ranks.initialize(repeating: 0)
    scores.initialize(repeating: .nan)
  }

  deinit {
    shifts.deallocate()
    ranks.deallocate()
    scores.deallocate()
  }

  /// Keeps the outcome of one run.
  ///
  /// - Parameters:
  ///   - lane: the run's place in the block of scores and ranks.
  ///   - nominal: ranks to compare with, 0 where there is none.
  func store(
    _ run: Int, lane: Int, _ blockScores: UnsafePointer<Double>, _ blockRanks: UnsafePointer<Double>, _ nominal: [Int32]
  ) {
    let width = DrawnScores.width
    var (shift, compared) = (0.0, 0.0)
    for unit in 0..<units {
      let rank = blockRanks[unit * width + lane]
      ranks[run * units + unit] = UInt16(rank)
      if rank > 0 && nominal[unit] > 0 {
        shift += (rank - Double(nominal[unit])).magnitude
        compared += 1
      }
    }
    shifts[run] = compared > 0 ? shift / compared : 0
    if let place = scorePlaces[run] {
      for unit in 0..<units { scores[place * units + unit] = blockScores[unit * width + lane] }
    }
  }
}
