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
    let (lambdas, offsets, q, n) = (evaluation.factors, tailOffsets, effectCounts[0], tailCount)
    inverse.head.withUnsafeBufferPointer { head in
      inverse.links.withUnsafeBufferPointer { linked in
        inverse.tail.elements.withUnsafeBufferPointer { tail in
          guard let head = head.baseAddress, let linked = linked.baseAddress, let tail = tail.baseAddress else {
            return
          }
          for f in factors.indices {
            let (own, e) = (carrierCounts[f] * carrierCounts[f], effectCounts[f])
            factors[f].own.withUnsafeBufferPointer { blocks in
              guard let blocks = blocks.baseAddress else { return }
              for k in 0..<factors[f].count {
                let row = offsets[f] + k * e
                let block = Strided(blocks + k * own, row: carrierCounts[f], column: 1)
                let part =
                  f == 0
                  ? Strided(head + k * q * q, row: q, column: 1) : Strided(tail + row * n + row, row: 1, column: n)
                addProduct(block, lambdas[f], part, e, e, to: &gradients[f])
              }
            }
          }
          for (index, pairs) in grams.pairs.enumerated() {
            let (f, g) = (pairs.first, pairs.second)
            let (d, e) = (carrierCounts[g], effectCounts[g])
            let (columns, rows) = (pairColumns[index], effectCounts[f])
            pairs.blocks.withUnsafeBufferPointer { blocks in
              guard let blocks = blocks.baseAddress else { return }
              for (k, pair) in pairs.groups.enumerated() {
                let block = Strided(blocks + k * carrierCounts[f] * d, row: d, column: 1)
                let part: Strided
                if f == 0 {
                  part = Strided(linked + columns[k] * q, row: q, column: 1)
                } else {
                  let (row, column) = (offsets[f] + pair.first * rows, offsets[g] + pair.second * e)
                  part = Strided(tail + row * n + column, row: 1, column: n)
                }
                addProduct(block, lambdas[g], part, e, rows, to: &gradients[f])
                addProduct(block.transposed, lambdas[f], part.transposed, rows, e, to: &gradients[g])
              }
            }
          }
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

/// A block within a larger array.
private struct Strided {
  let base: UnsafePointer<Double>
  let row: Int
  let column: Int

  @inline(__always)
  init(_ base: UnsafePointer<Double>, row: Int, column: Int) {
    self.base = base
    self.row = row
    self.column = column
  }

  @inline(__always)
  subscript(i: Int, j: Int) -> Double { base[i * row + j * column] }

  @inline(__always)
  var transposed: Strided { Strided(base, row: column, column: row) }
}

/// Adds 2 · block · Λ · part to the derivative with respect to one factor's Λ: carriers of the factor by those of the
/// other, the other's Λ, the other's effects by the factor's.
@inline(__always)
private func addProduct(
  _ block: Strided, _ lambda: [Double], _ part: Strided, _ otherEffects: Int, _ effects: Int,
  to gradient: inout [Double]
) {
  let (carriers, otherCarriers) = (gradient.count / effects, lambda.count / otherEffects)
  for z in 0..<carriers {
    for k in 0..<otherEffects {
      var product = 0.0
      for y in 0..<otherCarriers { product += block[z, y] * lambda[y * otherEffects + k] }
      for r in 0..<effects { gradient[z * effects + r] += 2 * product * part[k, r] }
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
