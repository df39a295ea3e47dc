public import Columnar

/// Which units are left out.
///
/// ```yaml
/// screen: 0.65
/// screen: {available: 0.65, nonzero: 0.5, keep: [MT], drop: [VA]}
/// ```
public struct ScreeningRule: Codable, Sendable, Equatable {
  /// The smallest share of indicators with a value, from 0 to 1.
  public var available: Double
  /// The smallest share of a unit's values that are not zero.
  public var nonzero: Double
  /// Units that are kept whatever they lack.
  public var keep: [String]
  /// Units that are left out whatever they have.
  public var drop: [String]

  enum CodingKeys: String, CodingKey { case available, nonzero, keep, drop }

  public init(available: Double = 0, nonzero: Double = 0, keep: [String] = [], drop: [String] = []) {
    self.available = available
    self.nonzero = nonzero
    self.keep = keep
    self.drop = drop
  }

  public init(from decoder: any Decoder) throws {
    if let share = try? decoder.singleValueContainer().decode(Double.self) {
      self.init(available: share)
      return
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      available: try container.decodeIfPresent(Double.self, forKey: .available) ?? 0,
      nonzero: try container.decodeIfPresent(Double.self, forKey: .nonzero) ?? 0,
      keep: try container.decodeOneOrMore(String.self, forKey: .keep) ?? [],
      drop: try container.decodeOneOrMore(String.self, forKey: .drop) ?? [])
  }
}

extension ScreeningRule: ExpressibleByFloatLiteral {
  /// A share of indicators with a value.
  public init(floatLiteral share: Double) { self.init(available: share) }
}

/// Leaves out units that have too few values, too many zeros, or are named.
public struct Screening: FrozenStep, Equatable {
  public let rule: ScreeningRule

  enum CodingKeys: String, CodingKey { case rule }

  /// - Throws: `usage` where a share is not within 0 and 1, or a unit is to be both kept and left out.
  public init(_ rule: ScreeningRule) throws(ImmerseError) {
    try requireShare(rule.available, "screen")
    try requireShare(rule.nonzero, "nonzero")
    if let unit = rule.keep.first(where: rule.drop.contains) {
      throw ImmerseError(.usage, "screening is to keep \"\(unit)\" and to drop it", remedy: "name it once")
    }
    self.rule = rule
  }

  /// - Throws: `usage` where a unit named is not among these.
  func check(_ units: UnitNames) throws(ImmerseError) {
    let named = rule.keep + rule.drop
    if named.isEmpty { return }
    let known = Set(units)
    if let stranger = named.first(where: { !known.contains($0) }) {
      throw ImmerseError(
        .usage, "screening names \"\(stranger)\", which is not among the units", remedy: "name units as the data do")
    }
  }

  public func apply(to units: UnitMatrix, threads: Int, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    var present = [Int](repeating: 0, count: units.units.count)
    var zeros = present
    for column in units.columns {
      column.withUnsafeBufferPointer { values in
        for row in 0..<values.count {
          present[row] += values[row] == values[row] ? 1 : 0
          zeros[row] += values[row] == 0 ? 1 : 0
        }
      }
    }
    let width = Double(units.codes.count)
    let (forced, refused) = (Set(rule.keep), Set(rule.drop))
    let isNamed = !forced.isEmpty || !refused.isEmpty
    let kept = present.indices.filter { unit in
      let own = Double(present[unit])
      // A unit without any value has no share of zeros.
      let isSound = own / width >= rule.available && own - Double(zeros[unit]) >= rule.nonzero * own
      guard isNamed else { return isSound }
      let name = units.units[unit]
      return forced.contains(name) || isSound && !refused.contains(name)
    }
    let dropped = present.count - kept.count
    if dropped == 0 { return units }
    if kept.isEmpty {
      throw ImmerseError(
        .badData, "no unit has values for enough indicators",
        remedy: "lower the shares that screening asks for")
    }
    notes.append(
      Note("screened_out", "\(counted(dropped, "unit")) left out by screening"))
    return units.select(kept)
  }
}

/// - Throws: `usage` where a share is not within 0 and 1.
func requireShare(_ share: Double, _ setting: String) throws(ImmerseError) {
  guard share >= 0 && share <= 1 else {
    throw ImmerseError(.usage, "the setting \"\(setting)\" is a share and must lie within 0 and 1")
  }
}
