/// Sums over consecutive rows of any number of terms: the inner loop of every statistic that is not a pair.
enum TermSums {
  typealias Lanes = SIMD8<Double>

  /// Adds Σ w t of every term to `totals`; a row whose first term is missing is left out.
  ///
  /// - Returns: rows with the statistic whose weight is not zero, and rows that lack it.
  static func add(
    _ terms: [UnsafeBufferPointer<Double>], _ w: UnsafeBufferPointer<Double>, _ rows: Range<Int>,
    to totals: UnsafeMutablePointer<Double>
  ) -> (count: Double, missing: Double) {
    guard let gate = terms.first else { return (0, 0) }
    for (index, term) in terms.enumerated() { totals[index] += sum(term, gate, w, rows) }
    return counts(gate, w, rows)
  }

  private static func sum(
    _ x: UnsafeBufferPointer<Double>, _ gate: UnsafeBufferPointer<Double>, _ w: UnsafeBufferPointer<Double>,
    _ rows: Range<Int>
  ) -> Double {
    var lanes = Lanes.zero
    var row = rows.lowerBound
    if let rawX = UnsafeRawPointer(x.baseAddress), let rawGate = UnsafeRawPointer(gate.baseAddress),
      let rawW = UnsafeRawPointer(w.baseAddress)
    {
      while row + 8 <= rows.upperBound {
        let gates = rawGate.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self)
        let weights = rawW.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self)
        let values = rawX.loadUnaligned(fromByteOffset: row * 8, as: Lanes.self)
        lanes += (weights * values).replacing(with: 0, where: gates .!= gates)
        row += 8
      }
    }
    var sum = lanes.sum()
    while row < rows.upperBound {
      if gate[row] == gate[row] { sum += w[row] * x[row] }
      row += 1
    }
    return sum
  }

  private static func counts(
    _ gate: UnsafeBufferPointer<Double>, _ w: UnsafeBufferPointer<Double>, _ rows: Range<Int>
  ) -> (count: Double, missing: Double) {
    var (count, missing) = (0, 0)
    for row in rows {
      let isMissing = gate[row] != gate[row]
      missing += isMissing ? 1 : 0
      count += isMissing || w[row] == 0 ? 0 : 1
    }
    return (Double(count), Double(missing))
  }
}
