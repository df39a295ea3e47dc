import Columnar
import LinearAlgebra
import Probability

extension ReplicateFactors {
  /// Balanced half-samples of strata of two PSUs, in Fay's variant: the first PSU of a stratum counts 1 ± (1 − k) and the
  /// second 1 ∓ (1 − k), by the column of a Hadamard matrix that belongs to the stratum.
  ///
  /// Of three PSUs a random one counts 1 ± (1 − k)√2 and the others 1 ∓ (1 − k)/√2, as in PISA (OECD, PISA 2000 Technical
  /// Report, appendix 12): over the draw that gives the variance of three. No factor may be negative, so k has to be at
  /// least 1 − 1/√2.
  ///
  /// No stratum is given the column of ones, and none shares a column, so that totals have the variance that
  /// linearisation gives.
  static func balanced(
    _ units: OrderedUnits, coefficient: Double, _ recipe: ReplicateRecipe
  ) throws(ImmerseError) -> ReplicateFactors {
    try checkPairs(units, recipe.method)
    if coefficient < 1 - 0.5.squareRoot(), let triple = units.strata.first(where: { $0.units.count == 3 }) {
      throw ImmerseError(
        .badData,
        "\(units.frame.name(ofStratum: triple.number)) has three units, of which \(recipe.method.name) would give some a "
          + "negative weight", variable: units.frame.design.strata.first,
        remedy: "use fay=0.5, as PISA does, or jk2")
    }
    let hadamard = HadamardMatrix(atLeast: max(units.strata.count + 1, recipe.count ?? 0, 2))
    try checkSize(units, count: hadamard.order, recipe.method)
    let draws = RandomStreams(seed: recipe.seed, purpose: "replicates triples")
    var factors = Matrix(rows: units.psuCount, columns: hadamard.order)
    for (column, stratum) in units.strata.enumerated() {
      var shifts = [1.0, -1]
      if stratum.units.count == 3 {
        var stream = draws[column]
        shifts = [Double](repeating: -0.5.squareRoot(), count: 3)
        shifts[stream.below(3)] = 2.0.squareRoot()
      }
      for replicate in 0..<hadamard.order {
        let sign = (1 - coefficient) * hadamard[replicate, column + 1]
        for (unit, shift) in zip(stratum.units, shifts) { factors[unit, replicate] = 1 + sign * shift }
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
  ///
  /// Three PSUs make two replicates: in each another of two random ones is left out and the others count 3/2, as in NAEP and
  /// WesVar. Over the draw that gives the variance of three.
  static func zones(_ units: OrderedUnits, _ recipe: ReplicateRecipe) throws(ImmerseError) -> ReplicateFactors {
    try checkPairs(units, recipe.method)
    let count = units.strata.reduce(0) { $0 + $1.units.count - 1 }
    try checkCount(recipe, is: count)
    try checkSize(units, count: count, recipe.method)
    let draws = RandomStreams(seed: recipe.seed, purpose: "replicates jk2")
    var factors = Matrix(
      rows: units.psuCount, columns: count, elements: [Double](repeating: 1, count: units.psuCount * count))
    var replicate = 0
    for (zone, stratum) in units.strata.enumerated() {
      var stream = draws[zone]
      let n = stratum.units.count
      // Of two units the one that is not drawn is left out, of three both that are not.
      let kept = stream.below(n)
      for left in stratum.units.indices where left != kept {
        for unit in stratum.units { factors[unit, replicate] = Double(n) / Double(n - 1) }
        factors[stratum.units[left], replicate] = 0
        replicate += 1
      }
    }
    return ReplicateFactors(
      byPSU: factors, units.frame,
      ReplicateVariance(scale: 1, scales: [Double](repeating: 1, count: count), centre: recipe.centre),
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
    guard let odd = units.strata.first(where: { ![2, 3].contains($0.units.count) }) else { return }
    let others = units.strata.count { ![2, 3].contains($0.units.count) } - 1
    let unit = units.frame.design.psu.isEmpty ? "rows" : "sampling units"
    throw ImmerseError(
      .badData,
      "\(units.frame.name(ofStratum: odd.number)) has \(odd.units.count) \(unit)"
        + (others > 0 ? " (and \(others) more strata have not two or three)" : "")
        + ", but \(method.name) needs two or three in each",
      variable: units.frame.design.strata.first,
      remedy: "pair the units into strata, or use jkn or bootstrap")
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
