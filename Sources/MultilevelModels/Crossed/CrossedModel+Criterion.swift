import Columnar
import LinearAlgebra
import ModelFormula
import RealModule

/// The profiled criterion of crossed factors at one θ, with the estimates and the factor T = LL' that go with it.
struct CrossedEvaluation: Sendable {
  let profile: ProfiledEstimates
  /// Λ of each factor in terms of the stored columns, a row for each carrier.
  let factors: [[Double]]
  /// L₀ of each head group, lower triangular, row by row.
  fileprivate(set) var head: [Double]
  /// B of each head group, a row of head effects for each scalar column of its links.
  fileprivate(set) var links: [Double]
  /// C₀ of each head group, a row for each effect.
  fileprivate(set) var headSolved: [Double]
  let tail: Cholesky
  /// C₁.
  let tailSolved: Matrix
}

extension CrossedModel {
  /// - Throws: `failure` where rounding leaves no positive definite system, as for θ beyond all bounds.
  func evaluate(_ theta: [Double], _ coordinates: ThetaCoordinates) throws(ImmerseError) -> CrossedEvaluation {
    var first = 0
    let lambdas = factors.map { factor in
      defer { first += factor.effects.thetaCount }
      return factor.effects.stored(theta[first..<first + factor.effects.thetaCount], coordinates)
    }
    let (q, m) = (factors[0].effects.count, columns.count)
    let groups = factors[0].count
    let (ownBlocks, ownCross) = (factors[0].own, factors[0].cross)
    let (columns, width, pairBlocks) = (columns, grams.frame.columns.count, grams.pairs.map(\.blocks))
    var head = [Double](repeating: 0, count: groups * q * q)
    var linked = [Double](repeating: 0, count: columnPositions.count * q)
    var headSolved = [Double](repeating: 0, count: groups * q * m)
    var tail = tailMatrix(lambdas)
    var right = tailRightSide(lambdas)
    var root = packedRoot()
    var logDeterminant = 0.0
    let c = factors[0].carriers
    let lambda = lambdas[0]
    var ownProduct = [Double](repeating: 0, count: c * q)
    for j in 0..<groups {
      // L₀ of T₀₀ = I + Λ'AΛ.
      for z in 0..<c {
        for r in 0..<q {
          ownProduct[z * q + r] = (0..<c).reduce(0) { $0 + ownBlocks[(j * c + z) * c + $1] * lambda[$1 * q + r] }
        }
      }
      for r in 0..<q {
        for s in 0...r {
          var sum = r == s ? 1.0 : 0
          for z in 0..<c { sum += lambda[z * q + r] * ownProduct[z * q + s] }
          for k in 0..<s { sum -= head[(j * q + r) * q + k] * head[(j * q + s) * q + k] }
          head[(j * q + r) * q + s] = r == s ? sum.squareRoot() : sum / head[(j * q + s) * q + s]
        }
        logDeterminant += .log(head[(j * q + r) * q + r])
      }
      // C₀ and B, by forward substitution.
      for (a, column) in columns.enumerated() {
        for r in 0..<q {
          var sum = 0.0
          for z in 0..<c {
            sum += lambda[z * q + r] * ownCross[(j * c + z) * width + column]
          }
          for k in 0..<r { sum -= head[(j * q + r) * q + k] * headSolved[(j * q + k) * m + a] }
          headSolved[(j * q + r) * m + a] = sum / head[(j * q + r) * q + r]
        }
      }
      var position = columnStarts[j]
      for link in links[starts[j]..<starts[j + 1]] {
        let (d, e) = (carrierCounts[link.factor], effectCounts[link.factor])
        let (blocks, partnerLambda) = (pairBlocks[link.pairs], lambdas[link.factor])
        for s in 0..<e {
          for r in 0..<q {
            var sum = 0.0
            for z in 0..<c {
              for y in 0..<d {
                sum +=
                  lambda[z * q + r] * blocks[link.block + z * d + y]
                  * partnerLambda[y * e + s]
              }
            }
            for k in 0..<r { sum -= head[(j * q + r) * q + k] * linked[position * q + k] }
            linked[position * q + r] = sum / head[(j * q + r) * q + r]
          }
          position += 1
        }
      }
    }
    subtractHead(linked, headSolved, from: &tail, &right, &root)
    let cholesky: Cholesky
    let tailSolved: Matrix
    do {
      cholesky = try Cholesky(tail)
      tailSolved = try cholesky.solveLower(right)
      let own = try tailSolved.crossProduct()
      for i in 0..<m {
        for j in 0..<m { root[i, j] -= own[i, j] }
      }
    } catch { throw .unsolvable }
    logDeterminant += 0.5 * cholesky.logDeterminant
    let profile = try ProfiledEstimates(
      root: root, logDeterminant: logDeterminant, degreesOfFreedom: degreesOfFreedom, isRestricted: isRestricted,
      constant: 2 * degreesOfFreedom * .log(grams.scales[grams.frame.response].scale) - grams.logWeights,
      fixedScales: fixed.map { grams.scales[$0].scale })
    return CrossedEvaluation(
      profile: profile, factors: lambdas, head: head, links: linked, headSolved: headSolved, tail: cholesky,
      tailSolved: tailSolved)
  }

