import Columnar
import LinearAlgebra
import ModelFormula

extension CrossedModel {
  /// The derivative of the criterion with respect to every factor's Λ, exact, from the inverse of T where pairs of groups
  /// occur (Takahashi, Fagan and Chen 1973):
  ///
  ///     dD/dΛ = 2 Σ AΛT⁻¹ − 2 Σ Q R̄ G',    R̄ = (ν / r²) b b' (+ K⁻¹ under REML),    Q = Z'[X y] − AΛG
  ///
  /// over the diagonal blocks of each factor.
  func derivatives(
    _ evaluation: CrossedEvaluation, _ coordinates: ThetaCoordinates
  ) throws(ImmerseError) -> (factors: [Matrix], logRatios: [Double]) {
    let inverse = try SelectedInverse(self, evaluation)
    let seeds = try seeds(evaluation)
    let effects = solved(evaluation, times: seeds)
    var gradients = factors.map { [Double](repeating: 0, count: $0.carriers * $0.effects.count) }
    addLogDeterminant(evaluation, inverse, to: &gradients)
    addResiduals(evaluation, seeds, effects, to: &gradients)
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

  /// G V, G = T⁻¹Λ'Z'[X y]: for the head by group, a row for each effect; for the tail as it stands.
  func solved(_ evaluation: CrossedEvaluation, times vectors: Matrix) -> (head: [Double], tail: Matrix) {
    let (q, m, s) = (factors[0].effects.count, columns.count, vectors.columns)
    // These only fail where sizes do not fit 32 bits, which the limit of the tail excludes.
    guard let product = try? evaluation.tailSolved * vectors, let tail = try? evaluation.tail.solveUpper(product)
    else { return ([], Matrix(rows: 0, columns: s)) }
    var head = [Double](repeating: 0, count: factors[0].count * q * s)
    for j in 0..<factors[0].count {
      for column in 0..<s {
        for r in (0..<q).reversed() {
          var sum = 0.0
          for a in 0..<m { sum += evaluation.headSolved[(j * q + r) * m + a] * vectors[a, column] }
          for position in columnStarts[j]..<columnStarts[j + 1] {
            sum -= evaluation.links[position * q + r] * tail[columnPositions[position], column]
          }
          for k in r + 1..<max(q, r + 1) {
            sum -= evaluation.head[(j * q + k) * q + r] * head[(j * q + k) * s + column]
          }
          head[(j * q + r) * s + column] = sum / evaluation.head[(j * q + r) * q + r]
        }
      }
    }
    return (head, tail)
  }

  /// Adds 2 Σ AΛT⁻¹.
  private func addLogDeterminant(
    _ evaluation: CrossedEvaluation, _ inverse: SelectedInverse, to gradients: inout [[Double]]
  ) {
    let lambdas = evaluation.factors
    /// Adds 2 · block · Λ_g · T⁻¹_gf, for a block of carriers of f by those of g.
    func add(_ f: Int, _ g: Int, block: (Int, Int) -> Double, _ inverse: (Int, Int) -> Double) {
      let (c, q, d, e) = (
        factors[f].carriers, factors[f].effects.count, factors[g].carriers, factors[g].effects.count
      )
      for z in 0..<c {
        for k in 0..<e {
          var product = 0.0
          for y in 0..<d { product += block(z, y) * lambdas[g][y * e + k] }
          for r in 0..<q { gradients[f][z * q + r] += 2 * product * inverse(k, r) }
        }
      }
    }
    let (c, q) = (factors[0].carriers, factors[0].effects.count)
    for j in 0..<factors[0].count {
      add(0, 0) {
        factors[0].own[(j * c + $0) * c + $1]
      } _: {
        inverse.head[(j * q + $0) * q + $1]
      }
      var position = columnStarts[j]
      for link in links[starts[j]..<starts[j + 1]] {
        let (f, d) = (link.factor, factors[link.factor].carriers)
        let (first, blocks) = (position, grams.pairs[link.pairs].blocks)
        add(0, f) {
          blocks[link.block + $0 * d + $1]
        } _: {
          inverse.links[(first + $0) * q + $1]
        }
        add(f, 0) {
          blocks[link.block + $1 * d + $0]
        } _: {
          inverse.links[(first + $1) * q + $0]
        }
        position += factors[f].effects.count
      }
    }
    for f in factors.indices.dropFirst() {
      let (d, e) = (factors[f].carriers, factors[f].effects.count)
      for k in 0..<factors[f].count {
        let row = tailOffsets[f] + k * e
        add(f, f) {
          factors[f].own[(k * d + $0) * d + $1]
        } _: {
          inverse.tail[row + $0, row + $1]
        }
      }
    }
    for pairs in grams.pairs where pairs.first > 0 {
      let (f, g) = (pairs.first, pairs.second)
      let (c, d) = (factors[f].carriers, factors[g].carriers)
      for (k, pair) in pairs.groups.enumerated() {
        let row = tailOffsets[f] + pair.first * factors[f].effects.count
        let column = tailOffsets[g] + pair.second * factors[g].effects.count
        let block = k * c * d
        add(f, g) {
          pairs.blocks[block + $0 * d + $1]
        } _: {
          inverse.tail[column + $0, row + $1]
        }
        add(g, f) {
          pairs.blocks[block + $1 * d + $0]
        } _: {
          inverse.tail[row + $0, column + $1]
        }
      }
    }
  }

  /// Takes off 2 Σ (QV)(GV)'.
  private func addResiduals(
    _ evaluation: CrossedEvaluation, _ seeds: Matrix, _ effects: (head: [Double], tail: Matrix),
    to gradients: inout [[Double]]
  ) {
    let s = seeds.columns
    let width = grams.frame.columns.count
    let u = factors.indices.map { f -> [Double] in
      if f == 0 { return effects.head }
      let count = factors[f].count * factors[f].effects.count
      return (0..<count).flatMap { k in (0..<s).map { effects.tail[tailOffsets[f] + k, $0] } }
    }
    // ΛGV by carrier.
    let carried = factors.indices.map { f -> [Double] in
      let (c, q) = (factors[f].carriers, factors[f].effects.count)
      var values = [Double](repeating: 0, count: factors[f].count * c * s)
      for k in 0..<factors[f].count {
        for z in 0..<c {
          for r in 0..<q {
            let lambda = evaluation.factors[f][z * q + r]
            for column in 0..<s { values[(k * c + z) * s + column] += lambda * u[f][(k * q + r) * s + column] }
          }
        }
      }
      return values
    }
    // QV by carrier: what the fixed effects leave, less what each factor contributes.
    var rest = factors.indices.map { f -> [Double] in
      let c = factors[f].carriers
      var values = [Double](repeating: 0, count: factors[f].count * c * s)
      for row in 0..<factors[f].count * c {
        for column in 0..<s {
          var sum = 0.0
          for (a, position) in columns.enumerated() {
            sum += factors[f].cross[row * width + position] * seeds[a, column]
          }
          values[row * s + column] = sum
        }
        let group = row / c
        for y in 0..<c {
          let own = factors[f].own[row * c + y]
          for column in 0..<s { values[row * s + column] -= own * carried[f][(group * c + y) * s + column] }
        }
      }
      return values
    }
    for pairs in grams.pairs {
      let (f, g) = (pairs.first, pairs.second)
      let (c, d) = (factors[f].carriers, factors[g].carriers)
      for (k, pair) in pairs.groups.enumerated() {
        for z in 0..<c {
          for y in 0..<d {
            let value = pairs.blocks[(k * c + z) * d + y]
            let (row, other) = ((pair.first * c + z) * s, (pair.second * d + y) * s)
            for column in 0..<s {
              rest[f][row + column] -= value * carried[g][other + column]
              rest[g][other + column] -= value * carried[f][row + column]
            }
          }
        }
      }
    }
    for f in factors.indices {
      let (c, q) = (factors[f].carriers, factors[f].effects.count)
      for k in 0..<factors[f].count {
        for z in 0..<c {
          for r in 0..<q {
            var sum = 0.0
            for column in 0..<s { sum += rest[f][(k * c + z) * s + column] * u[f][(k * q + r) * s + column] }
            gradients[f][z * q + r] -= 2 * sum
          }
        }
      }
    }
  }
}

/// The blocks of T⁻¹ of the pairs of groups that occur.
struct SelectedInverse {
  /// Of each head group, row by row.
  let head: [Double]
  /// Of each head group with the tail, a row of head effects for each scalar column of its links.
  let links: [Double]
  let tail: Matrix

