/// How unevenly a group is spread over units, such as migrant children over schools.
///
/// With m and n the group and the others in a unit, M and N their sums, p the group's share in a unit, t = m + n:
enum SegregationIndex: String, CaseIterable {
  /// ½ Σ |m/M − n/N| (Duncan and Duncan 1955): the share of the group that would have to change units.
  case dissimilarity
  /// The same, less what chance makes of units so small.
  case correctedDissimilarity = "dissimilarity_corrected"
  /// Σ (m/M) p: the group's share in the unit of an average member (Bell 1954).
  case isolation
  case correctedIsolation = "isolation_corrected"
  /// Σ (m/M) (1 − p): the share of others in the unit of an average member.
  case exposure
  /// Σ Σ |m_i n_j − m_j n_i| / (2MN), over pairs of units (Jahn, Schmid and Schrag 1947).
  case gini
  case correctedGini = "gini_corrected"
}

/// What belongs to one unit within a domain.
struct UnitComposition: Sendable {
  /// The weight of the group, and of the others.
  var group = 0.0
  var others = 0.0
  /// Σ w²
  var squares = 0.0

  var total: Double { group + others }
  var share: Double { group / total }

  /// The number of rows of equal weight that would say as much (Kish 1965): the rows themselves where weights are equal.
  var effectiveSize: Int { max(1, Int(min(1e9, (total * total / squares).rounded()))) }
}

/// An index with what a row adds to its linearised value, by unit and whether the row belongs to the group.
struct IndexLinearisation: Sendable {
  let value: Double
  /// By unit, for a row of the group and for another, per unit of weight.
  let ofGroup: [Double]
  let ofOthers: [Double]

  var isFinite: Bool { ([value] + ofGroup + ofOthers).allSatisfy(\.isFinite) }

  /// (value − R)/(1 − R), which turns what random allotment would make of the index into 0 and leaves 1 where it is
  /// (Winship 1977, Social Forces 55, 1058-1066; Carrington and Troske 1997, JBES 15, 402-409).
  func corrected(by chance: RandomAllotment.Expectation, share: Double, total: Double) -> IndexLinearisation {
    let room = 1 - chance.value
    let byChance = -(1 - value) / (room * room)
    func row(_ own: Double, _ unit: Int, _ x: Double) -> Double {
      own / room + byChance * (chance.byUnit[unit] + chance.byShare * (x - share) / total)
    }
    return IndexLinearisation(
      value: (value - chance.value) / room,
      ofGroup: ofGroup.indices.map { row(ofGroup[$0], $0, 1) },
      ofOthers: ofOthers.indices.map { row(ofOthers[$0], $0, 0) })
  }
}
