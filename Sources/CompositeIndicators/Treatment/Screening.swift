public import Columnar

/// Leaves out units that have values for too few indicators.
public struct Screening: FrozenStep, Equatable {
  /// The smallest share of indicators with a value, from 0 to 1.
  public let minimumAvailability: Double

  enum CodingKeys: String, CodingKey { case minimumAvailability = "minimum_availability" }

  /// - Throws: `usage` where the share is not within 0 and 1.
  public init(minimumAvailability: Double) throws(ImmerseError) {
    try requireShare(minimumAvailability, "screen")
    self.minimumAvailability = minimumAvailability
  }

  public func apply(to units: UnitMatrix, threads: Int, notes: inout [Note]) throws(ImmerseError) -> UnitMatrix {
    var present = [Int](repeating: 0, count: units.units.count)
    for column in units.columns {
      column.withUnsafeBufferPointer { values in
        for row in 0..<values.count { present[row] += values[row] == values[row] ? 1 : 0 }
      }
    }
    let width = Double(units.codes.count)
    let kept = present.indices.filter { Double(present[$0]) / width >= minimumAvailability }
    let dropped = present.count - kept.count
    if dropped == 0 { return units }
    if kept.isEmpty {
      throw ImmerseError(
        .badData, "no unit has values for enough indicators",
        remedy: "lower the share of indicators that screening asks for")
    }
    notes.append(
      Note("screened_out", "\(counted(dropped, "unit")) left out for having values for too few indicators"))
    return units.select(kept)
  }
}

/// - Throws: `usage` where a share is not within 0 and 1.
func requireShare(_ share: Double, _ setting: String) throws(ImmerseError) {
  guard share >= 0 && share <= 1 else {
    throw ImmerseError(.usage, "the setting \"\(setting)\" is a share and must lie within 0 and 1")
  }
}