  init(_ model: CrossedModel, _ evaluation: CrossedEvaluation) throws(ImmerseError) {
    do { tail = try evaluation.tail.inverse() } catch { throw .unsolvable }
    let (q, n) = (model.factors[0].effects.count, model.tailCount)
    var head = [Double](repeating: 0, count: model.factors[0].count * q * q)
    var links = [Double](repeating: 0, count: model.columnPositions.count * q)
    tail.elements.withUnsafeBufferPointer { tail in
      for j in 0..<model.factors[0].count {
        let range = model.columnStarts[j]..<model.columnStarts[j + 1]
        // E = T₁₁⁻¹B', and I + BE.
        var inner = [Double](repeating: 0, count: q * q)
        for r in 0..<q { inner[r * q + r] = 1 }
        for a in range {
          let row = model.columnPositions[a] * n
          for r in 0..<q {
            var sum = 0.0
            for b in range { sum += tail[row + model.columnPositions[b]] * evaluation.links[b * q + r] }
            links[a * q + r] = sum
            for k in 0..<q { inner[k * q + r] += evaluation.links[a * q + k] * sum }
          }
        }
        let lower = { (r: Int, s: Int) in evaluation.head[(j * q + r) * q + s] }
        // −E L₀⁻¹, from the last column to the first.
        for a in range {
          for r in (0..<q).reversed() {
            var sum = -links[a * q + r]
            for k in r + 1..<max(q, r + 1) { sum -= links[a * q + k] * lower(k, r) }
            links[a * q + r] = sum / lower(r, r)
          }
        }
        // L₀'⁻¹ (I + BE) L₀⁻¹, columns first.
        for row in 0..<q {
          for r in (0..<q).reversed() {
            for k in r + 1..<max(q, r + 1) { inner[row * q + r] -= inner[row * q + k] * lower(k, r) }
            inner[row * q + r] /= lower(r, r)
          }
        }
        for column in 0..<q {
          for r in (0..<q).reversed() {
            for k in r + 1..<max(q, r + 1) { inner[r * q + column] -= lower(k, r) * inner[k * q + column] }
            inner[r * q + column] /= lower(r, r)
          }
        }
        for k in inner.indices { head[j * q * q + k] = inner[k] }
      }
    }
    self.head = head
    self.links = links
  }
}
