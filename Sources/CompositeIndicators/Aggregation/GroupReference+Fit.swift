import Columnar
import Streaming

extension GroupReference {
  /// What a method has to know of the reference units.
  ///
  /// - Parameters:
  ///   - children: one column for each child of the aggregate.
  ///   - name: of the aggregate, for messages.
  /// - Throws: `badData` where there are more units than can be compared with each other, or none differs.
  init(
    _ method: Aggregation, _ children: [Buffer<Double>], _ weights: [Double], name: String
  ) throws(ImmerseError) {
    guard method.needsReference else {
      self = .none
      return
    }
    let count = children.first?.count ?? 0
    if method == .wroclaw {
      let best = children.map { $0.present.max() }
      let distances = (0..<count).map { row in distanceFromIdeal(children.map { $0[row] }, best, weights) }
      var moments = Moments()
      distances.withUnsafeBufferPointer { moments.absorb($0) }
      let spread = moments.count > 1 ? moments.standardDeviation : 0
      let farthest = moments.mean + 2 * spread
      guard moments.count > 0, farthest > 0 else {
        throw ImmerseError(
          .badData, "no unit of the reference differs from the ideal, so there is no distance to measure by",
          variable: name, remedy: "aggregate by the arithmetic mean")
      }
      self = .ideal(best, farthest: farthest)
      return
    }
    let rows = (0..<count).map { row in children.map { $0[row].isNaN ? nil : $0[row] } }
      .filter { unit in zip(unit, weights).contains { $0 != nil && $1 != 0 } }
    guard rows.count <= Self.unitLimit else {
      throw ImmerseError(
        .badData, "\(rows.count) units are too many to compare each with every other", variable: name,
        remedy: "normalise by borda and aggregate by the arithmetic mean, which orders them as row sums of e do")
    }
    guard method == .kemeny else {
      self = .units(rows)
      return
    }
    // Units of equal values hold one place.
    var distinct: [[Double?]] = []
    var multiplicity: [Double] = []
    for row in rows {
      if let index = distinct.firstIndex(of: row) {
        multiplicity[index] += 1
      } else {
        distinct.append(row)
        multiplicity.append(1)
      }
    }
    let e = distinct.map { unit in distinct.map { outranking(unit.map { $0 ?? .nan }, $0, weights) } }
    let ranking = try kemenyRanking(e, multiplicity, name: name)
    var places = [Int](repeating: 0, count: rows.count)
    var place = 1
    for index in ranking {
      for (row, unit) in rows.enumerated() where unit == distinct[index] { places[row] = place }
      place += Int(multiplicity[index])
    }
    self = .places(rows, places, agreement: agreement(e, multiplicity, ranking))
  }
}

/// The share of the comparisons between units that a ranking agrees with; 1 where there is nothing to compare.
private func agreement(_ e: [[Double]], _ multiplicity: [Double], _ ranking: [Int]) -> Double {
  var (agreed, all) = (0.0, 0.0)
  for (place, better) in ranking.enumerated() {
    for worse in ranking[(place + 1)...] {
      let pairs = multiplicity[better] * multiplicity[worse]
      agreed += pairs * e[better][worse]
      all += pairs
    }
  }
  return all > 0 ? agreed / all : 1
}
