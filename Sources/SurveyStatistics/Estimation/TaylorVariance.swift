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
    var sum = 0.0
    var squares = 0.0
  }

  /// The variance of Σ z, given z by lowest unit. O(units).
  ///
  /// - Throws: `badData` where a list has one unit and the design says to fail.
  func variance(ofUnits z: [Double]) throws(ImmerseError) -> Double {
    var totals = totalsByStage(z)
    var share = [Double](repeating: 1, count: frame.sampled[0].count)
    var variance = 0.0
    for stage in frame.parents.indices {
      let parents = frame.parents[stage]
      variance += try contribution(stage, moments(totals.removeFirst(), parents, stage), share: share)
      let fractions = samplingFractions(stage)
      share = parents.map { share[$0] * fractions[$0] }
      // Without a population size the first stage carries the whole variance.
      if share.allSatisfy({ $0 == 0 }) { break }
    }
    return variance
  }

  /// The variance of Σ z where the rows are the units, given the moments of z inside each stratum.
  ///
  /// - Throws: `badData` where a stratum has one row and the design says to fail.
  func variance(ofRows moments: [ListMoments]) throws(ImmerseError) -> Double {
    try contribution(0, moments, share: moments.map { _ in 1 })
  }

  /// z added up the tree: first the totals of the first-stage units, last those of the lowest.
  private func totalsByStage(_ z: [Double]) -> [[Double]] {
    var totals = [z]
    for stage in frame.parents.indices.dropFirst().reversed() {
      var sums = [Double](repeating: 0, count: frame.parents[stage - 1].count)
      for (unit, value) in totals[0].enumerated() { sums[frame.parents[stage][unit]] += value }
      totals.insert(sums, at: 0)
    }
    return totals
  }

  private func moments(_ z: [Double], _ lists: [Int], _ stage: Int) -> [ListMoments] {
    var moments = [ListMoments](repeating: ListMoments(), count: frame.sampled[stage].count)
    for (unit, value) in z.enumerated() { moments[lists[unit]].sum += value }
    let means = zip(moments, frame.sampled[stage]).map { $0.sum / Double($1) }
    for (unit, value) in z.enumerated() {
      let deviation = value - means[lists[unit]]
      moments[lists[unit]].squares += deviation * deviation
    }
    return moments
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
    var lonely: [Int] = []
    for (list, moment) in moments.enumerated() where share[list] > 0 {
      let sampled = Double(frame.sampled[stage][list])
      if sampled > 1 {
        lists += 1
        variance += share[list] * (1 - fractions[list]) * sampled / (sampled - 1) * moment.squares
      } else if fractions[list] < 1 {
        lonely.append(list)
      } else {
        lists += 1
      }
    }
    if lonely.isEmpty { return variance }
    switch frame.design.lonelyPSU {
    case .fail: throw lonelyError(stage, lonely)
    case .certainty, .remove: return variance
    case .average:
      guard lists > 0 else { throw lonelyError(stage, lonely) }
      return variance * Double(lists + lonely.count) / Double(lists)
    case .adjust:
      let units = Double(frame.sampled[stage].reduce(0, +))
      let centre = moments.reduce(0) { $0 + $1.sum } / units
      return lonely.reduce(variance) { sum, list in
        let deviation = moments[list].sum - centre
        return sum + share[list] * (1 - fractions[list]) * deviation * deviation
      }
    }
  }

  private func lonelyError(_ stage: Int, _ lonely: [Int]) -> ImmerseError {
    let list = stage == 0 ? frame.name(ofStratum: lonely[0]) : "a unit of stage \(stage)"
    let others = lonely.count > 1 ? " (as have \(lonely.count - 1) more)" : ""
    let unit = frame.design.psu.isEmpty ? "row" : "sampling unit"
    return ImmerseError(
      .badData, "\(list) has a single \(unit)\(others), so a variance cannot be estimated",
      variable: stage > 0 ? frame.design.psu[stage] : frame.design.strata.first ?? frame.design.psu.first,
      remedy: "choose --lonely-psu certainty, adjust, average or remove")
  }
}
