import Columnar

/// The design-based variance of a linear statistic: for each stage, the spread of unit totals inside the lists they were
/// drawn from.
///
///     V(z) = Σ_h (1 − f_h) n_h/(n_h − 1) Σ_j (z_hj − z̄_h)²  +  Σ_h Σ_j f_h V(z inside unit j)
///
/// (Särndal, Swensson and Wretman 1992, section 4.3; survey's `svyrecvar`). A sampled unit without rows in a domain
/// counts as zero, so a domain never changes n_h.
struct TaylorVariance {
  let frame: DesignFrame

  /// Sum and centred sum of squares of the unit totals of one list.
  struct ListMoments {
    let list: Int
    var sum = 0.0
    var squares = 0.0
    /// Units with a total of their own.
    var present = 0
  }

  /// The variance of Σ z, given z by lowest unit. O(units with a total), and O(units) for each further stage.
  ///
  /// - Throws: `badData` where a list has one unit and the design says to fail.
  func variance(of z: UnitTotals) throws(ImmerseError) -> Double {
    if let pps = frame.design.pps, pps.method != .brewer {
      return try PairwiseVariance(frame: frame, pps: pps, inclusion: frame.inclusion[0]).variance(of: z)
    }
    var totals = totalsByStage(z)
    var share = [Double](repeating: 1, count: frame.sampled[0].count)
    var variance = 0.0
    for stage in frame.parents.indices {
      variance += try contribution(stage, moments(totals.removeFirst(), stage), share: share)
      if totals.isEmpty || frame.design.ultimateCluster { break }
      let fractions = samplingFractions(stage)
      let drawn = frame.inclusion.isEmpty ? nil : frame.inclusion[stage]
      share = frame.parents[stage].enumerated().map { share[$1] * (drawn?[$0] ?? fractions[$1]) }
      // Without a population size the first stage carries the whole variance.
      if share.allSatisfy({ $0 == 0 }) { break }
    }
    return variance
  }

  /// The variance of Σ z where the rows are the units, given the moments of z inside each stratum that has rows.
  ///
  /// - Throws: `badData` where a stratum has one row and the design says to fail.
  func variance(ofRows moments: [ListMoments]) throws(ImmerseError) -> Double {
    try contribution(0, moments, share: frame.sampled[0].map { _ in 1 })
  }

  /// z added up the tree: first the totals of the first-stage units, last those of the lowest.
  private func totalsByStage(_ z: UnitTotals) -> [UnitTotals] {
    var totals = [z]
    for stage in frame.parents.indices.dropFirst().reversed() {
      var sums = UnitTotals(count: frame.parents[stage - 1].count)
      for unit in totals[0].units { sums.add(totals[0].values[unit], to: frame.parents[stage][unit]) }
      totals.insert(sums, at: 0)
    }
    return totals
  }

  /// The moments of every list that has a unit with a total; its other units count as zero.
  private func moments(_ z: UnitTotals, _ stage: Int) -> [ListMoments] {
    let lists = frame.parents[stage]
    let sampled = frame.sampled[stage]
    var sums = UnitTotals(count: sampled.count)
    var present = [Int](repeating: 0, count: sampled.count)
    for unit in z.units {
      sums.add(z.values[unit], to: lists[unit])
      present[lists[unit]] += 1
    }
    // By unit, what its deviation counts: 1 − π with probabilities of their own (Brewer), else 1.
    let counts = frame.inclusion.isEmpty ? nil : frame.inclusion[stage].map { 1 - $0 }
    var squares = [Double](repeating: 0, count: sampled.count)
    var absent = sampled.indices.map { Double(sampled[$0] - present[$0]) }
    if let counts {
      absent = sampled.map { _ in 0 }
      for (unit, count) in counts.enumerated() { absent[lists[unit]] += count }
      for unit in z.units { absent[lists[unit]] -= counts[unit] }
    }
    for unit in z.units {
      let list = lists[unit]
      let deviation = z.values[unit] - sums.values[list] / Double(sampled[list])
      squares[list] += (counts?[unit] ?? 1) * deviation * deviation
    }
    return sums.units.map { list in
      let mean = sums.values[list] / Double(sampled[list])
      return ListMoments(
        list: list, sum: sums.values[list], squares: squares[list] + max(0, absent[list]) * mean * mean,
        present: present[list])
    }
  }

  private func samplingFractions(_ stage: Int) -> [Double] {
    zip(frame.sampled[stage], frame.population[stage]).map { min(1, Double($0) / $1) }
  }

  private func contribution(
    _ stage: Int, _ moments: [ListMoments], share: [Double]
  ) throws(ImmerseError) -> Double {
    let fractions = samplingFractions(stage)
    var variance = 0.0
    var lists = 0
    var lonely: [ListMoments] = []
    let isCertain = certainLists(stage)
    for moment in moments where share[moment.list] > 0 {
      let (list, sampled) = (moment.list, Double(frame.sampled[stage][moment.list]))
      if sampled > 1 && !(frame.design.adjustsLonelyInDomains && moment.present == 1) {
        lists += 1
        variance += share[list] * (1 - fractions[list]) * sampled / (sampled - 1) * moment.squares
      } else if fractions[list] < 1 && !isCertain(list) {
        lonely.append(moment)
      } else {
        lists += 1
      }
    }
    if lonely.isEmpty { return variance }
    switch frame.design.lonelyPSU {
    case .fail: throw frame.lonelyError(stage: stage, lists: lonely.map(\.list))
    case .certainty, .remove: return variance
    case .average:
      guard lists > 0 else { throw frame.lonelyError(stage: stage, lists: lonely.map(\.list)) }
      return variance * Double(lists + lonely.count) / Double(lists)
    case .adjust:
      let units = Double(frame.sampled[stage].reduce(0, +))
      let centre = moments.reduce(0) { $0 + $1.sum } / units
      return lonely.reduce(variance) { sum, moment in
        let (list, sampled) = (moment.list, Double(frame.sampled[stage][moment.list]))
        let deviation = moment.sum - centre
        // In a domain, the stratum's other units are zeros that deviate from the centre too.
        let squares = deviation * deviation + (sampled - 1) * centre * centre
        return sum + share[list] * (1 - fractions[list]) * (sampled > 1 ? sampled / (sampled - 1) : 1) * squares
      }
    }
  }

  /// Whether a list's only unit was certain to be drawn, by its own probability.
  private func certainLists(_ stage: Int) -> (Int) -> Bool {
    guard !frame.inclusion.isEmpty else { return { _ in false } }
    var isCertain = frame.sampled[stage].map { _ in true }
    for (unit, list) in frame.parents[stage].enumerated() where frame.inclusion[stage][unit] < 1 {
      isCertain[list] = false
    }
    return { isCertain[$0] }
  }
}

/// Totals by unit, of which only some need to be named: the others are zero.
struct UnitTotals {
  /// By unit.
  private(set) var values: [Double]
  /// The units that have been named, in the order in which they first were.
  private(set) var units: [Int] = []
  private var isNamed: [Bool]

  init(count: Int) {
    values = Array(repeating: 0, count: count)
    isNamed = Array(repeating: false, count: count)
  }

  func divided(by scale: Double) -> UnitTotals {
    var totals = self
    for unit in units { totals.values[unit] /= scale }
    return totals
  }

  mutating func add(_ value: Double, to unit: Int) {
    if !isNamed[unit] {
      isNamed[unit] = true
      units.append(unit)
    }
    values[unit] += value
  }
}
