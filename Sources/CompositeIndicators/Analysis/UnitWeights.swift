public import Columnar
public import Streaming

extension ScoreAnalysis {
  /// An analysis with weights of the units, such as their numbers of children, from a column of the table that was scored.
  ///
  /// - Parameters:
  ///   - unitWeights: the column; nil to count units equally.
  ///   - unit: the column that names the units; the first column where it is not given.
  ///   - period: the column of years, where units stand once in each.
  /// - Throws: `badData` where the column is missing or does not give each unit a weight of zero or more.
  public init(
    of result: ScoreResult, unitWeights: String?, source: any Source, unit: String? = nil, period: String? = nil,
    engine: Engine = Engine()
  ) throws(ImmerseError) {
    guard let unitWeights else {
      try self.init(of: result)
      return
    }
    let table = try UnitMatrix(
      reading: source, unit: try unitColumn(unit, source), codes: [unitWeights], period: period, engine: engine)
    let column = try table.column(unitWeights)
    // Screening leaves units out, and scores of single periods stand period by period.
    var places: [UnitInPeriod: Int] = [:]
    for row in table.units.indices { places[UnitInPeriod(table.units[row], table.period?[row])] = row }
    var weights: [Double] = []
    for row in result.units.indices {
      let weight = places[UnitInPeriod(result.units[row], result.period?[row])].map { column[$0] } ?? .nan
      guard weight >= 0 && weight.isFinite else {
        throw ImmerseError(
          .badData, "gives the unit \"\(result.units[row])\" no weight of zero or more", variable: unitWeights,
          remedy: "name a column of counts, such as the children of each unit")
      }
      weights.append(weight)
    }
    try self.init(of: result, weights: weights)
  }

  private struct UnitInPeriod: Hashable {
    let unit: String
    let period: String?

    init(_ unit: String, _ period: String?) { (self.unit, self.period) = (unit, period) }
  }
}
