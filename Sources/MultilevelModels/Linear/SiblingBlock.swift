/// The same number for four groups side by side.
typealias Lanes = SIMD4<Double>

/// A number of effects or carriers that the compiler may know, so that loops over it unroll.
protocol SmallCount {
  var value: Int { get }
}

struct One: SmallCount { var value: Int { 1 } }
struct Two: SmallCount { var value: Int { 2 } }
struct Three: SmallCount { var value: Int { 3 } }
struct Many: SmallCount { let value: Int }

/// The sizes and positions of the step from a group's cross-products to its part of its parent's.
struct StepShape: Sendable {
  /// Random effects q.
  let effects: Int
  /// Columns that carry them.
  let carriers: Int
  /// Columns at this level; the last `upperCount` of them are also needed above.
  let width: Int
  let upperCount: Int
  /// The carriers' positions among the level's columns.
  let positions: [Int]
  /// Where the carriers' rows of a packed triangle lie: element (z, j) at `z * width + j`.
  let rowOffsets: [Int]

  var firstUpper: Int { width - upperCount }
  var gramSize: Int { packedCount(width) }

  init(effects: Int, width: Int, upperCount: Int, positions: [Int]) {
    self.effects = effects
    carriers = positions.count
    self.width = width
    self.upperCount = upperCount
    self.positions = positions
    rowOffsets = positions.flatMap { z in (0..<width).map { packed(max(z, $0), min(z, $0)) } }
  }
}

/// The step of the recursion for four sibling groups at once, each in a lane of its own.
///
/// With z the columns that carry the level's effects, • the columns needed above and Λ the factor of the effects in
/// terms of the stored columns:
///
///     T = I + Λ'A_zz Λ = U'U     C = U'⁻¹Λ'A_z•     G = T⁻¹Λ'A_z•     M = A_•• − C'C     l = log |U|
///
/// Lanes without a group hold zeros, for which C = 0 and l = 0.
struct SiblingBlock {
  let shape: StepShape
  /// Λ, a row for each carrier.
  private let lambda: UnsafeMutablePointer<Double>
  /// A_z: a row of `width` for each carrier.
  private let rows: UnsafeMutablePointer<Lanes>
  /// A_zz Λ: a row of `effects` for each carrier.
  private let product: UnsafeMutablePointer<Lanes>
  /// U above the diagonal, the reciprocals of its diagonal on it.
  private let upper: UnsafeMutablePointer<Lanes>
  /// C: a row of `upperCount` for each effect.
  let projected: UnsafeMutablePointer<Lanes>
  /// G: a row of `upperCount` for each effect.
  let solution: UnsafeMutablePointer<Lanes>
  /// T⁻¹.
  let inverse: UnsafeMutablePointer<Lanes>
  private let memory: UnsafeMutablePointer<Lanes>

  init(_ shape: StepShape, lambda: [Double]) {
    self.shape = shape
    let (q, c, m) = (shape.effects, shape.carriers, shape.upperCount)
    let sizes = [c * shape.width, c * q, q * q, q * m, q * m, q * q, (c * q + 3) / 4]
    memory = .allocate(capacity: sizes.reduce(0, +))
    memory.initialize(repeating: .zero, count: sizes.reduce(0, +))
    var parts: [UnsafeMutablePointer<Lanes>] = []
    var next = memory
    for size in sizes {
      parts.append(next)
      next += size
    }
    (rows, product, upper, projected, solution, inverse) = (parts[0], parts[1], parts[2], parts[3], parts[4], parts[5])
    self.lambda = UnsafeMutableRawPointer(parts[6]).bindMemory(to: Double.self, capacity: c * q)
    for (k, value) in lambda.enumerated() { self.lambda[k] = value }
  }

  func deallocate() { memory.deallocate() }

  func lambda(_ carrier: Int, _ effect: Int) -> Double { lambda[carrier * shape.effects + effect] }

  /// Takes the rows A_z of up to four groups that follow one another in `grams`.
  @inline(__always)
  func load(_ grams: UnsafePointer<Double>, group: Int, count: Int) {
    let size = shape.gramSize
    let first = grams + group * size
    shape.rowOffsets.withUnsafeBufferPointer { offsets in
      if count == 4 {
        let (second, third, fourth) = (first + size, first + 2 * size, first + 3 * size)
        for k in 0..<offsets.count {
          let offset = offsets[k]
          rows[k] = Lanes(first[offset], second[offset], third[offset], fourth[offset])
        }
      } else {
        for k in 0..<offsets.count {
          var lanes = Lanes.zero
          for lane in 0..<count { lanes[lane] = first[lane * size + offsets[k]] }
          rows[k] = lanes
        }
      }
    }
  }

  /// Computes U and C of the loaded groups.
  ///
  /// - Returns: |U|.
  @inline(__always)
  func factor() -> Lanes {
    switch (shape.effects, shape.carriers) {
    case (1, 1): factor(One(), One())
    case (2, 2): factor(Two(), Two())
    case (3, 3): factor(Three(), Three())
    default: factor(Many(value: shape.effects), Many(value: shape.carriers))
    }
  }

