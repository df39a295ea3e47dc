/// The composition of all units of one domain, and the indices it gives.
struct SegregationTable: Sendable {
  /// With a weight that is not zero.
  let units: [UnitComposition]
  private let group: Double
  private let others: Double

  init(_ units: [UnitComposition]) {
    self.units = units
    group = units.reduce(0) { $0 + $1.group }
    others = units.reduce(0) { $0 + $1.others }
  }

  /// Every index; nil where the domain has none of the group or none of the others. O(units log units), and for the
  /// corrected Gini index the square of the number of different sizes.
  var indices: [SegregationIndex: IndexLinearisation]? {
    guard group > 0, others > 0 else { return nil }
    let total = group + others
    let share = group / total
    let chance = RandomAllotment(units.map { ($0.total, $0.effectiveSize) }, share: share)
    func corrected(_ index: IndexLinearisation, _ expected: RandomAllotment.Expectation) -> IndexLinearisation {
      index.corrected(by: expected, share: share, total: total)
    }
    let (dissimilarity, isolation, gini) = (dissimilarity, isolation, gini)
    return [
      .dissimilarity: dissimilarity, .correctedDissimilarity: corrected(dissimilarity, chance.dissimilarity),
      .isolation: isolation, .correctedIsolation: corrected(isolation, chance.isolation),
      .exposure: IndexLinearisation(
        value: 1 - isolation.value, ofGroup: isolation.ofGroup.map { -$0 }, ofOthers: isolation.ofOthers.map { -$0 }),
      .gini: gini, .correctedGini: corrected(gini, chance.gini),
    ]
  }

  private var dissimilarity: IndexLinearisation {
    let signs = units.map { unit -> Double in
      let difference = unit.group / group - unit.others / others
      return difference > 0 ? 1 : difference < 0 ? -1 : 0
    }
    let a = zip(signs, units).reduce(0) { $0 + $1.0 * $1.1.group } / group
    let b = zip(signs, units).reduce(0) { $0 + $1.0 * $1.1.others } / others
    return IndexLinearisation(
      value: (a - b) / 2, ofGroup: signs.map { ($0 - a) / (2 * group) }, ofOthers: signs.map { (b - $0) / (2 * others) }
    )
  }

  private var isolation: IndexLinearisation {
    let value = units.reduce(0) { $0 + $1.group * $1.share } / group
    return IndexLinearisation(
      value: value, ofGroup: units.map { ($0.share * (2 - $0.share) - value) / group },
      ofOthers: units.map { -$0.share * $0.share / group })
  }

  private var gini: IndexLinearisation {
    // Σ_j sign(p_i − p_j) of the group and the others in unit j, by unit i.
    var (groupBelow, othersBelow) = (units.map { _ in 0.0 }, units.map { _ in 0.0 })
    var (groupSeen, othersSeen) = (0.0, 0.0)
    let order = units.indices.sorted { units[$0].share < units[$1].share }
    var start = 0
    while start < order.count {
      var end = start
      var (groupTied, othersTied) = (0.0, 0.0)
      while end < order.count && units[order[end]].share == units[order[start]].share {
        groupTied += units[order[end]].group
        othersTied += units[order[end]].others
        end += 1
      }
      for unit in order[start..<end] {
        groupBelow[unit] = 2 * groupSeen + groupTied - group
        othersBelow[unit] = 2 * othersSeen + othersTied - others
      }
      groupSeen += groupTied
      othersSeen += othersTied
      start = end
    }
    let value = zip(units, othersBelow).reduce(0) { $0 + $1.0.group * $1.1 } / (group * others)
    return IndexLinearisation(
      value: value, ofGroup: othersBelow.map { ($0 / others - value) / group },
      ofOthers: groupBelow.map { (-$0 / group - value) / others })
  }
}
