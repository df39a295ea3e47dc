import Columnar
import LinearAlgebra

extension ReplicateFactors {
  /// Leaves out one PSU at a time; the others count n/(n − 1).
  static func deleteOne(_ units: OrderedUnits, _ recipe: ReplicateRecipe) throws(ImmerseError) -> ReplicateFactors {
    guard units.strata.count == 1 else {
      throw ImmerseError(
        .usage, "jk1 is for samples without strata, and this one has \(units.strata.count)",
        variable: units.frame.design.strata.first, remedy: "use jkn")
    }
    let n = units.psuCount
    guard n > 1 else { throw lonely(units, units.strata[0]) }
    try checkCount(recipe, is: n)
    try checkSize(units, count: n, recipe.method)
    let rest = Double(n) / Double(n - 1)
    var factors = Matrix(rows: n, columns: n, elements: [Double](repeating: rest, count: n * n))
    for (replicate, unit) in units.strata[0].units.enumerated() { factors[unit, replicate] = 0 }
    return ReplicateFactors(
      byPSU: factors, units.frame,
      ReplicateVariance(
        scale: (1 - units.fraction(units.strata[0])) * Double(n - 1) / Double(n),
        scales: [Double](repeating: 1, count: n), centre: recipe.centre))
  }

  /// Leaves out one PSU of one stratum at a time; the others of the stratum count n_h/(n_h − 1).
  static func deleteOneByStratum(
    _ units: OrderedUnits, _ recipe: ReplicateRecipe
  ) throws(ImmerseError) -> ReplicateFactors {
    let rule = units.frame.design.lonelyPSU
    let certain = units.strata.filter { $0.units.count == 1 && units.fraction($0) >= 1 }.map(\.number)
    let lonelyStrata = units.strata.filter { $0.units.count == 1 && !certain.contains($0.number) }
    if rule == .fail, let first = lonelyStrata.first { throw lonely(units, first) }
    let strata = units.strata.filter { $0.units.count > 1 || (rule == .adjust && !certain.contains($0.number)) }
    guard strata.contains(where: { $0.units.count > 1 }) else { throw lonely(units, units.strata[0]) }
    let count = strata.reduce(0) { $0 + $1.units.count }
    try checkCount(recipe, is: count)
    try checkSize(units, count: count, recipe.method)
    var factors = Matrix(
      rows: units.psuCount, columns: count, elements: [Double](repeating: 1, count: units.psuCount * count))
    var scales: [Double] = []
    for stratum in strata {
      let n = Double(stratum.units.count)
      for left in stratum.units {
        if n > 1 {
          for unit in stratum.units { factors[unit, scales.count] = n / (n - 1) }
          factors[left, scales.count] = 0
          scales.append((1 - units.fraction(stratum)) * (n - 1) / n)
        } else {
          // survey's rule: the lone PSU is left out of the whole sample.
          let h = Double(units.strata.count)
          for unit in 0..<units.psuCount { factors[unit, scales.count] = h / (h - 1) }
          factors[left, scales.count] = 0
          scales.append((h - 1) / h)
        }
      }
    }
    let scale = rule == .average && !lonelyStrata.isEmpty ? Double(units.psuCount) / Double(count) : 1
    return ReplicateFactors(
      byPSU: factors, units.frame, ReplicateVariance(scale: scale, scales: scales, centre: recipe.centre))
  }
}
