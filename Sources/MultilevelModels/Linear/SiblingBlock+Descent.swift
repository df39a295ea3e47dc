extension SiblingBlock {
  /// The adjoint of one group's own cross-products, Ā = H M̄ H' + ½ l̄ Λ T⁻¹ Λ' with H = [−ΛG; I], after `solve`.
  ///
  /// The same sum is the covariance, over σ², of the effects a group's children see, for M̄ that of its own parents'
  /// effects and l̄ = 2.
  ///
  /// - Parameters:
  ///   - adjoint: the parent's, a full symmetric matrix of `upperCount` rows; M̄ is `weight` times it.
  ///   - own: receives the group's, a full symmetric matrix of `width` rows.
  func writeAdjoint(
    lane: Int, adjoint: UnsafePointer<Double>, weight: Double, logAdjoint: Double,
    to own: UnsafeMutablePointer<Double>
  ) {
    let (q, c, m) = (shape.effects, shape.carriers, shape.upperCount)
    let (width, first) = (shape.width, shape.firstUpper)
    own.update(repeating: 0, count: width * width)
    for a in 0..<m {
      for b in 0..<m { own[(first + a) * width + first + b] = weight * adjoint[a * m + b] }
    }
    // F = ΛG and M̄F'.
    var f = [Double](repeating: 0, count: c * m)
    var mf = f
    for z in 0..<c {
      for a in 0..<m { f[z * m + a] = carried(z) { solution[$0 * m + a][lane] } }
      for a in 0..<m {
        var sum = 0.0
        for b in 0..<m { sum += adjoint[a * m + b] * f[z * m + b] }
        mf[z * m + a] = weight * sum
      }
    }
    for z in 0..<c {
      let row = shape.positions[z]
      for a in 0..<m {
        own[row * width + first + a] -= mf[z * m + a]
        own[(first + a) * width + row] -= mf[z * m + a]
      }
      for y in 0..<c {
        var sum = 0.0
        for a in 0..<m { sum += f[z * m + a] * mf[y * m + a] }
        let spread = carried(z) { r in carried(y) { s in inverse[r * q + s][lane] } }
        own[row * width + shape.positions[y]] += sum + 0.5 * logAdjoint * spread
      }
    }
  }

  /// Row z of Λ times a vector over the effects.
  func carried(_ z: Int, _ vector: (Int) -> Double) -> Double {
    (0..<shape.effects).reduce(0) { $0 + lambda(z, $1) * vector($1) }
  }
}
