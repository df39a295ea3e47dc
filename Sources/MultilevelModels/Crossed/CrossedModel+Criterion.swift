import Columnar
import LinearAlgebra
import ModelFormula
import RealModule
import Streaming

/// The profiled criterion of crossed factors at one θ, with the estimates and what the head leaves of the tail.
struct CrossedEvaluation: Sendable {
  let profile: ProfiledEstimates
  /// Λ of each factor in terms of the stored columns, a row for each carrier.
  let factors: [[Double]]
  let head: HeadSolutions
  /// A over the tail's carriers.
  let remainder: Matrix
  /// A[X y] over the tail's carriers.
  let remainderRight: Matrix
  let tail: Cholesky
  /// C.
  let tailSolved: Matrix
}

/// T_j of every head group, solved.
struct HeadSolutions: Sendable {
  /// T_j⁻¹, row by row.
  private(set) var inverses: [Double]
  /// Λ₀T_j⁻¹, a row for each carrier.
  private(set) var gains: [Double]
  /// P_j = Λ₀T_j⁻¹Λ₀', row by row.
  private(set) var projections: [Double]
  /// Σ ½ log |T_j|.
  private(set) var logDeterminant = 0.0

  /// - Parameter lambda: a row for each carrier.
  init(_ factor: CrossedGrams.Factor, lambda: [Double]) {
    let (c, q) = (factor.carriers, factor.effects.count)
    inverses = [Double](repeating: 0, count: factor.count * q * q)
    gains = [Double](repeating: 0, count: factor.count * c * q)
    projections = [Double](repeating: 0, count: factor.count * c * c)
    var system = [Double](repeating: 0, count: q * q)
    for j in 0..<factor.count {
      for r in 0..<q {
        for s in 0..<q {
          var sum = r == s ? 1.0 : 0
          for z in 0..<c {
            for y in 0..<c { sum += lambda[z * q + r] * factor.own[(j * c + z) * c + y] * lambda[y * q + s] }
          }
          system[r * q + s] = sum
        }
      }
      logDeterminant += 0.5 * Self.invert(&system, q)
      for k in 0..<q * q { inverses[j * q * q + k] = system[k] }
      for z in 0..<c {
        for r in 0..<q {
          gains[(j * c + z) * q + r] = (0..<q).reduce(0) { $0 + lambda[z * q + $1] * system[$1 * q + r] }
        }
        for y in 0..<c {
          projections[(j * c + z) * c + y] = (0..<q).reduce(0) {
            $0 + gains[(j * c + z) * q + $1] * lambda[y * q + $1]
          }
        }
      }
    }
  }

  /// A positive definite matrix in place by its inverse (Gauss and Jordan, whose pivots are those of Cholesky's factor,
  /// squared); the logarithm of its determinant.
  private static func invert(_ a: inout [Double], _ n: Int) -> Double {
    var logDeterminant = 0.0
    for k in 0..<n {
      let pivot = a[k * n + k]
      logDeterminant += .log(pivot)
      a[k * n + k] = 1
      for j in 0..<n { a[k * n + j] /= pivot }
      for i in 0..<n where i != k {
        let multiple = a[i * n + k]
        a[i * n + k] = 0
        for j in 0..<n { a[i * n + j] -= multiple * a[k * n + j] }
      }
    }
    return logDeterminant
  }
}

extension CrossedModel {
  /// - Throws: `failure` where rounding leaves no positive definite system, as for θ beyond all bounds.
  func evaluate(_ theta: [Double], _ coordinates: ThetaCoordinates) throws(ImmerseError) -> CrossedEvaluation {
    var first = 0
    let lambdas = factors.map { factor in
      defer { first += factor.effects.thetaCount }
      return factor.effects.stored(theta[first..<first + factor.effects.thetaCount], coordinates)
    }
    let head = HeadSolutions(factors[0], lambda: lambdas[0])
    var (remainder, right, root) = (tailGram(), tailRight(), grams.pooled.submatrix(rows: columns, columns: columns))
    try subtract(head, from: &remainder, &right, &root)
    let transposed = tailFactor(lambdas).transposed
    var system = transposed.congruence(remainder)
    for k in 0..<tailEffects { system[k, k] += 1 }
    let tail: Cholesky
    let solved: Matrix
    do {
      tail = try Cholesky(system)
      solved = try tail.solveLower(transposed * right)
      root.add(try solved.crossProduct(), times: -1)
    } catch { throw .unsolvable }
    let profile = try ProfiledEstimates(
      root: root, logDeterminant: head.logDeterminant + 0.5 * tail.logDeterminant, degreesOfFreedom: degreesOfFreedom,
      isRestricted: isRestricted,
      constant: 2 * degreesOfFreedom * .log(grams.scales[grams.frame.response].scale) - grams.logWeights,
      fixedScales: fixed.map { grams.scales[$0].scale })
    return CrossedEvaluation(
      profile: profile, factors: lambdas, head: head, remainder: remainder, remainderRight: right, tail: tail,
      tailSolved: solved)
  }

