import Columnar
import Probability

extension UnitMatrix {
  /// The units with their sampled indicators drawn anew from the normal distribution of their sampling errors, with the
  /// covariances between indicators of one unit. Values without a known error stay as they are.
  ///
  /// Draw `d` is the stream `d` of the seed, whatever else is drawn. O(units · indicators³).
  func drawn(_ draw: Int, seed: UInt64) -> UnitMatrix {
    guard let sampling else { return self }
    var stream = RandomStreams(seed: seed, purpose: "sampling")[draw]
    let columns = sampling.indicators.map { indicator in codes.firstIndex(of: indicator.code) }
    var values = columns.map { $0.map { self.columns[$0].array } ?? [] }
    for unit in units.indices {
      let deviation = sampling.deviation(unit: unit, from: &stream)
      for (indicator, part) in deviation.enumerated() where !values[indicator].isEmpty {
        values[indicator][unit] += part
      }
    }
    var result = self
    for (indicator, column) in columns.enumerated() {
      if let column { result.replace(column, with: Buffer(values[indicator])) }
    }
    return result
  }
}

extension SamplingErrors {
  /// A draw from the joint normal distribution of one unit's errors; zero where an error is not known.
  ///
  /// By the Cholesky factor of the covariance matrix, row by row; a pivot lost to rounding counts as zero.
  fileprivate func deviation(unit: Int, from stream: inout RandomStream) -> [Double] {
    let size = indicators.count
    var factor = [Double](repeating: 0, count: size * size)
    var (normal, deviation) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size))
    for row in 0..<size {
      normal[row] = stream.normal()
      let variance = covariance(row, row, unit: unit)
      guard variance > 0 else { continue }
      var pivot = variance
      for column in 0..<row {
        let last = factor[column * size + column]
        guard last > 0 else { continue }
        let shared = covariance(row, column, unit: unit)
        let known = (0..<column).reduce(0) { $0 + factor[row * size + $1] * factor[column * size + $1] }
        let entry = ((shared.isNaN ? 0 : shared) - known) / last
        factor[row * size + column] = entry
        pivot -= entry * entry
        deviation[row] += entry * normal[column]
      }
      let diagonal = pivot > 1e-12 * variance ? pivot.squareRoot() : 0
      factor[row * size + row] = diagonal
      deviation[row] += diagonal * normal[row]
    }
    return deviation
  }
}
