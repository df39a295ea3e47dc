import Columnar

/// The variance of Σ z of a sample without replacement from the probabilities that pairs of units are drawn together.
///
/// With D_ii = 1 − π_i and D_ij = 1 − π_i π_j / π_ij, in each stratum by itself. Overton's and Hartley and Rao's D_ij are of
/// the form a + b (π_i + π_j), so that sums over pairs are sums over units. Units without a row in a domain count as zero.
struct PairwiseVariance {
  let frame: DesignFrame
  let pps: UnequalProbabilities
  /// By unit.
  let inclusion: [Double]

  /// O(units); with given probabilities O(units²).
  ///
  /// - Throws: `badData` where a stratum has one unit that was not certain, and the design says to fail.
  func variance(of z: UnitTotals) throws(ImmerseError) -> Double {
    var units = [[Int]](repeating: [], count: frame.sampled[0].count)
    for (unit, stratum) in frame.parents[0].enumerated() { units[stratum].append(unit) }
    var variance = 0.0
    for (stratum, own) in units.enumerated() {
      if own.count == 1, inclusion[own[0]] < 1 {
        if frame.design.lonelyPSU == .fail { throw frame.lonelyError(stage: 0, lists: [stratum]) }
      } else if let joint = pps.joint, pps.method == .joint {
        variance += try self.variance(z.values, own, joint)
      } else {
        variance += self.variance(z.values, own)
      }
    }
    return variance
  }

  private func variance(_ z: [Double], _ units: [Int]) -> Double {
    let n = Double(units.count)
    guard n > 1 else { return 0 }
    var (sum, squares, probability, weighted, weightedSquares) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for unit in units {
      let (value, pi) = (z[unit], inclusion[unit])
      sum += value
      squares += value * value
      probability += pi
      weighted += pi * value
      weightedSquares += pi * value * value
    }
    let constant: Double
    let slope: Double
    if pps.method == .overton {
      (constant, slope) = (1 - n / (n - 1), 0.5 / (n - 1))
    } else {
      let s = pps.sumOfSquares ?? probability / n
      (constant, slope) = (1 - (n + s) / (n - 1), 1 / (n - 1))
    }
    switch pps.form {
    case .horvitzThompson:
      let own = squares - weightedSquares
      return own + constant * (sum * sum - squares) + 2 * slope * (weighted * sum - weightedSquares)
    case .yatesGrundy:
      // Σ_ij (z_i − z_j)² = 2 (n Σ z² − (Σ z)²), and with π_i + π_j before it 2 (n Σ π z² − 2 Σ π z Σ z + Σ π Σ z²).
      let plain = n * squares - sum * sum
      return -(constant * plain + slope * (n * weightedSquares - 2 * weighted * sum + probability * squares))
    }
  }

  /// - Throws: `badData` where the table has another size, or other probabilities on its diagonal, than the sample.
  private func variance(_ z: [Double], _ units: [Int], _ joint: [[Double]]) throws(ImmerseError) -> Double {
    let places = frame.rowOfUnit
    guard places.count == joint.count, places.allSatisfy(joint.indices.contains) else {
      throw ImmerseError(
        .badData, "the table of joint probabilities is of \(joint.count) rows, the data have \(places.count)",
        remedy: "give one row and one column for every row of the data, in their order")
    }
    var variance = 0.0
    for i in units {
      let (place, pi) = (places[i], inclusion[i])
      guard (joint[place][place] - pi).magnitude <= 1e-8 * pi else {
        throw ImmerseError(
          .badData, "differs from the diagonal of the joint probabilities", row: place, variable: frame.design.fpc[0],
          remedy: "give the table in the order of the rows")
      }
      if pps.form == .horvitzThompson { variance += (1 - pi) * z[i] * z[i] }
      for j in units where j != i {
        let d = 1 - pi * inclusion[j] / joint[place][places[j]]
        let difference = z[i] - z[j]
        variance += pps.form == .horvitzThompson ? d * z[i] * z[j] : -d * difference * difference / 2
      }
    }
    return variance
  }
}