  /// A over the tail's carriers before the head is eliminated, its lower triangle.
  private func tailGram() -> Matrix {
    var gram = Matrix(rows: tailCarriers, columns: tailCarriers)
    for (f, factor) in factors.enumerated().dropFirst() {
      let c = factor.carriers
      for row in 0..<factor.count * c {
        for y in 0..<c { gram[carrierOffsets[f] + row, carrierOffsets[f] + row / c * c + y] = factor.own[row * c + y] }
      }
    }
    for pairs in grams.pairs where pairs.first > 0 {
      let (c, d) = (factors[pairs.first].carriers, factors[pairs.second].carriers)
      for (k, pair) in pairs.groups.enumerated() {
        // The later factor's rows stand below.
        let column = carrierOffsets[pairs.first] + pair.first * c
        let row = carrierOffsets[pairs.second] + pair.second * d
        for z in 0..<c {
          for y in 0..<d { gram[row + y, column + z] = pairs.blocks[(k * c + z) * d + y] }
        }
      }
    }
    return gram
  }

  /// A[X y] over the tail's carriers before the head is eliminated.
  private func tailRight() -> Matrix {
    var right = Matrix(rows: tailCarriers, columns: columns.count)
    let width = grams.frame.columns.count
    for (f, factor) in factors.enumerated().dropFirst() {
      for row in 0..<factor.count * factor.carriers {
        for (a, column) in columns.enumerated() {
          right[carrierOffsets[f] + row, a] = factor.cross[row * width + column]
        }
      }
    }
    return right
  }

  /// A ← A − Σ_j A_•j P_j A_j•, over the tail, with [X y], and over [X y].
  private func subtract(
    _ head: HeadSolutions, from remainder: inout Matrix, _ right: inout Matrix, _ root: inout Matrix
  ) throws(ImmerseError) {
    let (c, m, n, width) = (factors[0].carriers, columns.count, tailCarriers, grams.frame.columns.count)
    let (cross, columns) = (factors[0].cross, columns)
    // P_j A_j• over [X y].
    var projected = [Double](repeating: 0, count: c * m)
    for j in 0..<factors[0].count {
      for z in 0..<c {
        for a in 0..<m {
          projected[z * m + a] = (0..<c).reduce(0) {
            $0 + head.projections[(j * c + z) * c + $1] * cross[(j * c + $1) * width + columns[a]]
          }
        }
      }
      for z in 0..<c {
        for b in 0..<m {
          for a in 0..<m { root[a, b] -= cross[(j * c + z) * width + columns[a]] * projected[z * m + b] }
        }
        for place in meetings.starts[j]..<meetings.starts[j + 1] {
          let (row, value) = (Int(meetings.positions[place]), meetings.values[place * c + z])
          for a in 0..<m { right[row, a] -= value * projected[z * m + a] }
        }
      }
    }
    let meetings = meetings
    let ranges = meetings.ranges(max(1, threads), tail: n)
    try remainder.elements.withUnsafeMutableBufferPointer { (gram) throws(ImmerseError) in
      guard let base = gram.baseAddress else { return }
      nonisolated(unsafe) let gram = base
      // An element belongs to one range, and takes its terms in the order of the groups whatever the ranges.
      try parallelForEach(ranges.count, threads: threads) { (index: Int) throws(ImmerseError) in
        if c == 1 {
          meetings.subtractProducts(head.projections, One(), columns: ranges[index], rows: n, from: gram)
        } else {
          meetings.subtractProducts(head.projections, Many(value: c), columns: ranges[index], rows: n, from: gram)
        }
      }
    }
    remainder.mirrorLowerTriangle()
  }

  /// Λ of the tail, a row for each carrier.
  func tailFactor(_ lambdas: [[Double]]) -> BlockDiagonal {
    BlockDiagonal(
      parts: zip(factors, lambdas).dropFirst().map { factor, lambda in
        .init(count: factor.count, rows: factor.carriers, columns: factor.effects.count, block: lambda)
      })
  }
}

extension CrossedModel.Meetings {
  /// Takes Σ_j A_•j P_j A_j• from the columns of a symmetric matrix over the tail, on and below its diagonal.
  @inline(__always)
  fileprivate func subtractProducts(
    _ projections: [Double], _ carriers: some SmallCount, columns: Range<Int32>, rows: Int,
    from gram: UnsafeMutablePointer<Double>
  ) {
    let c = carriers.value
    var scaled = [Double](repeating: 0, count: c)
    scaled.withUnsafeMutableBufferPointer { scaled in
      positions.withUnsafeBufferPointer { positions in
        values.withUnsafeBufferPointer { values in
          for j in 0..<starts.count - 1 {
            let end = starts[j + 1]
            for b in starts[j]..<end where columns.contains(positions[b]) {
              for z in 0..<c {
                scaled[z] = (0..<c).reduce(0) { $0 + projections[(j * c + z) * c + $1] * values[b * c + $1] }
              }
              let target = gram + Int(positions[b]) * rows
              for a in b..<end {
                var sum = 0.0
                for z in 0..<c { sum += values[a * c + z] * scaled[z] }
                target[Int(positions[a])] -= sum
              }
            }
          }
        }
      }
    }
  }
}
