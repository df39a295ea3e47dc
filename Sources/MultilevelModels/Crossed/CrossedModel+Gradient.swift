import Columnar
import LinearAlgebra
import ModelFormula
import Streaming

extension CrossedModel {
  /// The derivative of the criterion with respect to every factor's Λ, exact:
  ///
  ///     dD/dΛ = 2 Σ AΛT⁻¹ − 2 Σ Q R̄ G',    R̄ = (ν / r²) b b' (+ K⁻¹ under REML),    Q = A[X y] − AΛG
  ///
  /// over the diagonal blocks of each factor.
  func derivatives(
    _ evaluation: CrossedEvaluation, _ coordinates: ThetaCoordinates
  ) throws(ImmerseError) -> (factors: [Matrix], logRatios: [Double]) {
    var gradients = try logDeterminantGradients(evaluation)
    let seeds = try seeds(evaluation)
    for (f, part) in try residuals(evaluation, seeds).enumerated() {
      let (c, q, s) = (factors[f].carriers, factors[f].effects.count, seeds.columns)
      for k in 0..<factors[f].count {
        for z in 0..<c {
          for r in 0..<q {
            gradients[f][z * q + r] -=
              2 * (0..<s).reduce(0) { $0 + part.rest[(k * c + z) * s + $1] * part.effects[(k * q + r) * s + $1] }
          }
        }
      }
    }
    return (zip(factors, gradients).map { $0.effects.derivative($1, coordinates) }, [])
  }

  /// V with VV' = R̄, a row for each of the columns [X y].
  private func seeds(_ evaluation: CrossedEvaluation) throws(ImmerseError) -> Matrix {
    let (m, p) = (columns.count, fixed.count)
    var seeds = Matrix(rows: m, columns: isRestricted ? 1 + p : 1)
    let scale = (degreesOfFreedom / evaluation.profile.residualSquares).squareRoot()
    for (a, b) in evaluation.profile.contrast.enumerated() { seeds[a, 0] = scale * b }
    guard isRestricted else { return seeds }
    do {
      let root = try evaluation.profile.information.solveUpper(.identity(p))
      for i in 0..<p {
        for j in 0..<p { seeds[i, 1 + j] = root[i, j] }
      }
    } catch { throw .unsolvable }
    return seeds
  }

  /// QV of every factor, a row for each carrier, and GV, a row for each effect, with G = T⁻¹Λ'A[X y].
  func residuals(
    _ evaluation: CrossedEvaluation, _ vectors: Matrix
  ) throws(ImmerseError) -> [(rest: [Double], effects: [Double])] {
    let (c, q, m, s) = (factors[0].carriers, factors[0].effects.count, columns.count, vectors.columns)
    let width = grams.frame.columns.count
    let effects: Matrix
    let carried: Matrix
    var rest: Matrix
    do {
      effects = try evaluation.tail.solveUpper(try evaluation.tailSolved * vectors)
      carried = tailFactor(evaluation.factors) * effects
      rest = try evaluation.remainderRight * vectors
      rest.add(try evaluation.remainder * carried, times: -1)
    } catch { throw .unsolvable }
    var headRest = [Double](repeating: 0, count: factors[0].count * c * s)
    var headEffects = [Double](repeating: 0, count: factors[0].count * q * s)
    var right = [Double](repeating: 0, count: c * s)
    for j in 0..<factors[0].count {
      // A_j•[−ΛGV; V] over the tail and [X y].
      for z in 0..<c {
        for column in 0..<s {
          var sum = (0..<m).reduce(0.0) {
            $0 + factors[0].cross[(j * c + z) * width + columns[$1]] * vectors[$1, column]
          }
          for place in meetings.starts[j]..<meetings.starts[j + 1] {
            sum -= meetings.values[place * c + z] * carried[Int(meetings.positions[place]), column]
          }
          right[z * s + column] = sum
        }
      }
      for column in 0..<s {
        for r in 0..<q {
          headEffects[(j * q + r) * s + column] = (0..<c).reduce(0) {
            $0 + evaluation.head.gains[(j * c + $1) * q + r] * right[$1 * s + column]
          }
        }
        for z in 0..<c {
          var sum = right[z * s + column]
          for y in 0..<c {
            for r in 0..<q {
              sum -=
                factors[0].own[(j * c + z) * c + y] * evaluation.factors[0][y * q + r]
                * headEffects[(j * q + r) * s + column]
            }
          }
          headRest[(j * c + z) * s + column] = sum
        }
      }
    }
    return factors.indices.map { f in
      if f == 0 { return (headRest, headEffects) }
      return (
        Self.rows(rest, from: carrierOffsets[f], factors[f].count * factors[f].carriers),
        Self.rows(effects, from: effectOffsets[f], factors[f].count * factors[f].effects.count)
      )
    }
  }

  private static func rows(_ matrix: Matrix, from first: Int, _ count: Int) -> [Double] {
    (first..<first + count).flatMap { row in (0..<matrix.columns).map { matrix[row, $0] } }
  }