  /// [X y]'[X y].
  private func packedRoot() -> Matrix { grams.pooled.submatrix(rows: columns, columns: columns) }

  /// T₁₁ = I + Λ'AΛ over the tail, its lower triangle.
  private func tailMatrix(_ lambdas: [[Double]]) -> Matrix {
    var tail = Matrix(rows: tailCount, columns: tailCount)
    for k in 0..<tailCount { tail[k, k] = 1 }
    func add(_ blocks: [Double], _ block: Int, _ f: Int, _ row: Int, _ g: Int, _ column: Int) {
      let (c, q, d, e) = (
        factors[f].carriers, factors[f].effects.count, factors[g].carriers, factors[g].effects.count
      )
      for r in 0..<q {
        for s in 0..<e {
          var sum = 0.0
          for z in 0..<c {
            for y in 0..<d { sum += lambdas[f][z * q + r] * blocks[block + z * d + y] * lambdas[g][y * e + s] }
          }
          // The later factor's rows stand below.
          if f == g { tail[row + r, column + s] += sum } else { tail[column + s, row + r] += sum }
        }
      }
    }
    for f in factors.indices.dropFirst() {
      let (c, q) = (factors[f].carriers, factors[f].effects.count)
      for k in 0..<factors[f].count {
        let row = tailOffsets[f] + k * q
        add(factors[f].own, k * c * c, f, row, f, row)
      }
    }
    for pairs in grams.pairs where pairs.first > 0 {
      let (f, g) = (pairs.first, pairs.second)
      let size = factors[f].carriers * factors[g].carriers
      for (k, pair) in pairs.groups.enumerated() {
        add(
          pairs.blocks, k * size, f, tailOffsets[f] + pair.first * factors[f].effects.count, g,
          tailOffsets[g] + pair.second * factors[g].effects.count)
      }
    }
    return tail
  }

  /// Λ₁'Z₁'[X y].
  private func tailRightSide(_ lambdas: [[Double]]) -> Matrix {
    var right = Matrix(rows: tailCount, columns: columns.count)
    let width = grams.frame.columns.count
    for f in factors.indices.dropFirst() {
      let (c, q) = (factors[f].carriers, factors[f].effects.count)
      for k in 0..<factors[f].count {
        for (a, column) in columns.enumerated() {
          for r in 0..<q {
            var sum = 0.0
            for z in 0..<c { sum += lambdas[f][z * q + r] * factors[f].cross[(k * c + z) * width + column] }
            right[tailOffsets[f] + k * q + r, a] = sum
          }
        }
      }
    }
    return right
  }

  /// Takes B'B from the tail, B'C₀ from its right side and C₀'C₀ from the root.
  private func subtractHead(
    _ linked: [Double], _ headSolved: [Double], from tail: inout Matrix, _ right: inout Matrix, _ root: inout Matrix
  ) {
    let (q, m, n) = (factors[0].effects.count, columns.count, tailCount)
    tail.elements.withUnsafeMutableBufferPointer { tail in
      right.elements.withUnsafeMutableBufferPointer { right in
        root.elements.withUnsafeMutableBufferPointer { root in
          linked.withUnsafeBufferPointer { linked in
            columnPositions.withUnsafeBufferPointer { positions in
              for j in 0..<factors[0].count {
                let range = columnStarts[j]..<columnStarts[j + 1]
                // Positions ascend within a group, so that what is written lies in the lower triangle.
                for b in range {
                  let target = positions[b] * n
                  for a in b..<range.upperBound {
                    var sum = 0.0
                    for r in 0..<q { sum += linked[a * q + r] * linked[b * q + r] }
                    tail[target + positions[a]] -= sum
                  }
                  for column in 0..<m {
                    var sum = 0.0
                    for r in 0..<q { sum += linked[b * q + r] * headSolved[(j * q + r) * m + column] }
                    right[column * n + positions[b]] -= sum
                  }
                }
                for a in 0..<m {
                  for b in 0..<m {
                    var sum = 0.0
                    for r in 0..<q { sum += headSolved[(j * q + r) * m + a] * headSolved[(j * q + r) * m + b] }
                    root[b * m + a] -= sum
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
