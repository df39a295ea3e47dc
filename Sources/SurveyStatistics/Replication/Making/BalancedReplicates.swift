import Columnar
import LinearAlgebra
import Probability

extension ReplicateFactors {
  /// Balanced half-samples of strata of two PSUs, in Fay's variant: the first PSU of a stratum counts 1 ± (1 − k) and the
  /// second 1 ∓ (1 − k), by the column of a Hadamard matrix that belongs to the stratum.
  ///
  /// No stratum is given the column of ones, and none shares a column, so that totals have the variance that
  /// linearisation gives.
  static func balanced(
    _ units: OrderedUnits, coefficient: Double, _ recipe: ReplicateRecipe
  ) throws(ImmerseError) -> ReplicateFactors {
    try checkPairs(units, recipe.method)
    let hadamard = HadamardMatrix(atLeast: max(units.strata.count + 1, recipe.count ?? 0, 2))
    try checkSize(units, count: hadamard.order, recipe.method)
    var factors = Matrix(rows: units.psuCount, columns: hadamard.order)
    for (column, stratum) in units.strata.enumerated() {
      for replicate in 0..<hadamard.order {
        let shift = (1 - coefficient) * hadamard[replicate, column + 1]
        factors[stratum.units[0], replicate] = 1 + shift
        factors[stratum.units[1], replicate] = 1 - shift
      }
    }
    let scale = 1 / (Double(hadamard.order) * (1 - coefficient) * (1 - coefficient))
    return ReplicateFactors(
      byPSU: factors, units.frame,
      ReplicateVariance(
        scale: scale, scales: [Double](repeating: 1, count: hadamard.order), centre: recipe.centre),
      notes: fpcNotes(units, recipe.method))
  }

  /// One replicate a stratum (zone) of two PSUs, of which a random one counts twice and the other not at all.
  static func zones(_ units: OrderedUnits, _ recipe: ReplicateRecipe) throws(ImmerseError) -> ReplicateFactors {
    try checkPairs(units, recipe.method)
    try checkCount(recipe, is: units.strata.count)
    try checkSize(units, count: units.strata.count, recipe.method)
    let draws = RandomStreams(seed: recipe.seed, purpose: "replicates jk2")
    var factors = Matrix(
      rows: units.psuCount, columns: units.strata.count,
      elements: [Double](repeating: 1, count: units.psuCount * units.strata.count))
    for (zone, stratum) in units.strata.enumerated() {
      var stream = draws[zone]
      let doubled = stream.below(2)
      factors[stratum.units[doubled], zone] = 2
      factors[stratum.units[1 - doubled], zone] = 0
    }
    return ReplicateFactors(
      byPSU: factors, units.frame,
      ReplicateVariance(scale: 1, scales: [Double](repeating: 1, count: units.strata.count), centre: recipe.centre),
      notes: fpcNotes(units, recipe.method))
  }

  /// One replicate a zone, in which the unit coded 1 counts twice and that coded 0 not at all, and with both halves another
  /// the other way round: the zones of IEA's studies. A zone may lack one of its units.
  static func codedZones(
    _ units: OrderedUnits, _ halves: ReplicateDesign.Halves, _ recipe: ReplicateRecipe
  ) throws(ImmerseError) -> ReplicateFactors {
    let zones = units.strata.count
    let count = halves == .both ? 2 * zones : zones
    try checkSize(units, count: count, recipe.method)
    var factors = Matrix(
      rows: units.psuCount, columns: count, elements: [Double](repeating: 1, count: units.psuCount * count))
    for (zone, stratum) in units.strata.enumerated() {
      for (unit, code) in zip(stratum.units, stratum.codes) {
        guard code <= 1 else {
          throw ImmerseError(
            .badData, "holds other codes than 0 and 1", variable: units.frame.design.psu.first,
            remedy: "it says which half of its zone a unit belongs to")
        }
        factors[unit, zone] = code == 1 ? 2 : 0
        if halves == .both { factors[unit, zones + zone] = code == 1 ? 0 : 2 }
      }
    }
    return ReplicateFactors(
      byPSU: factors, units.frame,
      ReplicateVariance(
        scale: halves == .both ? 0.5 : 1, scales: [Double](repeating: 1, count: count), centre: recipe.centre))
  }

  private static func checkPairs(_ units: OrderedUnits, _ method: ReplicateMethod) throws(ImmerseError) {
    guard let odd = units.strata.first(where: { $0.units.count != 2 }) else { return }
    let others = units.strata.count { $0.units.count != 2 } - 1
    let unit = units.frame.design.psu.isEmpty ? "rows" : "sampling units"
    throw ImmerseError(
      .badData,
      "\(units.frame.name(ofStratum: odd.number)) has \(odd.units.count) \(unit)"
        + (others > 0 ? " (and \(others) more strata have not two)" : "") + ", but \(method.name) needs two in each",
      variable: units.frame.design.strata.first,
      remedy: "pair the units into strata of two, or use jkn or bootstrap")
  }

  static func checkCount(_ recipe: ReplicateRecipe, is count: Int) throws(ImmerseError) {
    guard recipe.count == nil || recipe.count == count else {
      throw ImmerseError(
        .usage, "\(recipe.method.name) makes \(count) replicates of this sample, not \(recipe.count ?? 0)",
        remedy: "leave out --count")
    }
  }

  static func fpcNotes(_ units: OrderedUnits, _ method: ReplicateMethod) -> [Note] {
    if units.frame.design.fpc.isEmpty { return [] }
    return [
      Note(
        "fpc_ignored",
        "\(method.name) replicates take the units as drawn with replacement: the population sizes are not used")
    ]
  }
}