  @inline(__always)
  private func factor(_ effects: some SmallCount, _ carriers: some SmallCount) -> Lanes {
    let (q, c) = (effects.value, carriers.value)
    let (width, m, first) = (shape.width, shape.upperCount, shape.firstUpper)
    shape.positions.withUnsafeBufferPointer { positions in
      for z in 0..<c {
        for r in 0..<q {
          var sum = Lanes.zero
          for y in 0..<c { sum += rows[z * width + positions[y]] * lambda[y * q + r] }
          product[z * q + r] = sum
        }
      }
    }
    var determinant = Lanes(repeating: 1)
    for r in 0..<q {
      for s in r..<q {
        var sum = r == s ? Lanes(repeating: 1) : .zero
        for z in 0..<c { sum += lambda[z * q + r] * product[z * q + s] }
        for k in 0..<r { sum -= upper[k * q + r] * upper[k * q + s] }
        if s == r {
          let root = sum.squareRoot()
          determinant *= root
          upper[r * q + r] = 1 / root
        } else {
          upper[r * q + s] = sum * upper[r * q + r]
        }
      }
    }
    for a in 0..<m {
      for r in 0..<q {
        var sum = Lanes.zero
        for z in 0..<c { sum += lambda[z * q + r] * rows[z * width + first + a] }
        for k in 0..<r { sum -= upper[k * q + r] * projected[k * m + a] }
        projected[r * m + a] = sum * upper[r * q + r]
      }
    }
    return determinant
  }

  /// Subtracts w C'C of the four groups from a packed triangle.
  @inline(__always)
  func subtractProjection(weights: Lanes, from sums: UnsafeMutablePointer<Lanes>) {
    switch shape.effects {
    case 1: subtractProjection(One(), weights, sums)
    case 2: subtractProjection(Two(), weights, sums)
    case 3: subtractProjection(Three(), weights, sums)
    default: subtractProjection(Many(value: shape.effects), weights, sums)
    }
  }

  @inline(__always)
  private func subtractProjection(
    _ effects: some SmallCount, _ weights: Lanes, _ sums: UnsafeMutablePointer<Lanes>
  ) {
    let q = effects.value
    let m = shape.upperCount
    var target = sums
    for a in 0..<m {
      for b in 0...a {
        var sum = Lanes.zero
        for r in 0..<q { sum += projected[r * m + a] * projected[r * m + b] }
        target[b] -= weights * sum
      }
      target += a + 1
    }
  }

  /// Computes G and T⁻¹ after `factor`.
  @inline(__always)
  func solve() {
    switch shape.effects {
    case 1: solve(One())
    case 2: solve(Two())
    case 3: solve(Three())
    default: solve(Many(value: shape.effects))
    }
  }

  @inline(__always)
  private func solve(_ effects: some SmallCount) {
    let q = effects.value
    let m = shape.upperCount
    for a in 0..<m {
      for r in (0..<q).reversed() {
        var sum = projected[r * m + a]
        for k in r + 1..<max(q, r + 1) { sum -= upper[r * q + k] * solution[k * m + a] }
        solution[r * m + a] = sum * upper[r * q + r]
      }
    }
    // Columns of T⁻¹ = U⁻¹U'⁻¹, by solving for the unit vectors.
    for column in 0..<q {
      for r in 0..<q {
        var sum = r == column ? Lanes(repeating: 1) : .zero
        for k in 0..<r { sum -= upper[k * q + r] * inverse[k * q + column] }
        inverse[r * q + column] = sum * upper[r * q + r]
      }
      for r in (0..<q).reversed() {
        var sum = inverse[r * q + column]
        for k in r + 1..<max(q, r + 1) { sum -= upper[r * q + k] * inverse[k * q + column] }
        inverse[r * q + column] = sum * upper[r * q + r]
      }
    }
  }

  /// Adds the derivative with respect to Λ, −2QM̄G' + l̄ A_zzΛT⁻¹ with Q = A_z• − A_zzΛG, after `solve`.
  ///
  /// - Parameters:
  ///   - adjoint: the parent's, a full symmetric matrix of `upperCount` rows; M̄ is a group's weight times it.
  ///   - logAdjoints: l̄ of each group.
  ///   - mixed: receives w · adjoint · G', a row of `upperCount` for each effect.
  @inline(__always)
  func addGradient(
    adjoint: UnsafePointer<Double>, weights: Lanes, logAdjoints: Lanes, mixed: UnsafeMutablePointer<Lanes>,
    to gradient: UnsafeMutablePointer<Lanes>
  ) {
    switch (shape.effects, shape.carriers) {
    case (1, 1): addGradient(One(), One(), adjoint, weights, logAdjoints, mixed, gradient)
    case (2, 2): addGradient(Two(), Two(), adjoint, weights, logAdjoints, mixed, gradient)
    case (3, 3): addGradient(Three(), Three(), adjoint, weights, logAdjoints, mixed, gradient)
    default:
      addGradient(
        Many(value: shape.effects), Many(value: shape.carriers), adjoint, weights, logAdjoints, mixed, gradient)
    }
  }

  @inline(__always)
  private func addGradient(
    _ effects: some SmallCount, _ carriers: some SmallCount, _ adjoint: UnsafePointer<Double>, _ weights: Lanes,
    _ logAdjoints: Lanes, _ mixed: UnsafeMutablePointer<Lanes>, _ gradient: UnsafeMutablePointer<Lanes>
  ) {
    let (q, c) = (effects.value, carriers.value)
    let (width, m, first) = (shape.width, shape.upperCount, shape.firstUpper)
    for a in 0..<m {
      for r in 0..<q {
        var sum = Lanes.zero
        for b in 0..<m { sum += adjoint[a * m + b] * solution[r * m + b] }
        mixed[r * m + a] = weights * sum
      }
    }
    for z in 0..<c {
      for r in 0..<q {
        var sum = Lanes.zero
        for k in 0..<q { sum += product[z * q + k] * inverse[k * q + r] }
        gradient[z * q + r] += logAdjoints * sum
      }
      for a in 0..<m {
        var residual = rows[z * width + first + a]
        for k in 0..<q { residual -= product[z * q + k] * solution[k * m + a] }
        for r in 0..<q { gradient[z * q + r] -= 2 * residual * mixed[r * m + a] }
      }
    }
  }
}
