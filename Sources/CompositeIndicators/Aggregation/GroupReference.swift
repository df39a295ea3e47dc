/// What the children of one aggregate are among the reference units, for the methods that compare units with them.
public enum GroupReference: Codable, Sendable, Equatable {
  /// The method compares with nothing.
  case none
  /// The greatest value of each child, nil where there is none; and the distance from it that scores nothing.
  case ideal([Double?], farthest: Double)
  /// The values of the reference units, unit by unit.
  case units([[Double?]])
  /// The same, and the place of each in the Kemeny ranking, 1 being the best; and the share of all comparisons that agree
  /// with it.
  case places([[Double?]], [Int], agreement: Double)
  /// What units are held against that choose their own weights.
  case frontier(Frontier)

  /// The most reference units that every unit is compared with.
  static let unitLimit = 10_000

  /// Whether the reference is one of an aggregate of so many children.
  func fits(children: Int) -> Bool {
    switch self {
    case .none: true
    case .ideal(let ideal, _): ideal.count == children
    case .units(let units): units.allSatisfy { $0.count == children }
    case .places(let units, let places, _):
      units.allSatisfy { $0.count == children } && places.count == units.count
    case .frontier(let frontier): frontier.fits(children: children)
    }
  }

  /// The score of one unit; NaN where nothing can be compared.
  ///
  /// - Parameter values: one for each child, NaN where it is missing.
  func score(_ values: [Double], _ weights: [Double], by method: Aggregation) -> Double {
    switch self {
    case .none: return .nan
    case .ideal(let ideal, let farthest):
      let distance = distanceFromIdeal(values, ideal, weights)
      return 1 - distance / farthest
    case .units(let units):
      if zip(values, weights).allSatisfy({ $0.isNaN || $1 == 0 }) { return .nan }
      var (wins, share) = (0, 0.0)
      for unit in units {
        let e = outranking(values, unit, weights)
        share += e
        wins += e > 0.5 + comparisonSlack ? 1 : e < 0.5 - comparisonSlack ? -1 : 0
      }
      return method == .copeland ? Double(wins) : share / Double(units.count)
    case .places(let units, let places, _):
      let own = values.map { $0.isNaN ? nil : $0 }
      if let index = units.firstIndex(of: own) { return Double(units.count - places[index]) }
      if zip(values, weights).allSatisfy({ $0.isNaN || $1 == 0 }) { return .nan }
      return Double(units.count - unitsAhead(of: values, units, places, weights)) - 0.5
    case .frontier(let frontier): return frontier.score(values)
    }
  }
}

/// How many units of a ranking a unit that has no place in it is put behind, so that it agrees with the ranking the most.
private func unitsAhead(
  of values: [Double], _ units: [[Double?]], _ places: [Int], _ weights: [Double]
) -> Int {
  var (gain, most, ahead) = (0.0, 0.0, 0)
  for (count, index) in units.indices.sorted(by: { places[$0] < places[$1] }).enumerated() {
    // Behind one more unit: what that unit is ahead by is agreed with, in place of what the new one is.
    gain += 1 - 2 * outranking(values, units[index], weights)
    if gain > most + comparisonSlack { (most, ahead) = (gain, count + 1) }
  }
  return ahead
}

/// Sums of weights can miss one half in their last bits.
let comparisonSlack = 1e-9

/// The weight of the children in which the first unit is ahead of the second, ties half, as a share of that of the
/// children both have; 0.5 where they have none in common, so that e(a, b) + e(b, a) = 1 whatever is missing.
func outranking(_ first: [Double], _ second: [Double?], _ weights: [Double]) -> Double {
  var (ahead, common) = (0.0, 0.0)
  for index in weights.indices {
    guard let other = second[index], first[index] == first[index] else { continue }
    common += weights[index]
    ahead += first[index] > other ? weights[index] : first[index] == other ? weights[index] / 2 : 0
  }
  return common > 0 ? ahead / common : 0.5
}

/// √(k Σ w d² / Σ w) over the children that have a value, k being the number of children that have weight: the plain
/// Euclidean distance where all have a value and equal weight. NaN where none has.
func distanceFromIdeal(_ values: [Double], _ ideal: [Double?], _ weights: [Double]) -> Double {
  var (sum, total) = (0.0, 0.0)
  for index in weights.indices {
    guard let best = ideal[index], values[index] == values[index] else { continue }
    let d = values[index] - best
    sum += weights[index] * d * d
    total += weights[index]
  }
  let width = Double(weights.count { $0 != 0 })
  return (width * sum / total).squareRoot()
}