  /// 2 Σ AΛT⁻¹: of the tail 2 AΛ₁S⁻¹, of the head 2 Σ (A_jj − (I − A_jj P_j) X_j) Λ₀T_j⁻¹.
  private func logDeterminantGradients(_ evaluation: CrossedEvaluation) throws(ImmerseError) -> [[Double]] {
    var gradients = factors.map { [Double](repeating: 0, count: $0.carriers * $0.effects.count) }
    let inverse: Matrix
    do { inverse = try evaluation.tail.inverse() } catch { throw .unsolvable }
    addTailGradients(evaluation, inverse, to: &gradients)

    let spreads = try headSpreads(evaluation, inverse)
    let (c, q) = (factors[0].carriers, factors[0].effects.count)
    for j in 0..<factors[0].count {
      for z in 0..<c {
        for y in 0..<c {
          // A_jj − X_j + A_jj P_j X_j.
          var value = factors[0].own[(j * c + z) * c + y] - spreads[(j * c + z) * c + y]
          for k in 0..<c {
            for l in 0..<c {
              value +=
                factors[0].own[(j * c + z) * c + k] * evaluation.head.projections[(j * c + k) * c + l]
                * spreads[(j * c + l) * c + y]
            }
          }
          for r in 0..<q { gradients[0][z * q + r] += 2 * value * evaluation.head.gains[(j * c + y) * q + r] }
        }
      }
    }
    return gradients
  }

  private func addTailGradients(
    _ evaluation: CrossedEvaluation, _ inverse: Matrix, to gradients: inout [[Double]]
  ) {
    // A column of Λ₁S⁻¹ for each effect of the tail.
    let moved = tailFactor(evaluation.factors) * inverse
    moved.elements.withUnsafeBufferPointer { moved in
      evaluation.remainder.elements.withUnsafeBufferPointer { remainder in
        for f in factors.indices.dropFirst() {
          let (c, q) = (factors[f].carriers, factors[f].effects.count)
          for k in 0..<factors[f].count {
            for z in 0..<c {
              let row = (carrierOffsets[f] + k * c + z) * tailCarriers
              for r in 0..<q {
                let column = (effectOffsets[f] + k * q + r) * tailCarriers
                gradients[f][z * q + r] += 2 * dot(remainder, row, moved, column, tailCarriers)
              }
            }
          }
        }
      }
    }
  }

  /// X_j = A_j• Λ₁S⁻¹Λ₁' A_•j over the tail, row by row, for each head group.
  func headSpreads(_ evaluation: CrossedEvaluation, _ inverse: Matrix) throws(ImmerseError) -> [Double] {
    let (c, n, count) = (factors[0].carriers, tailCarriers, factors[0].count)
    let covariance = tailFactor(evaluation.factors).congruence(inverse)
    var spreads = [Double](repeating: 0, count: count * c * c)
    let meetings = meetings
    try spreads.withUnsafeMutableBufferPointer { (spreads) throws(ImmerseError) in
      guard let base = spreads.baseAddress else { return }
      nonisolated(unsafe) let spreads = base
      let blockLength = 64
      try parallelForEach((count + blockLength - 1) / blockLength, threads: threads) {
        (block: Int) throws(ImmerseError) in
        let groups = block * blockLength..<min(count, (block + 1) * blockLength)
        covariance.elements.withUnsafeBufferPointer { covariance in
          guard let covariance = covariance.baseAddress else { return }
          if c == 1 {
            meetings.addSpreads(covariance, One(), groups: groups, rows: n, to: spreads)
          } else {
            meetings.addSpreads(covariance, Many(value: c), groups: groups, rows: n, to: spreads)
          }
        }
      }
    }
    return spreads
  }
}

extension CrossedModel.Meetings {
  /// Adds A_j• Y A_•j of some head groups, Y symmetric over the tail.
  @inline(__always)
  fileprivate func addSpreads(
    _ covariance: UnsafePointer<Double>, _ carriers: some SmallCount, groups: Range<Int>, rows: Int,
    to spreads: UnsafeMutablePointer<Double>
  ) {
    let c = carriers.value
    var sums = [Double](repeating: 0, count: c)
    sums.withUnsafeMutableBufferPointer { sums in
      positions.withUnsafeBufferPointer { positions in
        values.withUnsafeBufferPointer { values in
          for j in groups {
            let range = starts[j]..<starts[j + 1]
            for b in range {
              let column = covariance + Int(positions[b]) * rows
              // Half of the diagonal and what stands below it; the transpose is the other half.
              let half = 0.5 * column[Int(positions[b])]
              for z in 0..<c { sums[z] = half * values[b * c + z] }
              for a in b + 1..<max(range.upperBound, b + 1) {
                let value = column[Int(positions[a])]
                for z in 0..<c { sums[z] += values[a * c + z] * value }
              }
              for z in 0..<c {
                for y in 0..<c {
                  spreads[(j * c + z) * c + y] += sums[z] * values[b * c + y] + values[b * c + z] * sums[y]
                }
              }
            }
          }
        }
      }
    }
  }
}

/// The product of two columns, by several accumulators.
private func dot(
  _ a: UnsafeBufferPointer<Double>, _ firstA: Int, _ b: UnsafeBufferPointer<Double>, _ firstB: Int, _ count: Int
) -> Double {
  var sums = (SIMD4<Double>.zero, SIMD4<Double>.zero)
  var i = 0
  @inline(__always) func four(_ values: UnsafeBufferPointer<Double>, _ first: Int) -> SIMD4<Double> {
    SIMD4(values[first], values[first + 1], values[first + 2], values[first + 3])
  }
  while i + 8 <= count {
    sums.0 += four(a, firstA + i) * four(b, firstB + i)
    sums.1 += four(a, firstA + i + 4) * four(b, firstB + i + 4)
    i += 8
  }
  var sum = (sums.0 + sums.1).sum()
  while i < count {
    sum += a[firstA + i] * b[firstB + i]
    i += 1
  }
  return sum
}
