import Columnar
import LinearAlgebra

extension ReplicateFactors {
  /// Successive differences of a systematic sample: the PSUs, in the order of strata and ids, are linked in a chain of
  /// rows of a Hadamard matrix, and a PSU counts
  ///
  ///     1 + √(1 − f) 2^(−3/2) (h[first row, r] − h[second row, r])
  ///
  /// in replicate r. The second row of a PSU is the first of the next; when all rows have been used, the chain goes on
  /// in larger steps (Fay and Train 1995; Ash 2014). The row of ones is not used.
  static func successiveDifferences(
    _ units: OrderedUnits, _ recipe: ReplicateRecipe
  ) throws(ImmerseError) -> ReplicateFactors {
    let hadamard = HadamardMatrix(atLeast: max(recipe.count ?? defaultCount, 4))
    try checkSize(units, count: hadamard.order, recipe.method)
    guard units.psuCount > 1 else { throw lonely(units, units.strata[0]) }
    let rows = hadamard.order - 1
    var factors = Matrix(rows: units.psuCount, columns: hadamard.order)
    var (row, step, used) = (0, 1, 0)
    for stratum in units.strata {
      let spread = (1 - units.fraction(stratum)).squareRoot() * 0.125.squareRoot()
      for unit in stratum.units {
        let next = (row + step) % rows
        for replicate in 0..<hadamard.order {
          factors[unit, replicate] = 1 + spread * (hadamard[row + 1, replicate] - hadamard[next + 1, replicate])
        }
        (row, used) = (next, used + 1)
        if used == rows {
          repeat { step = step % (rows - 1) + 1 } while !isCoprime(step, rows)
          used = 0
        }
      }
    }
    return ReplicateFactors(
      byPSU: factors, units.frame,
      ReplicateVariance(
        scale: 4 / Double(hadamard.order), scales: [Double](repeating: 1, count: hadamard.order),
        centre: recipe.centre),
      notes: [Note("sdr_order", "successive differences take the sampling units in the order of strata and ids")])
  }

  private static func isCoprime(_ a: Int, _ b: Int) -> Bool {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a == 1
  }
}
