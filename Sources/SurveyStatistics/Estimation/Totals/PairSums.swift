/// What one pass adds up of a value and a denominator over some rows; x is shifted, rows without it are left out.
struct PairSums: Sendable {
  /// Rows with the statistic and a weight that is not zero.
  var count = 0.0
  /// Σ w x
  var numerator = 0.0
  /// Σ w d, with d the row's denominator
  var denominator = 0.0
  /// Σ w x²
  var squares = 0.0
  /// Rows that lack the statistic.
  var missing = 0.0

  /// Sums over consecutive rows: the inner loop of means, totals, ratios and shares. Eight rows at a time.
  static func over(
    _ x: UnsafeBufferPointer<Double>, _ d: UnsafeBufferPointer<Double>?, _ w: UnsafeBufferPointer<Double>,
    _ rows: Range<Int>, shift: Double
  ) -> PairSums {
    typealias Lanes = SIMD8<Double>
    var (count, numerator, denominator) = (Lanes.zero, Lanes.zero, Lanes.zero)
    var (squares, missing) = (Lanes.zero, Lanes.zero)
    let shifts = Lanes(repeating: shift)
    let ones = Lanes(repeating: 1)
    var row = rows.lowerBound
    let rawX = UnsafeRawPointer(x.baseAddress)
    let rawW = UnsafeRawPointer(w.baseAddress)
    let rawD = UnsafeRawPointer(d?.baseAddress)
    if let rawX, let rawW {
      while row + 8 <= rows.upperBound {
        let values = rawX.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self)
        let weights = rawW.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self)
        let absent = values .!= values
        let used = weights.replacing(with: 0, where: absent)
        let shifted = (values - shifts).replacing(with: 0, where: absent)
        let weighted = used * shifted
        numerator += weighted
        squares += weighted * shifted
        if let rawD {
          let denominators = rawD.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self)
          denominator += (used * denominators).replacing(with: 0, where: absent)
        } else {
          denominator += used
        }
        count += ones.replacing(with: 0, where: used .== Lanes.zero)
        missing += Lanes.zero.replacing(with: 1, where: absent)
        row += 8
      }
    }
    var sums = PairSums(
      count: count.sum(), numerator: numerator.sum(), denominator: denominator.sum(), squares: squares.sum(),
      missing: missing.sum())
    while row < rows.upperBound {
      let (value, weight) = (x[row], w[row])
      if value == value {
        let shifted = value - shift
        sums.numerator += weight * shifted
        sums.squares += weight * shifted * shifted
        sums.denominator += weight * (d.map { $0[row] } ?? 1)
        if weight != 0 { sums.count += 1 }
      } else {
        sums.missing += 1
      }
      row += 1
    }
    return sums
  }
}
